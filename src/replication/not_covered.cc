#include "replication/not_covered.h"

#include <set>

#include "core/volume_pattern.h"

namespace snapferry::replication {
namespace {

std::string with_all_below(const std::string& pattern) {
  return pattern + (pattern.ends_with('/') ? "**" : "/**");
}

}  // namespace

std::vector<std::string> not_covered(Source& source, const std::vector<std::string>& patterns,
                                     const std::vector<VolumeState>& covered) {
  std::vector<std::string> below;
  for (const auto& text : patterns) {
    if (!VolumePattern::parse(text).is_recursive()) below.push_back(with_all_below(text));
  }
  std::vector<std::string> names;
  if (below.empty()) return names;
  std::set<Guid> known;  // and not names: two paths may lead to one volume
  for (const auto& volume : covered) known.insert(volume.guid);
  for (const auto& volume : source.inventory(below)) {
    if (!known.contains(volume.guid) && !volume.excluded) names.push_back(volume.name);
  }
  return names;
}

}  // namespace snapferry::replication
