#include "tree/glob.h"

#include <array>
#include <cctype>
#include <cstdint>
#include <utility>

namespace snapferry::tree {
namespace {

constexpr std::size_t kNone = std::string_view::npos;

// A character of UTF-8. A byte that is not part of one is a character of its own, equal to no
// other.
struct Character {
  std::int32_t code;
  std::size_t length;
};
constexpr std::int32_t kStrayByte = 0x110000;

bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }

Character character_at(std::string_view text, std::size_t at) {
  const auto first = static_cast<unsigned char>(text[at]);
  if (first < 0x80) return {first, 1};
  const Character stray{kStrayByte + first, 1};
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() - at < length) return stray;
  std::int32_t code = first & (0x7f >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if (!is_continuation(text[at + i])) return stray;
    code = code << 6 | (static_cast<unsigned char>(text[at + i]) & 0x3f);
  }
  // Longer than need be, a surrogate, or beyond the last.
  constexpr std::array<std::int32_t, 5> kFirstOfLength = {0, 0, 0x80, 0x800, 0x10000};
  if (code < kFirstOfLength[length] || (code >= 0xd800 && code < 0xe000) || code > 0x10ffff) {
    return stray;
  }
  return {code, length};
}

using ClassTest = int (*)(int);
constexpr std::array<std::pair<std::string_view, ClassTest>, 12> kClasses{{
    {"alnum", std::isalnum},
    {"alpha", std::isalpha},
    {"blank", std::isblank},
    {"cntrl", std::iscntrl},
    {"digit", std::isdigit},
    {"graph", std::isgraph},
    {"lower", std::islower},
    {"print", std::isprint},
    {"punct", std::ispunct},
    {"space", std::isspace},
    {"upper", std::isupper},
    {"xdigit", std::isxdigit},
}};

ClassTest find_class(std::string_view name) {
  for (const auto& [known, test] : kClasses) {
    if (known == name) return test;
  }
  return nullptr;
}

struct BracketMatch {
  bool matched = false;
  std::size_t end = kNone;     // behind the ']'; kNone if there is none
  bool unknown_class = false;  // "[:name:]" with a name that does not exist
};

// One "[…]" of a pattern, read against one character.
class Bracket {
 public:
  Bracket(std::string_view pattern, std::size_t open, std::int32_t code)
      : pattern_(pattern), at_(open + 1), code_(code) {}

  BracketMatch match() {
    const bool negated = at_ < pattern_.size() && (pattern_[at_] == '!' || pattern_[at_] == '^');
    if (negated) ++at_;
    for (bool first = true; at_ < pattern_.size(); first = false) {
      if (pattern_[at_] == ']' && !first) {
        result_.end = at_ + 1;
        result_.matched = (result_.matched != negated) && code_ != '/';
        return result_;
      }
      if (!read_member()) break;
    }
    return result_;
  }

 private:
  // False where the pattern ends inside.
  bool read_member() {
    if (pattern_[at_] == '[' && at_ + 1 < pattern_.size() && pattern_[at_ + 1] == ':') {
      if (read_class()) return true;
    }
    if (pattern_[at_] == '-' && previous_ >= 0 && at_ + 1 < pattern_.size() &&
        pattern_[at_ + 1] != ']') {
      ++at_;
      const std::int32_t last = read_character();
      if (last < 0) return false;
      if (code_ >= previous_ && code_ <= last) result_.matched = true;
      previous_ = -1;
      return true;
    }
    previous_ = read_character();
    if (previous_ == code_) result_.matched = true;
    return previous_ >= 0;
  }

  // "[:name:]"; without the ":]" a '[' stands for itself.
  bool read_class() {
    const std::size_t close = pattern_.find(']', at_ + 2);
    if (close == kNone || close < at_ + 3 || pattern_[close - 1] != ':') return false;
    const ClassTest test = find_class(pattern_.substr(at_ + 2, close - at_ - 3));
    if (test == nullptr) {
      result_.unknown_class = true;
    } else if (code_ < 0x80 && test(code_) != 0) {
      result_.matched = true;
    }
    at_ = close + 1;
    previous_ = -1;
    return true;
  }

  std::int32_t read_character() {
    if (pattern_[at_] == '\\' && ++at_ == pattern_.size()) return -1;
    const Character character = character_at(pattern_, at_);
    at_ += character.length;
    return character.code;
  }

  std::string_view pattern_;
  std::size_t at_;
  std::int32_t code_;
  std::int32_t previous_ = -1;  // what a '-' would start a range from
  BracketMatch result_;
};

// Matches whole `text` against whole `pattern`. Only the last "*" and the last "**"
// are ever tried again: what stood before them already matched as early as it could,
// and a later start leaves them no choice that an earlier one did not. So the time is
// a small power of the lengths, whatever the number of stars.
class Matcher {
 public:
  Matcher(std::string_view pattern, std::string_view text) : pattern_(pattern), text_(text) {}

  bool matches() {
    for (;;) {
      if (at_star()) {
        if (take_star()) return true;
      } else if (text_at_ == text_.size() && pattern_at_ == pattern_.size()) {
        return true;
      } else if (!take_next() && !retry()) {
        return false;
      }
    }
  }

 private:
  bool at_star() const { return pattern_at_ < pattern_.size() && pattern_[pattern_at_] == '*'; }

  // True if the rest matches whatever it is: "**" at the end.
  bool take_star() {
    const std::size_t begin = pattern_at_;
    std::size_t end = pattern_.find_first_not_of('*', begin);
    if (end == kNone) end = pattern_.size();
    const bool any_depth = end - begin >= 2 && (begin == 0 || pattern_[begin - 1] == '/') &&
                           (end == pattern_.size() || pattern_[end] == '/');
    if (!any_depth) {
      star_pattern_ = pattern_at_ = end;
      star_text_ = text_at_;
      return false;
    }
    if (end == pattern_.size()) return true;
    deep_pattern_ = pattern_at_ = end + 1;
    deep_text_ = text_at_;
    star_pattern_ = kNone;
    return false;
  }

  bool take_next() {
    if (text_at_ == text_.size() || pattern_at_ == pattern_.size()) return false;
    const char byte = text_[text_at_];
    std::size_t next = pattern_at_ + 1;
    std::size_t length = 1;
    bool same = false;
    switch (pattern_[pattern_at_]) {
      case '?':
        same = byte != '/';
        length = character_at(text_, text_at_).length;
        break;
      case '[': {
        const Character character = character_at(text_, text_at_);
        const BracketMatch bracket = Bracket(pattern_, pattern_at_, character.code).match();
        length = character.length;
        same = bracket.matched;
        next = bracket.end;
        break;
      }
      case '\\':
        same = pattern_[next] == byte;
        ++next;
        break;
      default:
        same = pattern_[pattern_at_] == byte;
    }
    if (!same) return false;
    pattern_at_ = next;
    text_at_ += length;
    return true;
  }

  bool retry() {
    if (star_pattern_ != kNone && star_text_ < text_.size() && text_[star_text_] != '/') {
      text_at_ = star_text_ += character_at(text_, star_text_).length;
      pattern_at_ = star_pattern_;
      return true;
    }
    if (deep_pattern_ == kNone) return false;
    const std::size_t slash = text_.find('/', deep_text_);
    if (slash == kNone) return false;
    text_at_ = deep_text_ = slash + 1;
    pattern_at_ = deep_pattern_;
    star_pattern_ = kNone;
    return true;
  }

  std::string_view pattern_;
  std::string_view text_;
  std::size_t pattern_at_ = 0;
  std::size_t text_at_ = 0;
  std::size_t star_pattern_ = kNone;  // behind the last "*"
  std::size_t star_text_ = 0;         // where the text behind it begins
  std::size_t deep_pattern_ = kNone;  // the same of the last "**/"
  std::size_t deep_text_ = 0;
};

}  // namespace

bool glob_matches(std::string_view pattern, std::string_view text) {
  return Matcher(pattern, text).matches();
}

std::string_view why_no_glob(std::string_view pattern) {
  if (pattern.find('\0') != kNone) return "holds a NUL byte, which no path can";
  for (std::size_t i = 0; i < pattern.size();) {
    if (pattern[i] == '\\') {
      if (i + 1 == pattern.size()) {
        return "ends in a backslash that quotes nothing; write \"\\\\\" for a backslash";
      }
      i += 2;
    } else if (pattern[i] == '[') {
      const BracketMatch bracket = Bracket(pattern, i, 0).match();
      if (bracket.end == kNone) {
        return "has a \"[\" without \"]\"; write \"\\[\" for a bracket itself";
      }
      if (bracket.unknown_class) {
        return "has an unknown class in \"[:…:]\"; known are alpha, digit, alnum, …";
      }
      i = bracket.end;
    } else {
      ++i;
    }
  }
  return {};
}

}  // namespace snapferry::tree
