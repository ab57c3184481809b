#include "simplesnap/chain.h"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "replication/snapshot_name.h"

namespace snapferry::simplesnap {
namespace {

using State = Delivery::State;

Link link(std::uint64_t order, Delivery delivery = {}, PointKind kind = PointKind::Snapshot) {
  Link result;
  result.point.kind = kind;
  result.point.name = replication::simplesnap_name("s", static_cast<std::int64_t>(order));
  result.point.guid = Guid::from_number(order);
  result.point.order = order;
  result.delivery = delivery;
  return result;
}

Delivery sending(std::uint32_t attempt, bool full) { return {State::Sending, attempt, full}; }
Delivery sent(std::uint32_t attempt, bool full) { return {State::Sent, attempt, full}; }

// The base's order; 0: everything.
std::uint64_t base_of(const std::vector<Link>& chain) {
  const auto next = next_send(chain);
  return next.base ? next.base->order : 0;
}

TEST(Delivery, IsReadAsItWasWritten) {
  for (const auto& delivery :
       {Delivery{}, Delivery{State::Arrived, 0, false}, sending(1, true), sent(17, false)})
    EXPECT_EQ(Delivery::parse(delivery.text()), delivery) << delivery.text();
  for (const auto* text : {"-", "sent", "sent 1", "sent x full", "sent 1 half", "sent 1 full ",
                           "arrived 1", "sent -1 full", "sent 99999999999 full"})
    EXPECT_EQ(Delivery::parse(text), Delivery{}) << text;
}

TEST(Chain, HoldsTheSetsOwnLinksOldestFirst) {
  auto other = link(2);
  other.point.name = replication::simplesnap_name("s2", 2);
  auto foreign = link(5);
  foreign.point.name = "daily";
  const auto chain = chain_of_set({link(7), foreign, link(3), other}, "s");
  ASSERT_EQ(chain.size(), 2U);
  EXPECT_EQ(chain[0], link(3));
  EXPECT_EQ(chain[1], link(7));
}

TEST(Chain, PrefersASnapshotToItsBookmark) {
  const auto chain = chain_of_set({link(3, {}, PointKind::Bookmark), link(3)}, "s");
  ASSERT_EQ(chain.size(), 1U);
  EXPECT_EQ(chain[0].point.kind, PointKind::Snapshot);
}

TEST(NextSend, IsEverythingWhereNothingWasSent) { EXPECT_EQ(base_of({}), 0U); }

TEST(NextSend, GoesFromTheOldestOfTheStockWrapper) { EXPECT_EQ(base_of({link(1), link(2)}), 1U); }

TEST(NextSend, GoesFromTheOneThatArrivedWhateverWasCutSince) {
  const Link arrived = link(1, {State::Arrived, 0, false});
  EXPECT_EQ(base_of({arrived}), 1U);
  EXPECT_EQ(base_of({arrived, link(2, sending(1, false))}), 1U);
}

TEST(NextSend, IsEverythingAgainAfterACutFirstTransfer) {
  EXPECT_EQ(base_of({link(1, sending(1, true))}), 0U);
}

TEST(NextSend, GoesFromAFirstTransferThatWasTakenWhole) {
  EXPECT_EQ(base_of({link(1, sent(1, true))}), 1U);
}

TEST(NextSend, IsEverythingTheThirdTimeForAStoreThatIsNew) {
  EXPECT_EQ(base_of({link(1), link(2, sent(1, false)), link(3, sent(2, false))}), 0U);
}

TEST(NextSend, GoesFromABookmarkWhereNoSnapshotIsConfirmed) {
  const Link bookmark = link(1, {}, PointKind::Bookmark);
  EXPECT_EQ(base_of({bookmark, link(2, sending(1, false))}), 1U);
  EXPECT_EQ(base_of({bookmark, link(2, {State::Arrived, 0, false})}), 2U);
}

TEST(Reaping, KeepsTheNewestSnapshotAndMarksIt) {
  auto other = link(1);
  other.point.name = "daily";
  const auto plan = plan_reaping({other, link(2), link(3, sent(1, false))}, "s", false);
  EXPECT_FALSE(plan.bookmark);
  EXPECT_EQ(plan.confirm, link(3).point);
  EXPECT_EQ(plan.destroy, std::vector<Point>{link(2).point});
}

TEST(Reaping, DoesNothingAboutASingleSnapshotOfTheStockWrapper) {
  EXPECT_EQ(plan_reaping({link(3)}, "s", false), Reaping{});
  EXPECT_EQ(plan_reaping({}, "s", true), Reaping{});
}

TEST(Reaping, TurnsTheNewestIntoABookmarkAndKeepsThatAlone) {
  const Link old = link(1, {}, PointKind::Bookmark);
  const auto plan = plan_reaping({old, link(2), link(3, sent(1, false))}, "s", true);
  EXPECT_EQ(plan.bookmark, link(3).point);
  EXPECT_FALSE(plan.confirm);
  EXPECT_EQ(plan.destroy, (std::vector<Point>{link(2).point, link(3).point, old.point}));
}

TEST(Reaping, GoesOnWhereItWasKilledBehindTheBookmark) {
  const Link mark = link(3, {}, PointKind::Bookmark);
  const auto plan = plan_reaping({mark, link(3, sent(1, false))}, "s", true);
  EXPECT_FALSE(plan.bookmark);
  EXPECT_EQ(plan.destroy, std::vector<Point>{link(3).point});
}

// A peer as the stock client is: it takes a full stream if it has nothing, and an incremental one
// if it has the base and its newest snapshot is not older than that.
class Peer {
 public:
  bool takes(const std::optional<Point>& base, const std::vector<Link>& between) const {
    if (!base) return has_.empty();
    const auto found = std::find(has_.begin(), has_.end(), base->order);
    if (found == has_.end()) return false;
    if (base->kind == PointKind::Bookmark) return found + 1 == has_.end();
    return std::all_of(found + 1, has_.end(), [&](std::uint64_t order) {
      return std::any_of(between.begin(), between.end(),
                         [&](const Link& one) { return one.point.order == order; });
    });
  }
  // With a base that is a snapshot those between come along.
  void take(const std::optional<Point>& base, const std::vector<Link>& chain, std::uint64_t order) {
    for (const auto& link : chain) {
      const bool comes = base && base->kind == PointKind::Snapshot &&
                         link.point.order > std::max(base->order, has_.back());
      if (comes) has_.push_back(link.point.order);
    }
    has_.push_back(order);
  }
  void lose() { has_.clear(); }

 private:
  std::vector<std::uint64_t> has_;
};

// Whatever was cut, lost or killed before: once nothing is, a run soon is confirmed.
TEST(NextSend, AlwaysFindsWhatFitsInTheEnd) {
  std::mt19937 random(1);
  auto chance = [&](unsigned percent) { return random() % 100 < percent; };
  for (int history = 0; history < 2000; ++history) {
    std::vector<Link> chain;
    Peer peer;
    std::uint64_t order = 0;
    auto run = [&](bool fails) {
      const auto next = next_send(chain);
      Link taken = link(++order, sending(next.attempt, !next.base));
      const bool fits = peer.takes(next.base, chain);
      const bool whole = fits && !(fails && chance(50));
      if (whole) peer.take(next.base, chain, order);
      // A small stream is taken off our hands although the peer refuses it.
      if ((whole && !(fails && chance(30))) || (!whole && chance(50)))
        taken.delivery.state = State::Sent;
      chain.push_back(taken);
      if (!whole || (fails && chance(50))) return false;
      chain = {taken};
      chain[0].delivery = {State::Arrived, 0, false};
      return true;
    };
    for (int step = 0; step < 8; ++step) {
      run(true);
      if (chance(5)) peer.lose();
    }
    unsigned runs = 1;
    while (!run(false) && runs < 100) ++runs;
    EXPECT_LT(runs, 100U) << "history " << history;
  }
}

}  // namespace
}  // namespace snapferry::simplesnap
