#include "core/volume_pattern.h"

#include <algorithm>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/volume_kind.h"

namespace snapferry {
namespace {

constexpr std::string_view kRecursive = "**";

[[noreturn]] void refuse_pattern(std::string_view text, std::string_view cause) {
  throw Error(ErrorKind::InvalidArgument,
              std::string(text) + ": " + std::string(cause) +
                  "; give a volume such as zfs:tank/home, zfs:tank/** or btrfs:/home");
}

bool holds_wildcard(std::string_view part) { return part.find_first_of("*?") != part.npos; }

// Matches one part against a pattern with '*' and '?'; linear with one point to return to.
bool part_matches(std::string_view pattern, std::string_view part) {
  std::size_t p = 0, t = 0;
  std::size_t star = std::string_view::npos, star_text = 0;
  while (t < part.size()) {
    if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == part[t]) && pattern[p] != '*') {
      ++p, ++t;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_text = t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

// Takes the first part off `rest`, and the slash behind it.
std::string_view take_part(std::string_view& rest) {
  const auto slash = rest.find('/');
  const auto part = rest.substr(0, slash);
  rest = slash == rest.npos ? std::string_view() : rest.substr(slash + 1);
  return part;
}

// `name` against a pattern without a recursive end, part by part; true also where `name` goes on
// below if `open_end`.
bool parts_match(std::string_view pattern, std::string_view name, bool open_end) {
  while (!pattern.empty()) {
    if (name.empty()) return false;
    if (!part_matches(take_part(pattern), take_part(name))) return false;
  }
  return open_end || name.empty();
}

// The parts that stand before "**", of a name with or without a slash at its beginning.
struct Parts {
  bool rooted = false;
  bool open_end = false;
  std::vector<std::string_view> parts;
};

Parts parts_of(std::string_view name) {
  Parts result;
  result.rooted = name.starts_with('/');
  if (result.rooted) name.remove_prefix(1);
  while (!name.empty()) {
    const auto part = take_part(name);
    if (part == kRecursive) {
      result.open_end = true;
    } else {
      result.parts.push_back(part);
    }
  }
  return result;
}

// Whether every part that `narrow` matches, `wide` does: its wildcards are bytes of which '*' is
// matched by '*' alone, and '?' by either.
bool part_covers(std::string_view wide, std::string_view narrow) {
  if (narrow.find('*') != narrow.npos && wide.find('?') != wide.npos) return wide == narrow;
  return part_matches(wide, narrow);
}

}  // namespace

std::string_view VolumePattern::kind() const { return split_local_name(text_).kind; }

VolumePattern VolumePattern::parse(std::string_view text) {
  const auto [kind, name] = split_local_name(text);
  if (kind.empty() || kind.size() == text.size()) refuse_pattern(text, "names no kind of volume");
  if (name.empty()) refuse_pattern(text, "names no volume");
  if (name.size() > 1 && name.back() == '/') refuse_pattern(text, "ends in a slash");
  std::string_view rest = name.front() == '/' ? name.substr(1) : name;
  while (!rest.empty()) {
    const bool last = rest.find('/') == rest.npos;
    const auto part = take_part(rest);
    if (part.empty()) refuse_pattern(text, "has an empty part");
    if (part == "..") refuse_pattern(text, "has a part '..'");
    if (part.find(kRecursive) != part.npos && (!last || part != kRecursive)) {
      refuse_pattern(text, "has '**' elsewhere than alone at the end");
    }
  }
  VolumePattern pattern;
  pattern.text_ = text;
  return pattern;
}

bool VolumePattern::is_recursive() const {
  return text_.ends_with("/**") || text_.ends_with(":**");
}

bool VolumePattern::has_wildcards() const { return holds_wildcard(text_); }

bool VolumePattern::matches(std::string_view volume) const {
  auto [volume_kind, name] = split_local_name(volume);
  auto [own_kind, pattern] = split_local_name(text_);
  if (volume_kind != own_kind || volume_kind.size() == volume.size()) return false;
  if (name == pattern && !has_wildcards()) return true;
  if (pattern == kRecursive) return !name.empty();
  const bool recursive = is_recursive();
  if (recursive) pattern.remove_suffix(kRecursive.size() + 1);
  const bool rooted = !pattern.empty() && pattern.front() == '/';
  if (rooted || pattern.empty()) {
    // A pattern of paths: "/**" leaves nothing before the slash.
    if (name.empty() || name.front() != '/') return false;
    name.remove_prefix(1);
    if (rooted) pattern.remove_prefix(1);
    if (pattern.empty()) return recursive || name.empty();
  }
  return parts_match(pattern, name, recursive);
}

bool VolumePattern::covers(const VolumePattern& other) const {
  if (kind() != other.kind()) return false;
  const auto name = split_local_name(text_).name;
  const Parts wide = parts_of(name);
  const Parts narrow = parts_of(split_local_name(other.text_).name);
  if (name == kRecursive) return true;
  if (wide.rooted != narrow.rooted || (narrow.open_end && !wide.open_end)) return false;
  const bool same_length = narrow.parts.size() == wide.parts.size();
  if (narrow.parts.size() < wide.parts.size() || (!wide.open_end && !same_length)) return false;
  return std::equal(wide.parts.begin(), wide.parts.end(), narrow.parts.begin(), part_covers);
}

std::string VolumePattern::literal_prefix() const {
  std::string_view name = split_local_name(text_).name;
  const auto wildcard = name.find_first_of("*?");
  if (wildcard == name.npos) return std::string(name);
  const auto slash = name.substr(0, wildcard).rfind('/');
  if (slash == name.npos) return "";
  return std::string(slash == 0 ? "/" : name.substr(0, slash));
}

}  // namespace snapferry
