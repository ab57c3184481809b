#include "repository/key_ring.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "blob/memory_storage.h"
#include "core/error.h"
#include "testing/counting_storage.h"
#include "testing/errors.h"
#include "testing/fake_clock.h"

namespace snapferry::repository {
namespace {

Key key_of_bytes(std::uint8_t byte) { return Key{ByteView(Bytes(Key::kSize, byte))}; }

CreateOptions weak(std::string password = "secret") {
  return {.encryption = Encryption::Password,
          .password = std::move(password),
          .weak_key_derivation = true};
}

OpenOptions with_password(std::string password = "secret") {
  OpenOptions options;
  options.password = [password] { return password; };
  return options;
}

// Named so that a storage lists it where it is wanted.
void put_slot(blob::Storage& storage, const Key& master, const std::string& id,
              const std::string& password = "secret") {
  KeySlot slot = make_password_slot(master, password, kWeakKeyCost, "", {});
  prove(slot, id, master);
  storage.put("keys/" + id, encode_slot(slot));
}

KeySlot with_cost(KeyCost cost) {
  KeySlot slot = make_password_slot(key_of_bytes(9), "secret", kWeakKeyCost, "", {});
  slot.cost = cost;
  prove(slot, "", key_of_bytes(9));
  return slot;
}

KeyState state_of_key(Repository& repository, const std::string& id) {
  for (const KeyInfo& key : repository.keys()) {
    if (key.id == id) return key.state;
  }
  ADD_FAILURE() << id << " is not listed";
  return KeyState::Damaged;
}

TEST(ForeignSlot, ThatOpensDoesNotHideTheRightOneInAnyOrder) {
  for (const std::string id : {"0000000000000000", "ffffffffffffffff"}) {
    blob::MemoryStorage storage;
    Repository::create(storage, weak());
    put_slot(storage, key_of_bytes(9), id);
    const auto repository = Repository::open(storage, with_password());
    EXPECT_EQ(state_of_key(*repository, id), KeyState::Foreign);
  }
}

TEST(ForeignSlot, AloneIsDamageAndNoRepository) {
  blob::MemoryStorage storage;
  Repository::create(storage, weak());
  storage.remove(storage.list("keys").at(0).name);
  put_slot(storage, key_of_bytes(9), "0000000000000000");
  EXPECT_ERROR(Repository::open(storage, with_password()), ErrorKind::Corrupt);
}

TEST(KeySlots, AreListedWithWhatIsKnownOfThem) {
  blob::MemoryStorage storage;
  Repository::create(storage, weak());
  const auto repository = Repository::open(storage, with_password());
  const std::string added = repository->add_password("another", "");
  KeySlot old = make_password_slot(key_of_bytes(9), "else", kWeakKeyCost, "", {});
  old.version = 1;
  storage.put("keys/0100000000000000", encode_slot(old));
  KeySlot clear = make_clear_slot(key_of_bytes(9), {});
  prove(clear, "0200000000000000", key_of_bytes(9));
  storage.put("keys/0200000000000000", encode_slot(clear));
  storage.put("keys/0300000000000000", as_bytes("torn"));
  EXPECT_EQ(state_of_key(*repository, added), KeyState::Proven);
  EXPECT_EQ(state_of_key(*repository, "0100000000000000"), KeyState::Unproven);
  EXPECT_EQ(state_of_key(*repository, "0200000000000000"), KeyState::Foreign);
  EXPECT_EQ(state_of_key(*repository, "0300000000000000"), KeyState::Damaged);
}

// One of the two equal copies of a key and a config as they were before slots had proofs.
constexpr std::string_view kOldKey =
    "7500000053464b590101014c9808450b018800d7c139a60e50e908030000000000010083580a6b0000000002"
    "000000766d8827a3b07c50bb05ed888ac46712ae7ad29b261575a283c455379660c841ce5d6b02d0a5fd1808"
    "c4283909a7b0400f2f767203da8ce59bbb1df0249f1bc3aff4f981237d84a79ce2efa49a796c263f0f";
constexpr std::string_view kOldConfig =
    "49000000534643460100000054627c5f92c4cd27fc23be1c42de252804060ef09b16c7f4088eba0d4333d8a3"
    "017478b405248f6c6f442165b037c9567a2f38cd3cccec95de4ef58fa0f02a81a50f1bfdde16c486c3";

Bytes twice(std::string_view hex) {
  Bytes half(hex.size() / 2);
  EXPECT_TRUE(from_hex(hex, half));
  Bytes whole = half;
  whole.insert(whole.end(), half.begin(), half.end());
  return whole;
}

TEST(KeySlots, OfVersionOneOpenAndCanBeReplaced) {
  blob::MemoryStorage storage;
  storage.put("config", twice(kOldConfig));
  storage.put("keys/991756a6a0039a38", twice(kOldKey));
  const auto repository = Repository::open(storage, with_password());
  EXPECT_EQ(state_of_key(*repository, "991756a6a0039a38"), KeyState::Proven);
  EXPECT_ERROR(repository->remove_key("991756a6a0039a38", KeyInUse::Remove), ErrorKind::Conflict);
  repository->add_password("another", "");
  repository->remove_key("991756a6a0039a38", KeyInUse::Remove);
  EXPECT_ERROR(Repository::open(storage, with_password()), ErrorKind::WrongPassword);
  EXPECT_NO_THROW(Repository::open(storage, with_password("another")));
}

// --- What a planted slot can cost ---

TEST(PlantedSlot, ThatAsksForMoreWorkThanThisProgramDoesIsNotDerived) {
  for (const KeyCost cost :
       {KeyCost{4, 64 << 10}, KeyCost{3, (64 << 10) + 1}, KeyCost{16, 1 << 20}}) {
    const Bytes bytes = encode_slot(with_cost(cost));
    EXPECT_ERROR(decode_slot(bytes, "keys/0"), ErrorKind::Corrupt);
  }
  blob::MemoryStorage storage;
  Repository::create(storage, weak());
  KeySlot planted = with_cost({16, 1 << 20});
  storage.put("keys/0000000000000000", encode_slot(planted));
  const auto repository = Repository::open(storage, with_password());
  EXPECT_EQ(state_of_key(*repository, "0000000000000000"), KeyState::Damaged);
}

TEST(PlantedSlots, InThousandsAreNeitherAllReadNorAllDerived) {
  testing::FakeClock clock;
  blob::MemoryStorage storage(clock);
  Repository::create(storage, weak());
  clock.advance(Duration{1});  // within a second the order is that of random names
  const Bytes planted = encode_slot(with_cost(kWeakKeyCost));
  for (int i = 0; i < 10'000; ++i) storage.put(fmt::format("keys/f{:015}", i), planted);
  testing::CountingStorage counting(storage);
  EXPECT_NO_THROW(Repository::open(counting, with_password()));
  EXPECT_LE(counting.calls(testing::Verb::Get), kMostSlotsRead + 1);
}

TEST(PlantedSlots, InFrontOfTheRightOneEndWithAnErrorThatSaysSo) {
  blob::MemoryStorage storage;
  Repository::create(storage, weak());
  const auto opened =
      open_key(storage, decode_config(storage.get("config")), [] { return "secret"; });
  storage.remove("keys/" + opened.id);
  put_slot(storage, opened.master, "ffff000000000000");
  const Bytes planted = encode_slot(with_cost(kWeakKeyCost));
  for (int i = 0; i < 100; ++i) storage.put(fmt::format("keys/{:016}", i), planted);
  try {
    Repository::open(storage, with_password());
    FAIL() << "tried more than " << kMostDerived;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::WrongPassword);
    EXPECT_NE(error.message().find("not tried"), std::string::npos) << error.message();
  }
}

TEST(KeySlots, AreNotMadeBeyondWhatIsTried) {
  blob::MemoryStorage storage;
  Repository::create(storage, weak());
  const auto repository = Repository::open(storage, with_password());
  for (std::size_t i = 1; i < kMostDerived; ++i) repository->add_password("p", "");
  EXPECT_ERROR(repository->add_password("p", ""), ErrorKind::Conflict);
  EXPECT_NO_THROW(Repository::open(storage, with_password("p")));
}

TEST(KeySlots, TooLargeToBeOneAreNotRead) {
  blob::MemoryStorage storage;
  Repository::create(storage, weak());
  storage.put("keys/0000000000000000", Bytes(5000));
  const auto repository = Repository::open(storage, with_password());
  EXPECT_EQ(state_of_key(*repository, "0000000000000000"), KeyState::Damaged);
}

TEST(KeySlots, AreWhatHasTheNameOfOne) {
  blob::MemoryStorage storage;
  Repository::create(storage, weak());
  for (const char* name : {"Thumbs.db", "0011223344556677-conflict", "00112233"})
    storage.put(std::string("keys/") + name, as_bytes("of somebody else"));
  const auto repository = Repository::open(storage, with_password());
  EXPECT_EQ(repository->keys().size(), 1u);
  EXPECT_TRUE(repository->verify({}).ok());
  EXPECT_TRUE(repository->repair({}).is_whole());
}

TEST(Config, TooLargeToBeOneIsNotRead) {
  blob::MemoryStorage storage;
  Repository::create(storage, weak());
  storage.put("config", Bytes(5000));
  EXPECT_ERROR(Repository::open(storage, with_password()), ErrorKind::Corrupt);
}

}  // namespace
}  // namespace snapferry::repository
