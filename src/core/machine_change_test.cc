#include "core/machine_change.h"

#include <string_view>

#include <gtest/gtest.h>

namespace snapferry {
namespace {

// A letter for the machine of each snapshot, oldest first; "." is an unknown one.
class Chain {
 public:
  explicit Chain(std::string_view machines) {
    for (const char letter : machines) {
      Snapshot snapshot;
      snapshot.machine = machine(letter);
      snapshots_.push_back(snapshot);
    }
    for (const Snapshot& snapshot : snapshots_) chain_.push_back(&snapshot);
  }

  static ObjectId machine(char letter) {
    ObjectId id;
    if (letter != '.') id.bytes[0] = static_cast<std::uint8_t>(letter);
    return id;
  }

  MachineHistory before(char letter) const { return machine_history(chain_, machine(letter)); }
  const Snapshot* at(std::size_t index) const { return chain_[index]; }

 private:
  std::vector<Snapshot> snapshots_;
  std::vector<const Snapshot*> chain_;
};

TEST(MachineHistory, OfOneMachineTellsNothing) {
  for (const std::string_view machines : {"", "a", "aaa", "...", "a.a"}) {
    const MachineHistory history = Chain(machines).before('a');
    EXPECT_EQ(history.other, nullptr) << machines;
    EXPECT_FALSE(history.takes_turns) << machines;
  }
}

TEST(MachineHistory, NamesTheNewestSnapshotOfAnotherMachine) {
  const Chain chain("aab.");
  EXPECT_EQ(chain.before('c').other, chain.at(2));
  EXPECT_FALSE(chain.before('c').takes_turns);
}

TEST(MachineHistory, DoesNotTakeAReplacedMachineForTwo) {
  const MachineHistory history = Chain("aabb").before('b');
  EXPECT_EQ(history.other, nullptr);
  EXPECT_FALSE(history.takes_turns);
}

TEST(MachineHistory, NoticesMachinesThatTakeTurns) {
  EXPECT_TRUE(Chain("ab").before('a').takes_turns);
  EXPECT_TRUE(Chain("ab.b").before('a').takes_turns);
  EXPECT_TRUE(Chain("abca").before('.').takes_turns);
  EXPECT_FALSE(Chain("ab").before('.').takes_turns);
}

TEST(MachineHistory, TellsNothingOfAMachineThatIsUnknown) {
  const Chain chain("ab");
  EXPECT_EQ(chain.before('.').other, nullptr);
}

TEST(MachineHistory, ForgetsWhatLiesFarBack) {
  EXPECT_FALSE(Chain("abaaaaaaaaa").before('a').takes_turns);
}

}  // namespace
}  // namespace snapferry
