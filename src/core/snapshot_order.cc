#include "core/snapshot_order.h"

#include <algorithm>
#include <array>
#include <compare>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <tuple>
#include <utility>

#include "core/clock_slack.h"

namespace snapferry {
namespace {

// How much speaks for a chain of times: witnesses, then those among them that are the storage's.
struct Weight {
  std::uint64_t witnesses = 0;
  std::uint64_t of_storage = 0;
  auto operator<=>(const Weight&) const = default;
};

struct Testimony {
  Timestamp time;
  Weight weight;
};

bool agree(Timestamp one, Timestamp two) {
  const auto difference =
      static_cast<std::uint64_t>(one.seconds) - static_cast<std::uint64_t>(two.seconds);
  return difference + kClockSlack <= 2 * kClockSlack;
}

// Two that agree say more than two that do not.
std::vector<Testimony> testimonies_of(const Snapshot& snapshot) {
  if (snapshot.time == Timestamp{}) {
    if (snapshot.seen == Timestamp{}) return {};
    return {{snapshot.seen, {1, 1}}};
  }
  if (snapshot.seen == Timestamp{}) return {{snapshot.time, {1, 0}}};
  if (agree(snapshot.seen, snapshot.time)) return {{snapshot.seen, {3, 1}}};
  return {{snapshot.seen, {1, 1}}, {snapshot.time, {1, 0}}};
}

using Believed = std::vector<std::optional<Timestamp>>;

// The heaviest of all chains of times, at most one for each snapshot, that never go back.
class ChainFinder {
 public:
  void add(std::size_t snapshot, std::span<const Testimony> testimonies) {
    // What one snapshot says cannot lead to what it says otherwise.
    std::vector<Link> links;
    for (const Testimony& testimony : testimonies) links.push_back(link(snapshot, testimony));
    for (const Link& made : links) keep(made);
  }

  Believed believed(std::size_t snapshots) const {
    Believed times(snapshots);
    if (ends_.empty()) return times;
    for (std::size_t i = ends_.rbegin()->second; i != kNone; i = links_[i].before)
      times[links_[i].snapshot] = links_[i].time;
    return times;
  }

 private:
  static constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();
  struct Link {
    std::size_t snapshot;
    Timestamp time;
    Weight weight;  // of the whole chain up to here
    std::size_t before;
  };

  Link link(std::size_t snapshot, const Testimony& testimony) const {
    Link made{snapshot, testimony.time, testimony.weight, kNone};
    const auto after = ends_.upper_bound(testimony.time);
    if (after == ends_.begin()) return made;
    made.before = std::prev(after)->second;
    made.weight.witnesses += links_[made.before].weight.witnesses;
    made.weight.of_storage += links_[made.before].weight.of_storage;
    return made;
  }

  // Chains that end later and weigh no more are of no use to any that follows.
  void keep(const Link& made) {
    const auto after = ends_.upper_bound(made.time);
    if (after != ends_.begin() && links_[std::prev(after)->second].weight > made.weight) return;
    auto at = ends_.lower_bound(made.time);
    while (at != ends_.end() && links_[at->second].weight <= made.weight) at = ends_.erase(at);
    links_.push_back(made);
    ends_[made.time] = links_.size() - 1;
  }

  std::vector<Link> links_;
  std::map<Timestamp, std::size_t> ends_;  // the best chain that ends then; weights ascend
};

Believed find_chain(const std::vector<const Snapshot*>& chain, std::optional<Timestamp> now) {
  ChainFinder finder;
  for (std::size_t i = 0; i < chain.size(); ++i) {
    auto testimonies = testimonies_of(*chain[i]);
    if (now) {
      std::erase_if(testimonies, [&](const Testimony& testimony) {
        return testimony.time > *now && !agree(testimony.time, *now);
      });
    }
    finder.add(i, testimonies);
  }
  return finder.believed(chain.size());
}

// From the next one that is known, or the one before; 0 where none is.
std::vector<Timestamp> fill(const Believed& believed) {
  std::vector<Timestamp> times(believed.size());
  Timestamp known;
  for (const auto& time : believed) known = time.value_or(known);
  for (std::size_t i = believed.size(); i-- > 0;) {
    if (believed[i]) known = *believed[i];
    times[i] = known;
  }
  return times;
}

// Somebody says nearly that; nobody has to have said it to the second.
bool is_vouched_for(const Snapshot& snapshot, Timestamp time) {
  return std::ranges::any_of(testimonies_of(snapshot), [&](const Testimony& testimony) {
    return agree(testimony.time, time);
  });
}

}  // namespace

bool is_older(const Snapshot& one, const Snapshot& two) {
  return std::tie(one.sequence, one.time, one.id) < std::tie(two.sequence, two.time, two.id);
}

std::vector<EffectiveTime> effective_times_of_chain(const std::vector<const Snapshot*>& chain,
                                                    Timestamp now) {
  if (chain.empty()) return {};
  Believed believed = find_chain(chain, now);
  if (!believed.back()) believed = find_chain(chain, std::nullopt);
  const auto times = fill(believed);
  std::vector<EffectiveTime> effective;
  effective.reserve(chain.size());
  for (std::size_t i = 0; i < chain.size(); ++i) {
    effective.push_back({times[i], is_vouched_for(*chain[i], times[i])});
  }
  return effective;
}

std::vector<EffectiveTime> effective_times(const std::vector<Snapshot>& oldest_first,
                                           Timestamp now) {
  std::map<std::pair<VolumeName, std::string>, std::vector<std::size_t>> chains;
  for (std::size_t i = 0; i < oldest_first.size(); ++i)
    chains[{oldest_first[i].volume, oldest_first[i].set}].push_back(i);
  std::vector<EffectiveTime> times(oldest_first.size());
  for (const auto& [name, places] : chains) {
    std::vector<const Snapshot*> chain;
    for (const std::size_t place : places) chain.push_back(&oldest_first[place]);
    const auto found = effective_times_of_chain(chain, now);
    for (std::size_t i = 0; i < places.size(); ++i) times[places[i]] = found[i];
  }
  return times;
}

}  // namespace snapferry
