#include "bench/content.h"

#include <array>
#include <cstring>
#include <string_view>
#include <vector>

namespace snapferry::bench {
namespace {

constexpr std::size_t kWords = 8192;
constexpr std::size_t kLongestWord = 12;

struct Word {
  std::array<char, kLongestWord> letters{};
  std::uint8_t length = 0;
};

std::vector<Word> make_vocabulary() {
  constexpr std::string_view kConsonants = "bcdfghklmnprstvwz";
  constexpr std::string_view kVowels = "aeiou";
  Random random(20260101);
  std::vector<Word> words(kWords);
  for (Word& word : words) {
    word.length = static_cast<std::uint8_t>(2 + random.below(kLongestWord - 1));
    for (std::size_t i = 0; i < word.length; i++) {
      const std::string_view letters = i % 2 == 0 ? kConsonants : kVowels;
      word.letters[i] = letters[random.below(letters.size())];
    }
  }
  return words;
}

// Few words are frequent and many are rare, as in any text.
const Word& pick_word(Random& random) {
  static const std::vector<Word> vocabulary = make_vocabulary();
  const double rank = random.unit();
  return vocabulary[static_cast<std::size_t>(rank * rank * rank * kWords)];
}

// How a kind of text looks.
struct Style {
  std::string_view separators;  // one of these after each token
  double number_share;          // of tokens
  std::uint64_t line_tokens;    // at most
  std::uint64_t indentation;    // at most this many times two spaces
  bool timestamps;
};

Style style_of(Kind kind) {
  switch (kind) {
    case Kind::Code:
      return {"  ..(),;=", 0.08, 9, 6, false};
    case Kind::Log:
      return {"  =:", 0.35, 10, 0, true};
    default:
      return {"          ,.", 0.02, 14, 0, false};
  }
}

// Appends to a buffer of fixed size and drops what does not fit.
class TextWriter {
 public:
  explicit TextWriter(std::size_t size) { bytes_.reserve(size + 64), size_ = size; }

  bool full() const { return bytes_.size() >= size_; }
  void put(std::string_view text) { bytes_.insert(bytes_.end(), text.begin(), text.end()); }
  void put(const Word& word) { put(std::string_view(word.letters.data(), word.length)); }
  void put(char letter) { bytes_.push_back(static_cast<std::uint8_t>(letter)); }
  Bytes take() {
    bytes_.resize(size_);
    return std::move(bytes_);
  }

 private:
  Bytes bytes_;
  std::size_t size_;
};

void put_line(TextWriter& out, const Style& style, std::uint64_t& clock, Random& random) {
  if (style.timestamps) {
    clock += random.below(5000);
    out.put("2026-01-" + std::to_string(10 + clock / 86400000 % 20) + "T" +
            std::to_string(clock % 86400000) + " ");
  }
  for (std::uint64_t i = random.below(style.indentation + 1); i > 0; i--) out.put("  ");
  for (std::uint64_t i = 1 + random.below(style.line_tokens); i > 0; i--) {
    if (random.chance(style.number_share)) {
      out.put(std::to_string(random.next() >> (32 + random.below(32))));
    } else {
      out.put(pick_word(random));
    }
    out.put(style.separators[random.below(style.separators.size())]);
  }
  out.put('\n');
}

Bytes make_text(Kind kind, Random random, std::size_t size) {
  const Style style = style_of(kind);
  std::uint64_t clock = random.below(86400000);
  TextWriter out(size);
  while (!out.full()) put_line(out, style, clock, random);
  return out.take();
}

// Records of 32 bytes: a counter, a time that advances, a small number and a tag of
// which few exist, as in databases and file system metadata.
Bytes make_records(Random random, std::size_t size) {
  Bytes bytes;
  bytes.reserve(size + 32);
  ByteWriter out(bytes);
  std::uint64_t counter = random.below(1u << 30);
  std::uint64_t time = random.next() >> 20;
  while (bytes.size() < size) {
    time += random.below(1000);
    out.u64(counter++);
    out.u64(time);
    out.u64(random.below(4096));
    out.u64(mix(random.below(64)));
  }
  bytes.resize(size);
  return bytes;
}

Bytes make_incompressible(Random random, std::size_t size) {
  Bytes bytes(size);
  std::size_t done = 0;
  for (; done + 8 <= size; done += 8) {
    const std::uint64_t value = random.next();
    std::memcpy(bytes.data() + done, &value, sizeof value);
  }
  for (; done < size; done++) bytes[done] = static_cast<std::uint8_t>(random.next());
  return bytes;
}

}  // namespace

Kind compressible_kind(Random& random) {
  constexpr std::array kKinds = {Kind::Prose, Kind::Code, Kind::Code, Kind::Log, Kind::Records};
  return kKinds[random.below(kKinds.size())];
}

const char* extension(Kind kind) {
  switch (kind) {
    case Kind::Prose:
      return ".txt";
    case Kind::Code:
      return ".cc";
    case Kind::Log:
      return ".log";
    case Kind::Records:
      return ".db";
    case Kind::Incompressible:
      return ".jpg";
  }
  return "";
}

std::string word(Random& random) {
  const Word& word = pick_word(random);
  return {word.letters.data(), word.length};
}

Bytes make_content(Kind kind, std::uint64_t seed, std::size_t size) {
  const Random random(seed);
  switch (kind) {
    case Kind::Records:
      return make_records(random, size);
    case Kind::Incompressible:
      return make_incompressible(random, size);
    default:
      return make_text(kind, random, size);
  }
}

}  // namespace snapferry::bench
