#include "tree/exclude.h"

#include <array>
#include <cctype>
#include <utility>

#include "core/error.h"
#include "platform/fd.h"

namespace snapferry::tree {
namespace {

constexpr std::size_t kNone = std::string_view::npos;
constexpr std::size_t kMaxExcludeFileSize = 16u << 20;

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

// One "[…]" of a pattern, read against one byte.
class Bracket {
 public:
  Bracket(std::string_view pattern, std::size_t open, unsigned char byte)
      : pattern_(pattern), at_(open + 1), byte_(byte) {}

  BracketMatch match() {
    const bool negated = at_ < pattern_.size() && (pattern_[at_] == '!' || pattern_[at_] == '^');
    if (negated) ++at_;
    for (bool first = true; at_ < pattern_.size(); first = false) {
      if (pattern_[at_] == ']' && !first) {
        result_.end = at_ + 1;
        result_.matched = (result_.matched != negated) && byte_ != '/';
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
      const int last = read_byte();
      if (last < 0) return false;
      if (byte_ >= previous_ && byte_ <= last) result_.matched = true;
      previous_ = -1;
      return true;
    }
    previous_ = read_byte();
    if (previous_ == byte_) result_.matched = true;
    return previous_ >= 0;
  }

  // "[:name:]"; without the ":]" a '[' stands for itself.
  bool read_class() {
    const std::size_t close = pattern_.find(']', at_ + 2);
    if (close == kNone || close < at_ + 3 || pattern_[close - 1] != ':') return false;
    const ClassTest test = find_class(pattern_.substr(at_ + 2, close - at_ - 3));
    if (test == nullptr) {
      result_.unknown_class = true;
    } else if (test(byte_) != 0) {
      result_.matched = true;
    }
    at_ = close + 1;
    previous_ = -1;
    return true;
  }

  int read_byte() {
    if (pattern_[at_] == '\\' && ++at_ == pattern_.size()) return -1;
    return static_cast<unsigned char>(pattern_[at_++]);
  }

  std::string_view pattern_;
  std::size_t at_;
  int byte_;
  int previous_ = -1;  // the byte that a '-' would start a range from
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
      } else if (!take_byte() && !retry()) {
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

  bool take_byte() {
    if (text_at_ == text_.size() || pattern_at_ == pattern_.size()) return false;
    const auto byte = static_cast<unsigned char>(text_[text_at_]);
    std::size_t next = pattern_at_ + 1;
    bool same = false;
    switch (pattern_[pattern_at_]) {
      case '?':
        same = byte != '/';
        break;
      case '[': {
        const BracketMatch bracket = Bracket(pattern_, pattern_at_, byte).match();
        same = bracket.matched;
        next = bracket.end;
        break;
      }
      case '\\':
        same = static_cast<unsigned char>(pattern_[next]) == byte;
        ++next;
        break;
      default:
        same = static_cast<unsigned char>(pattern_[pattern_at_]) == byte;
    }
    if (!same) return false;
    pattern_at_ = next;
    ++text_at_;
    return true;
  }

  bool retry() {
    if (star_pattern_ != kNone && star_text_ < text_.size() && text_[star_text_] != '/') {
      text_at_ = ++star_text_;
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

// Trailing spaces do not count unless quoted.
std::string_view without_trailing_spaces(std::string_view line) {
  std::size_t end = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == ' ') continue;
    if (line[i] == '\\' && i + 1 < line.size()) ++i;
    end = i + 1;
  }
  return line.substr(0, end);
}

[[noreturn]] void refuse(std::string_view pattern, std::string_view cause) {
  throw Error(ErrorKind::InvalidArgument,
              "exclude pattern \"" + std::string(pattern) + "\": " + std::string(cause));
}

// Throws unless Matcher can read `pattern` to its end; `given` is for the message.
void check_pattern(std::string_view pattern, std::string_view given) {
  if (pattern.empty()) refuse(given, "names nothing; leave it out");
  if (pattern.find('\0') != kNone) refuse(given, "holds a NUL byte, which no path can");
  for (std::size_t i = 0; i < pattern.size();) {
    if (pattern[i] == '\\') {
      if (i + 1 == pattern.size()) {
        refuse(given, "ends in a backslash that quotes nothing; write \"\\\\\" for a backslash");
      }
      i += 2;
    } else if (pattern[i] == '[') {
      const BracketMatch bracket = Bracket(pattern, i, 0).match();
      if (bracket.end == kNone) {
        refuse(given, "has a \"[\" without \"]\"; write \"\\[\" for a bracket itself");
      }
      if (bracket.unknown_class) {
        refuse(given, "has an unknown class in \"[:…:]\"; known are alpha, digit, alnum, …");
      }
      i = bracket.end;
    } else {
      ++i;
    }
  }
}

}  // namespace

ExcludeRules::ExcludeRules(const std::vector<std::string>& patterns) {
  for (const std::string& given : patterns) {
    std::string_view pattern = without_trailing_spaces(given);
    if (pattern.empty() || pattern.front() == '#') continue;
    Rule rule;
    if (pattern.front() == '!') {
      rule.negated = true;
      pattern.remove_prefix(1);
    }
    if (!pattern.empty() && pattern.back() == '/') {
      rule.directories_only = true;
      pattern.remove_suffix(1);
    }
    rule.anchored = pattern.find('/') != kNone;
    if (!pattern.empty() && pattern.front() == '/') pattern.remove_prefix(1);
    check_pattern(pattern, given);
    rule.pattern = pattern;
    rules_.push_back(std::move(rule));
  }
}

bool ExcludeRules::excludes(std::string_view path, bool is_directory) const {
  const std::size_t slash = path.rfind('/');
  const std::string_view name = slash == kNone ? path : path.substr(slash + 1);
  for (auto rule = rules_.rbegin(); rule != rules_.rend(); ++rule) {
    if (rule->directories_only && !is_directory) continue;
    if (Matcher(rule->pattern, rule->anchored ? path : name).matches()) return !rule->negated;
  }
  return false;
}

std::vector<std::string> read_exclude_file(const std::string& path) {
  const Bytes bytes = platform::read_file(path, kMaxExcludeFileSize);
  std::string_view rest = as_text(bytes);
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (rest.starts_with(kByteOrderMark)) rest.remove_prefix(kByteOrderMark.size());
  std::vector<std::string> lines;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest = end == kNone ? std::string_view() : rest.substr(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.emplace_back(line);
  }
  return lines;
}

}  // namespace snapferry::tree
