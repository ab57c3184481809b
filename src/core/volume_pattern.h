#pragma once

#include <string>
#include <string_view>

namespace snapferry {

// Which volumes a word means: "KIND:NAME", where a part of NAME (between slashes) may hold '*'
// (any bytes but '/') and '?', and NAME may end in "/**": the volume before it and all below.
// "**" alone in place of NAME is every volume of the kind. Everything else is taken literally;
// there is no escape, because neither '*' nor '?' can be in a name of ZFS.
class VolumePattern {
 public:
  // Throws InvalidArgument: no kind, an empty name or part, "..", or "**" elsewhere than at
  // the end.
  static VolumePattern parse(std::string_view text);

  // `volume` as in VolumeState::name.
  bool matches(std::string_view volume) const;

  // Whether it matches whatever `other` matches; false in doubt.
  bool covers(const VolumePattern& other) const;

  const std::string& text() const { return text_; }
  std::string_view kind() const;  // "zfs"
  bool has_wildcards() const;
  bool is_recursive() const;  // ends in "**"
  // NAME up to the first part with a wildcard, without the slash behind it: where a listing
  // must begin. "tank" of "zfs:tank/*/data"; "" of "zfs:**"; "/" of "btrfs:/*".
  std::string literal_prefix() const;

 private:
  std::string text_;
};

}  // namespace snapferry
