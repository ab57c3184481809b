#include "cli/trial.h"

#include <fmt/format.h>

#include "cli/format.h"
#include "core/error.h"

namespace snapferry::cli {
namespace {

using wire::Finding;
using wire::Verdict;

constexpr const char* kSource = "volumes";
constexpr const char* kStore = "store";
constexpr const char* kTarget = "target";
constexpr std::size_t kMostNamed = 20;

template <typename Work>
std::vector<Finding> findings_of(const char* topic, const Work& work) {
  try {
    return work();
  } catch (const Error& error) {
    return {{topic, Verdict::Missing, error.message()}};
  }
}

std::vector<std::string> names_of(const std::vector<VolumeState>& volumes) {
  std::vector<std::string> names;
  for (const auto& volume : volumes) {
    if (!volume.excluded) names.push_back(volume.name);
  }
  return names;
}

}  // namespace

std::vector<Finding> try_source(stores::Endpoints& endpoints, Source& source,
                                const std::string& pattern) {
  return findings_of(kSource, [&]() -> std::vector<Finding> {
    const auto names = names_of(source.inventory({pattern}));
    if (names.empty()) {
      return {{kSource, Verdict::Warning,
               pattern + ": covers no volume now; check the pattern, or mount what it means"}};
    }
    std::vector<Finding> findings;
    const auto kind = native_kind_of(pattern).value();
    for (auto& failure : endpoints.rehearse_freeze(kind, names)) {
      if (findings.size() == kMostNamed) break;
      findings.push_back({kSource, Verdict::Missing, failure.volume + ": " + failure.message});
    }
    if (!findings.empty()) return findings;
    return {
        {kSource, Verdict::Good,
         fmt::format("{}: {} to back up", pattern, counted(names.size(), "volume", "volumes"))}};
  });
}

std::vector<Finding> try_store(Store& store, const std::string& host) {
  return findings_of(kStore, [&]() -> std::vector<Finding> {
    const auto identity = store.identity();
    const auto replicas = store.inventory(host);
    return {{kStore, Verdict::Good,
             fmt::format("{}: with the identity {} and {}{}", store.name(), identity,
                         counted(replicas.size(), "volume", "volumes"),
                         host.empty() ? "" : " of " + host)}};
  });
}

std::vector<Finding> try_target(VolumeTarget& target, const std::string& volume) {
  return findings_of(kTarget, [&]() -> std::vector<Finding> {
    target.require_free(volume);
    return {{kTarget, Verdict::Good, volume + ": nothing is there; it can be restored to"}};
  });
}

}  // namespace snapferry::cli
