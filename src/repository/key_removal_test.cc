#include "repository/key_removal.h"

#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include "blob/memory_storage.h"
#include "core/error.h"
#include "testing/errors.h"

namespace snapferry::repository {
namespace {

Key key_of_bytes(std::uint8_t byte) { return Key{ByteView(Bytes(Key::kSize, byte))}; }

std::string add_slot(blob::Storage& storage, const Key& master) {
  return store_slot(storage, master,
                    make_password_slot(master, "secret", kWeakKeyCost, "label", {}));
}

// Slots of one repository, and one who opened it with each.
class KeyRemovalTest : public ::testing::Test {
 protected:
  explicit KeyRemovalTest(std::size_t slots = 2) {
    for (std::size_t i = 0; i < slots; ++i) {
      ids_.push_back(add_slot(storage_, master_));
      opened_.push_back({master_, ids_.back(), kWeakKeyCost});
    }
  }
  std::size_t proven() { return proven_in(storage_); }
  std::size_t proven_in(blob::Storage& storage) const {
    std::size_t count = 0;
    const OpenedKey nobody{master_, "", kWeakKeyCost};
    for (const StoredSlot& stored : read_slots(storage).slots) {
      if (state_of(stored, nobody, Sealing::Encrypt) == KeyState::Proven) ++count;
    }
    return count;
  }
  void remove(std::size_t key, std::size_t by, KeyInUse in_use = KeyInUse::Keep) {
    remove_key(storage_, opened_[by], Sealing::Encrypt, ids_[key], in_use);
  }

  const Key master_ = key_of_bytes(7);
  blob::MemoryStorage storage_;
  std::vector<std::string> ids_;
  std::vector<OpenedKey> opened_;
};

TEST_F(KeyRemovalTest, RemovesOneOfTwoAndLeavesNothingBehind) {
  remove(1, 0);
  EXPECT_EQ(proven(), 1u);
  EXPECT_TRUE(storage_.list("leaving").empty());
}

TEST_F(KeyRemovalTest, RefusesTheLast) {
  remove(1, 0);
  EXPECT_ERROR(remove(0, 0, KeyInUse::Remove), ErrorKind::Conflict);
  EXPECT_EQ(proven(), 1u);
  EXPECT_TRUE(storage_.list("leaving").empty());
}

TEST_F(KeyRemovalTest, RefusesTheOneInUseUnlessTold) {
  EXPECT_ERROR(remove(0, 0), ErrorKind::Conflict);
  EXPECT_EQ(proven(), 2u);
  remove(0, 0, KeyInUse::Remove);
  EXPECT_EQ(proven(), 1u);
}

TEST_F(KeyRemovalTest, DoesNotCountAPlantedForeignSlot) {
  add_slot(storage_, key_of_bytes(9));
  remove(1, 0);
  EXPECT_ERROR(remove(0, 0, KeyInUse::Remove), ErrorKind::Conflict);
  EXPECT_EQ(proven(), 1u);
}

TEST_F(KeyRemovalTest, DoesNotCountACopyOfASlotUnderAnotherName) {
  remove(1, 0);
  storage_.put("keys/0011223344556677", storage_.get("keys/" + ids_[0]));
  EXPECT_ERROR(remove(0, 0, KeyInUse::Remove), ErrorKind::Conflict);
}

TEST_F(KeyRemovalTest, DoesNotCountASlotWithoutProof) {
  remove(1, 0);
  KeySlot old = make_password_slot(master_, "secret", kWeakKeyCost, "", {});
  old.version = 1;
  storage_.put("keys/0011223344556677", encode_slot(old));
  EXPECT_ERROR(remove(0, 0, KeyInUse::Remove), ErrorKind::Conflict);
}

TEST_F(KeyRemovalTest, RemovesWhatIsForeignOrDamaged) {
  const std::string foreign = add_slot(storage_, key_of_bytes(9));
  storage_.put("keys/00d0000000000000", as_bytes("x"));
  remove_key(storage_, opened_[0], Sealing::Encrypt, foreign, KeyInUse::Keep);
  remove_key(storage_, opened_[0], Sealing::Encrypt, "00d", KeyInUse::Keep);
  EXPECT_EQ(storage_.list("keys").size(), 2u);
}

TEST_F(KeyRemovalTest, ThatDiedIsEndedByTheNextOfTheSameKey) {
  KeyRemoval died(storage_, opened_[0], Sealing::Encrypt, ids_[1]);
  died.advance();
  EXPECT_ERROR(remove(0, 1), ErrorKind::Conflict);
  remove(1, 0);
  EXPECT_EQ(proven(), 1u);
  EXPECT_TRUE(storage_.list("leaving").empty());
}

// A removal that goes on step by step, and perhaps dies.
class OneRemoval {
 public:
  OneRemoval(blob::Storage& storage, const OpenedKey& opened, const std::string& id)
      : removal_(storage, opened, Sealing::Encrypt, id) {}
  bool is_under_way() const { return under_way_; }
  void step() {
    try {
      under_way_ = removal_.advance();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Conflict);
      under_way_ = false;
    }
  }
  void die() { under_way_ = false; }

 private:
  KeyRemoval removal_;
  bool under_way_ = true;
};

constexpr int kSteps = 6;

// Calls `visit` with every order in which `runs` take `kSteps` steps each: who is next, as digits.
void for_each_order(std::vector<int>& order, std::vector<int>& left,
                    const std::function<void()>& visit) {
  bool any = false;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (left[i] == 0) continue;
    any = true;
    --left[i];
    order.push_back(static_cast<int>(i));
    for_each_order(order, left, visit);
    order.pop_back();
    ++left[i];
  }
  if (!any) visit();
}

TEST_F(KeyRemovalTest, LeavesAKeyInEveryOrderOfTwoWhereverOneDies) {
  const auto objects = storage_.objects();
  std::vector<int> order;
  std::vector<int> left = {kSteps, kSteps};
  std::size_t orders = 0;
  std::size_t removed = 0;
  for_each_order(order, left, [&] {
    ++orders;
    // Dead after so many of its steps, or never.
    for (int dies = 1; dies <= kSteps; ++dies) {
      blob::MemoryStorage storage(objects);
      OneRemoval runs[] = {{storage, opened_[1], ids_[0]}, {storage, opened_[0], ids_[1]}};
      int taken = 0;
      for (const int next : order) {
        if (!runs[next].is_under_way()) continue;
        runs[next].step();
        if (next == 0 && ++taken == dies) runs[0].die();
      }
      const std::size_t stay = proven_in(storage);
      ASSERT_GE(stay, 1u);
      removed += 2 - stay;
    }
  });
  EXPECT_EQ(orders, 924u);
  EXPECT_GT(removed, orders);  // it is not that all refuse
}

class ThreeKeysTest : public KeyRemovalTest {
 protected:
  ThreeKeysTest() : KeyRemovalTest(3) {}
};

TEST_F(ThreeKeysTest, LeaveOneHoweverThreeRemovalsMeet) {
  const auto objects = storage_.objects();
  std::uint32_t random = 1;
  const auto below = [&](std::uint32_t bound) {
    random = random * 1664525 + 1013904223;
    return (random >> 16) % bound;
  };
  for (int round = 0; round < 3000; ++round) {
    blob::MemoryStorage storage(objects);
    std::vector<std::unique_ptr<OneRemoval>> runs;
    for (std::size_t i = 0; i < 3; ++i) {
      runs.push_back(std::make_unique<OneRemoval>(storage, opened_[(i + 1) % 3], ids_[i]));
    }
    while (!runs.empty()) {
      const std::size_t next = below(static_cast<std::uint32_t>(runs.size()));
      runs[next]->step();
      if (below(40) == 0) runs[next]->die();
      if (!runs[next]->is_under_way()) runs.erase(runs.begin() + static_cast<std::ptrdiff_t>(next));
    }
    ASSERT_GE(proven_in(storage), 1u) << round;
  }
}

}  // namespace
}  // namespace snapferry::repository
