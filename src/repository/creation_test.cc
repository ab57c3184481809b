#include <functional>

#include <gtest/gtest.h>

#include "blob/memory_storage.h"
#include "core/error.h"
#include "repository/key_slot.h"
#include "repository/repository.h"
#include "testing/crash_storage.h"
#include "testing/errors.h"
#include "testing/observed_storage.h"

namespace snapferry::repository {
namespace {

using testing::CrashPolicy;
using testing::CrashStorage;

CreateOptions weak(Encryption encryption = Encryption::Password) {
  return {.encryption = encryption, .password = "secret", .weak_key_derivation = true};
}

OpenOptions with_password() {
  OpenOptions options;
  options.password = [] { return "secret"; };
  return options;
}

// What comes of a whole init in `storage`: there is a repository that opens.
void expect_finished(blob::Storage& storage, Encryption encryption) {
  try {
    Repository::create(storage, weak(encryption));
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::AlreadyExists) << error.message();
  }
  EXPECT_NO_THROW(Repository::open(storage, with_password()));
}

class CreationTest : public ::testing::TestWithParam<Encryption> {};
INSTANTIATE_TEST_SUITE_P(Encryption, CreationTest,
                         ::testing::Values(Encryption::Password, Encryption::None));

TEST_P(CreationTest, ThatLostPowerAnywhereIsFinishedByTheNext) {
  bool ended = false;
  for (std::uint64_t at = 1; !ended; ++at) {
    CrashStorage storage({}, {.at_operation = at});
    try {
      Repository::create(storage, weak(GetParam()));
      ended = true;
    } catch (const Error&) {
    }
    for (const CrashPolicy policy : {CrashPolicy::KeepAll, CrashPolicy::DropAll}) {
      blob::MemoryStorage after(storage.crash(policy, at));
      expect_finished(after, GetParam());
      EXPECT_LE(after.list("keys").size(), 1u) << at;  // the left slot was taken over
    }
  }
}

// Calls `action` once, before call number `at`.
class Interrupted : public testing::ObservedStorage {
 public:
  Interrupted(blob::Storage& inner, std::uint64_t at, std::function<void()> action)
      : ObservedStorage(inner), at_(at), action_(std::move(action)) {}
  std::uint64_t calls() const { return calls_; }

 protected:
  Ticket before(testing::Verb, std::string_view) override {
    if (++calls_ == at_) action_();
    return 0;
  }

 private:
  const std::uint64_t at_;
  const std::function<void()> action_;
  std::uint64_t calls_ = 0;
};

TEST_P(CreationTest, TwiceAtTheSameTimeMakesOneRepositoryThatOpens) {
  // What a third left that died is there, or not.
  for (const bool left : {false, true}) {
    for (std::uint64_t at = 1;; ++at) {
      blob::MemoryStorage storage;
      if (left) {
        Repository::create(storage, weak(GetParam()));
        storage.remove("config");
      }
      Interrupted first(storage, at, [&] {
        try {
          Repository::create(storage, weak(GetParam()));
        } catch (const Error& error) {
          EXPECT_EQ(error.kind(), ErrorKind::AlreadyExists) << error.message();
        }
      });
      expect_finished(first, GetParam());
      EXPECT_EQ(storage.list("keys").size(), 1u) << at;
      if (first.calls() < at) break;
    }
  }
}

TEST(Creation, LeavesASlotThatItsPasswordDoesNotOpen) {
  blob::MemoryStorage storage;
  const Key other{ByteView(Bytes(Key::kSize, 9))};
  KeySlot slot = make_password_slot(other, "another", kWeakKeyCost, "", {});
  prove(slot, "0011", other);
  storage.put("keys/0011001100110011", encode_slot(slot));
  Repository::create(storage, weak());
  EXPECT_NO_THROW(storage.info("keys/0011001100110011"));
  EXPECT_NO_THROW(Repository::open(storage, with_password()));
}

TEST(Creation, WhereAConfigIsMissingBesideContentIsRefusedAsDamage) {
  for (const std::string name : {"packs/ab", "index/ab", "snapshots/ab", "condemned/ab"}) {
    blob::MemoryStorage storage;
    storage.put(name, as_bytes("x"));
    EXPECT_ERROR(Repository::create(storage, weak()), ErrorKind::Corrupt);
    EXPECT_EQ(storage.objects().size(), 1u);
  }
}

TEST(Creation, TakesAnEmptyConfigForNone) {
  blob::MemoryStorage storage;
  storage.put("config", {});
  Repository::create(storage, weak());
  EXPECT_NO_THROW(Repository::open(storage, with_password()));
}

}  // namespace
}  // namespace snapferry::repository
