#include "stores/open.h"

#include <filesystem>

#include <gmock/gmock.h>

#include "stores/create.h"
#include "stores/repository_store.h"
#include "testing/errors.h"
#include "testing/fake_clock.h"
#include "testing/fake_store.h"
#include "testing/temporary_directory.h"

namespace snapferry::stores {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;

class FakeEndpoints : public Endpoints {
 public:
  explicit FakeEndpoints(testing::FakeDisk& disk) : disk_(disk) {}
  std::unique_ptr<Source> source(const VolumeAddress&) override { return nullptr; }
  std::unique_ptr<Store> store(const StoreAddress&) override {
    return std::make_unique<testing::FakeStore>(disk_);
  }
  void create_store(const StoreAddress&) override {}
  std::unique_ptr<VolumeTarget> target(const VolumeAddress&) override { return nullptr; }

 private:
  testing::FakeDisk& disk_;
};

// Whoever opens stores without a command line.
class OpenedStore : public ::testing::Test {
 protected:
  void create(bool encrypted = false) {
    CreateRequest request{.encrypted = encrypted,
                          .first_password = [](const std::string&) { return "pass"; }};
    EXPECT_EQ(stores::create(address_, request, surroundings_), address_.text());
  }

  const testing::TemporaryDirectory room_;
  const StoreAddress address_ = StoreAddress::parse("repo:" + room_ / "store");
  testing::FakeClock clock_;
  std::string cache_ = room_ / "cache";
  std::vector<std::string> asked_;
  Surroundings surroundings_{.clock = clock_,
                             .cache_directory = [this] { return cache_; },
                             .password =
                                 [this](const std::string& store) {
                                   asked_.push_back(store);
                                   return std::string("pass");
                                 }};
};

TEST_F(OpenedStore, IsTheOneThatWasMadeAtTheAddress) {
  create();
  const auto store = open(address_, surroundings_);
  EXPECT_EQ(store->name(), address_.text());
  EXPECT_TRUE(store->snapshots(nullptr).empty());
  EXPECT_TRUE(asked_.empty());
}

TEST_F(OpenedStore, IsAskedForItsPasswordOnceAndByItsName) {
  create(true);
  open(address_, surroundings_);
  EXPECT_THAT(asked_, ElementsAre(address_.text()));
}

TEST_F(OpenedStore, WithoutEncryptionIsRefusedWhereAPasswordIsGiven) {
  create();
  surroundings_.password_is_given = true;
  EXPECT_ERROR(open(address_, surroundings_), ErrorKind::WrongPassword);
}

TEST_F(OpenedStore, ThatIsNotThereIsNoSuchStore) {
  EXPECT_THROW(open(address_, surroundings_), NoSuchStore);
  fs::create_directory(address_.name);
  EXPECT_THROW(open(address_, surroundings_), NoSuchStore);
}

TEST_F(OpenedStore, OtherThanTheOneThatWasSeenThereHasToBeAcceptedOnce) {
  create();
  fs::rename(address_.name, room_ / "away");
  cache_ = room_ / "cache of another";
  create();
  cache_ = room_ / "cache";
  EXPECT_ERROR(open(address_, surroundings_), ErrorKind::Conflict);
  surroundings_.accept_changed_store = true;
  open(address_, surroundings_);
  surroundings_.accept_changed_store = false;
  open(address_, surroundings_);
}

TEST_F(OpenedStore, OfNativeSnapshotsIsReachedAsSaid) {
  testing::FakeDisk disk;
  std::string host;
  surroundings_.reached_by.host = "web1";
  surroundings_.endpoints = [&](const EndpointOptions& options) {
    host = options.host;
    return std::make_unique<FakeEndpoints>(disk);
  };
  const auto store = open(StoreAddress::parse("zfs:backup"), surroundings_);
  EXPECT_EQ(host, "web1");
  EXPECT_TRUE(store->snapshots(nullptr).empty());
  EXPECT_FALSE(store->collect({}).has_value());
  EXPECT_TRUE(asked_.empty());
}

TEST_F(OpenedStore, OfNativeSnapshotsIsNoRepository) {
  EXPECT_ERROR(open_repository(StoreAddress::parse("zfs:backup"), surroundings_, "a key"),
               ErrorKind::Unsupported);
}

}  // namespace
}  // namespace snapferry::stores
