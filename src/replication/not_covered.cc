#include "replication/not_covered.h"

#include <algorithm>

#include "core/volume_pattern.h"

namespace snapferry::replication {
namespace {

std::string with_all_below(const std::string& pattern) {
  return pattern + (pattern.ends_with('/') ? "**" : "/**");
}

}  // namespace

std::vector<std::string> not_covered(Source& source, const std::vector<std::string>& texts) {
  std::vector<VolumePattern> patterns;
  std::vector<std::string> below;
  for (const auto& text : texts) {
    patterns.push_back(VolumePattern::parse(text));
    if (!patterns.back().is_recursive()) below.push_back(with_all_below(text));
  }
  std::vector<std::string> names;
  if (below.empty()) return names;
  for (const auto& volume : source.inventory(below)) {
    const bool covered = std::ranges::any_of(
        patterns, [&](const VolumePattern& pattern) { return pattern.matches(volume.name); });
    if (!covered && !volume.excluded) names.push_back(volume.name);
  }
  return names;
}

}  // namespace snapferry::replication
