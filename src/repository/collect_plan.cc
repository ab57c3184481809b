#include "repository/collect_plan.h"

#include <array>

namespace snapferry::repository {
namespace {

constexpr std::uint64_t kSmall = kPackTarget / 4;
constexpr std::size_t kManySmall = 16;

std::size_t slot(PackContent content) { return static_cast<std::size_t>(content) - 1; }

bool is_small(const PackUse& pack) {
  return !pack.condemned && pack.used > 0 && pack.used + pack.unused < kSmall;
}

}  // namespace

std::vector<PackDecision> plan_collect(const std::vector<PackUse>& packs, double max_unused) {
  std::array<std::size_t, 2> small{};
  for (const PackUse& pack : packs) {
    if (is_small(pack)) ++small[slot(pack.content)];
  }
  std::vector<PackDecision> decisions;
  decisions.reserve(packs.size());
  for (const PackUse& pack : packs) {
    const auto total = static_cast<double>(pack.used + pack.unused);
    if (pack.used == 0) {
      decisions.push_back(PackDecision::Remove);
    } else if (pack.condemned || static_cast<double>(pack.unused) > max_unused * total ||
               (is_small(pack) && small[slot(pack.content)] >= kManySmall)) {
      decisions.push_back(PackDecision::Rewrite);
    } else {
      decisions.push_back(PackDecision::Keep);
    }
  }
  return decisions;
}

}  // namespace snapferry::repository
