#include "zfs/pool_features.h"

#include <set>

#include "core/error.h"

namespace snapferry::zfs {
namespace {

constexpr std::string_view kFeature = "feature@";

// Those that are enabled or in use, without the prefix.
std::set<std::string_view> enabled_features(std::string_view text) {
  std::set<std::string_view> enabled;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const auto tab = line.find('\t');
    if (!line.starts_with(kFeature) || tab == line.npos) continue;
    const auto value = line.substr(tab + 1);
    if (value != "enabled" && value != "active") continue;
    enabled.insert(line.substr(kFeature.size(), tab - kFeature.size()));
  }
  return enabled;
}

}  // namespace

StreamFeatures without_missing(StreamFeatures features, std::string_view text) {
  if (text.find(kFeature) == text.npos) return features;
  const auto enabled = enabled_features(text);
  const auto has = [&](std::string_view name) { return enabled.contains(name); };
  features.large_blocks &= has("large_blocks");
  features.embedded &= has("embedded_data");
  // What is compressed with zstd can only be kept so by a pool that knows it.
  features.compressed &= has("lz4_compress") && has("zstd_compress");
  features.raw &= has("encryption");
  return features;
}

StreamFeatures receivable(platform::Commands& commands, const std::string& pool,
                          const StreamFeatures& features) {
  try {
    const auto output =
        commands.run({"zpool", "get", "-H", "-o", "property,value", "all", pool}, {}, 1u << 20);
    return output.exit.ok() ? without_missing(features, output.text) : features;
  } catch (const Error&) {
    return features;
  }
}

std::string names_of(const StreamFeatures& features) {
  if (features.raw) return "encrypted blocks as they are (-w)";
  std::string names;
  const auto add = [&](bool used, std::string_view name) {
    if (used) names.append(names.empty() ? "" : ", ").append(name);
  };
  add(features.large_blocks, "large blocks (-L)");
  add(features.embedded, "embedded data (-e)");
  add(features.compressed, "compressed blocks (-c)");
  return names.empty() ? "no feature of its own" : names;
}

}  // namespace snapferry::zfs
