#include "remote/remote_end.h"

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>

#include "agent/server.h"
#include "core/error.h"
#include "platform/socket_pair.h"
#include "testing/errors.h"
#include "testing/fake_source.h"
#include "testing/fake_store.h"
#include "testing/socket_child.h"
#include "wire/agent_role.h"

namespace snapferry::remote {
namespace {

class NamedStore : public testing::FakeStore {
 public:
  NamedStore(testing::FakeDisk& disk, bool on_give_up) : FakeStore(disk), on_give_up_(on_give_up) {}
  std::string name() const override { return "zfs:backup"; }
  bool give_up_partial(const VolumeName&) override { return on_give_up_; }

 private:
  const bool on_give_up_;
};

// An agent in a thread of its own for each `ssh` that is started, the newest of which can be cut
// off. What it serves may change between two connections.
class FarMachine : public platform::Commands {
 public:
  ~FarMachine() override { cut(); }

  std::unique_ptr<platform::Child> start(const std::vector<std::string>&,
                                         const platform::StartOptions&) override {
    cut();
    auto [near, input] = platform::socket_pair();
    platform::Fd output(::fcntl(input.get(), F_DUPFD_CLOEXEC, 3));
    wire::ConnectionOptions options;
    options.role = wire::Role::Server;
    options.features = features;
    connection_ = std::make_unique<wire::Connection>(std::move(input), std::move(output), options);
    agent::Served served;
    served.source = [this](std::string_view) {
      return std::make_unique<testing::FakeSource>(host);
    };
    served.store = [now = disk, given_up = on_give_up]() -> std::unique_ptr<Store> {
      if (now == nullptr) throw Error(ErrorKind::NotFound, "zfs:backup: no such dataset");
      return std::make_unique<NamedStore>(*now, given_up);
    };
    thread_ = std::thread([this, served = std::move(served)]() mutable {
      try {
        agent::Server(std::move(served)).run(*connection_);
      } catch (const Error&) {
      }
    });
    return std::make_unique<testing::SocketChild>(std::move(near));
  }

  void cut() {
    if (!connection_) return;
    connection_->abort(Error(ErrorKind::Unavailable, "cut off"));
    thread_.join();
    connection_.reset();
  }

  testing::FakeHost host;
  testing::FakeDisk first, second;
  testing::FakeDisk* disk = &first;
  bool on_give_up = true;  // what its store answers
  std::vector<std::string> features = {"role.source", "role.store"};

 private:
  std::unique_ptr<wire::Connection> connection_;
  std::thread thread_;
};

class RemoteEnd : public ::testing::Test {
 protected:
  std::shared_ptr<RemoteLine> line() {
    return std::make_shared<RemoteLine>(
        [this] { return std::shared_ptr(wire::SshTransport::open(far_, "root@web1", {})); });
  }
  std::unique_ptr<Store> store(const std::string& name = "root@web1:zfs:backup") {
    return remote_store(line(), StoreAddress::parse(name));
  }

  // The loss of a connection shows only once it is used.
  template <class Call>
  static auto persist(Call call) {
    for (;;) {
      try {
        return call();
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::Unavailable) throw;
      }
    }
  }

  FarMachine far_;
};

TEST_F(RemoteEnd, ConnectsAgainAfterALoss) {
  far_.host.make("zfs:tank/a");
  const auto shared = line();
  const auto source = remote_source(shared, VolumeAddress::parse("root@web1:zfs:tank"));
  const auto there = remote_store(shared, StoreAddress::parse("root@web1:zfs:backup"));
  const auto look = [&] {
    return source->inventory({"zfs:tank/a"}).size() + there->inventory("").size();
  };
  EXPECT_EQ(look(), 1u);
  far_.cut();
  EXPECT_EQ(persist(look), 1u);
  EXPECT_EQ(there->identity(), far_.first.identity());
}

TEST_F(RemoteEnd, TouchesNoOtherStoreAfterALoss) {
  const auto here = store();
  here->inventory("");
  far_.cut();
  far_.disk = &far_.second;
  for (int tries = 0; tries < 2; ++tries) {
    EXPECT_ERROR(persist([&] { return here->inventory(""); }), ErrorKind::Conflict);
  }
  EXPECT_ERROR(here->set_aside({"web1", "zfs:tank/a"}), ErrorKind::Conflict);
  far_.cut();
  far_.disk = &far_.first;
  EXPECT_TRUE(persist([&] { return here->inventory(""); }).empty());
}

TEST_F(RemoteEnd, LooksAtNoOtherStoreThanTheOneThatWasNamed) {
  EXPECT_THROW(store("root@web1:zfs:other")->inventory(""), NoSuchStore);
}

// One of an older version is not asked for what it does not know.
TEST_F(RemoteEnd, LeavesAPartialToAnAgentThatCannotGiveItUp) {
  EXPECT_FALSE(store()->give_up_partial({"web1", "zfs:tank/a"}));
  far_.features.emplace_back(wire::kGiveUpFeature);
  EXPECT_TRUE(store()->give_up_partial({"web1", "zfs:tank/a"}));
}

TEST_F(RemoteEnd, SaysThatTheStoreIsMissing) {
  far_.disk = nullptr;
  EXPECT_THROW(store()->inventory("web1"), NoSuchStore);
  EXPECT_THROW(store()->identity(), NoSuchStore);
}

TEST_F(RemoteEnd, SaysWhichRoleTheKeyLacks) {
  const auto lacks = [](const char* role, const std::string& with,
                        const std::function<void()>& call) {
    try {
      call();
      ADD_FAILURE() << "allowed without the role " << role;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::PermissionDenied);
      EXPECT_EQ(error.message(), std::string("web1: its agent does not allow '") + role +
                                     "' to this key; add --allow " + role + with +
                                     " to the line of the key in authorized_keys there");
    }
  };
  lacks("restore", "", [&] { store()->send({"web1", "zfs:tank/a"}, {}); });
  far_.features = {"role.source"};
  lacks("store", " with --store and --host", [&] { store()->inventory(""); });
  far_.features = {"role.store"};
  lacks("source", " with --volume", [&] {
    remote_source(line(), VolumeAddress::parse("root@web1:zfs:tank"))->inventory({"zfs:tank"});
  });
}

}  // namespace
}  // namespace snapferry::remote
