#include "zfs/nvlist.h"

#include <algorithm>
#include <cstring>
#include <unordered_set>

namespace snapferry::zfs {
namespace {

constexpr std::size_t kMaxPairs = 4096;
constexpr int kMaxDepth = 4;
constexpr std::uint8_t kNative = 0;
constexpr std::uint8_t kLittleEndian = 1;
constexpr std::size_t kPairHeader = 16;  // before the name
constexpr std::size_t kEmbeddedHeader = 24;

std::size_t padded(std::size_t size) { return (size + 7) & ~std::size_t{7}; }

class NvlistParser {
 public:
  NvlistParser(ByteView packed, std::string_view subject) : reader_(packed, subject) {}

  std::vector<NvPair> parse() {
    if (reader_.u8() != kNative) reader_.fail("is a list in another encoding than the kernel's");
    if (reader_.u8() != kLittleEndian) reader_.fail("is a list of a big-endian machine");
    reader_.u16();
    if (reader_.u32() != 0) reader_.fail("is a list of another version");
    reader_.u32();
    auto pairs = list(0);
    reader_.expect_end();
    return pairs;
  }

 private:
  std::vector<NvPair> list(int depth) {
    if (depth > kMaxDepth) reader_.fail("has lists nested too deeply");
    std::vector<NvPair> pairs;
    std::unordered_set<std::string> names;
    while (const std::uint32_t size = reader_.u32()) {
      if (++count_ > kMaxPairs) reader_.fail("has too many pairs");
      auto next = pair(size, depth);
      // Of two libnvpair believes the later one.
      if (!names.insert(next.name).second) reader_.fail("has two pairs of one name");
      pairs.push_back(std::move(next));
    }
    return pairs;
  }

  NvPair pair(std::uint32_t size, int depth) {
    if (size < kPairHeader || size % 8 != 0) reader_.fail("has a pair of an impossible size");
    const std::size_t name_size = reader_.u16();
    reader_.u16();
    const std::uint32_t elements = reader_.u32();
    NvPair pair;
    pair.type = reader_.u32();
    const std::size_t value_at = padded(kPairHeader + name_size);
    if (name_size < 1 || value_at > size) reader_.fail("has a name longer than its pair");
    const auto name = as_text(reader_.raw(name_size));
    if (name.find('\0') != name_size - 1) reader_.fail("has a name that does not end");
    pair.name = name.substr(0, name_size - 1);
    reader_.raw(value_at - kPairHeader - name_size);
    value(pair, elements, reader_.raw(size - value_at), depth);
    return pair;
  }

  void value(NvPair& pair, std::uint32_t elements, ByteView bytes, int depth) {
    if (pair.is(NvPair::Type::Uint64)) {
      if (elements != 1 || bytes.size() != sizeof pair.number) reader_.fail("has no such number");
      std::memcpy(&pair.number, bytes.data(), sizeof pair.number);
    } else if (pair.is(NvPair::Type::String)) {
      const auto text = as_text(bytes);
      const auto end = text.find('\0');
      if (end == text.npos) reader_.fail("has a string that does not end");
      pair.text = text.substr(0, end);
    } else if (pair.is(NvPair::Type::Nvlist)) {
      if (bytes.size() != kEmbeddedHeader) reader_.fail("has a nested list without a header");
      pair.pairs = list(depth + 1);
    }
  }

  ByteReader reader_;
  std::size_t count_ = 0;
};

}  // namespace

std::vector<NvPair> parse_nvlist(ByteView packed, std::string_view subject) {
  return NvlistParser(packed, subject).parse();
}

const NvPair* find_pair(const std::vector<NvPair>& pairs, std::string_view name,
                        NvPair::Type type) {
  const auto found = std::find_if(pairs.begin(), pairs.end(), [&](const NvPair& pair) {
    return pair.name == name && pair.is(type);
  });
  return found == pairs.end() ? nullptr : &*found;
}

}  // namespace snapferry::zfs
