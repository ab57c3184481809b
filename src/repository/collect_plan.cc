#include "repository/collect_plan.h"

#include <algorithm>
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
    } else if (pack.condemned || pack.damaged ||
               static_cast<double>(pack.unused) > max_unused * total ||
               (is_small(pack) && small[slot(pack.content)] >= kManySmall)) {
      decisions.push_back(PackDecision::Rewrite);
    } else {
      decisions.push_back(PackDecision::Keep);
    }
  }
  return decisions;
}

std::vector<std::vector<PackUse>> plan_batches(std::vector<PackUse> packs, std::uint64_t most) {
  // a.unused / a.used > b.unused / b.used, without dividing.
  std::ranges::stable_sort(packs, [](const PackUse& a, const PackUse& b) {
    return static_cast<double>(a.unused) * static_cast<double>(b.used) >
           static_cast<double>(b.unused) * static_cast<double>(a.used);
  });
  std::vector<std::vector<PackUse>> batches;
  std::uint64_t bytes = 0;
  for (const PackUse& pack : packs) {
    if (batches.empty() || bytes + pack.used > most) {
      batches.emplace_back();
      bytes = 0;
    }
    bytes += pack.used;
    batches.back().push_back(pack);
  }
  return batches;
}

bool may_remove(std::size_t other_claims, bool own_claim_is_intact,
                const std::vector<ObjectId>& seen, const std::vector<ObjectId>& listed) {
  return other_claims == 0 && own_claim_is_intact && std::ranges::includes(seen, listed);
}

}  // namespace snapferry::repository
