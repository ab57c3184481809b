// What a peer may try against the policy of an agent, through a connection: nothing of it reaches
// the source or the store.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/guarded_source.h"
#include "agent/guarded_store.h"
#include "agent/guarded_target.h"
#include "agent/test_link.h"
#include "testing/errors.h"
#include "testing/fake_clock.h"
#include "testing/fake_source.h"
#include "testing/fake_store.h"
#include "testing/fake_stream.h"
#include "testing/fake_target.h"

namespace snapferry::agent {
namespace {

using testing::FakeDisk;
using testing::FakeHost;
using testing::FakeSource;
using testing::FakeStore;

constexpr const char* kOwn = "snapferry_main_2026-01-01T00:00:00Z";
constexpr const char* kForeign = "snapferry_other_2026-01-01T00:00:00Z";

class GuardedAgent : public ::testing::Test {
 protected:
  GuardedAgent() {
    for (const char* volume : {"zfs:tank/home", "zfs:tank/secret"}) host_.make(volume);
    link_ = std::make_unique<TestLink>(
        Served{.source =
                   [this](std::string_view) {
                     return std::make_unique<GuardedSource>(
                         policy_, std::make_unique<FakeSource>(host_),
                         [](const std::string&) { return std::string("zfs:tank/secret@x"); });
                   },
               .store =
                   [this] {
                     return std::make_unique<GuardedStore>(
                         policy_, std::make_unique<FakeStore>(disk_), clock_);
                   },
               .report = {}});
    source_ = std::make_unique<remote::RemoteSource>(*link_->client, "zfs");
    store_ = std::make_unique<remote::RemoteStore>(*link_->client, "far:zfs:backup", "");
  }

  StreamRequest stream_of(const std::string& volume, const Point& point) {
    StreamRequest request;
    request.volume = volume;
    request.to = point;
    return request;
  }

  Settlement destruction(const std::string& volume, const Point& point) {
    Settlement settlement;
    settlement.volume = volume;
    settlement.cursor = "snapferry_main_01234567";
    settlement.destroy = {point};
    return settlement;
  }

  ReceiveRequest into(const std::string& host_name, const StreamRequest& stream) {
    ReceiveRequest request;
    request.volume = {host_name, stream.volume};
    request.stream = stream;
    return request;
  }

  const Policy policy_ = Policy::make({.allow = {"source", "store"},
                                       .set = "main",
                                       .volumes = {"zfs:tank/home"},
                                       .store = "zfs:backup",
                                       .host = "web1"});
  FakeHost host_;
  FakeDisk disk_;
  testing::FakeClock clock_{1'700'000'000};
  std::unique_ptr<TestLink> link_;
  std::unique_ptr<remote::RemoteSource> source_;
  std::unique_ptr<remote::RemoteStore> store_;
};

TEST_F(GuardedAgent, ListsWhatThePolicyCoversAlone) {
  const auto states = source_->inventory({"zfs:**"});
  ASSERT_EQ(states.size(), 1u);
  EXPECT_EQ(states[0].name, "zfs:tank/home");
  EXPECT_ERROR(source_->inventory({"zfs:tank/secret"}), ErrorKind::PermissionDenied);
}

TEST_F(GuardedAgent, GivesNothingOfAVolumeThatItsAdministratorExcludes) {
  const Point before = host_.snapshot("zfs:tank/home", kOwn);
  host_.set_excluded("zfs:tank/home", true);
  StreamRequest wanted;
  wanted.volume = "zfs:tank/home";
  wanted.to = before;
  EXPECT_ERROR(source_->send(wanted)->finish(), ErrorKind::PermissionDenied);
  EXPECT_ERROR(source_->freeze({"zfs:tank/home"}, kOwn), ErrorKind::PermissionDenied);
  EXPECT_ERROR(source_->describe({"zfs:tank/home"}), ErrorKind::PermissionDenied);
  EXPECT_EQ(host_.points("zfs:tank/home").size(), 1u);
  EXPECT_TRUE(source_->inventory({"zfs:tank/home"}).at(0).excluded);
}

TEST_F(GuardedAgent, FreezesUnderNamesOfItsSetAlone) {
  EXPECT_ERROR(source_->freeze({"zfs:tank/home"}, kForeign), ErrorKind::PermissionDenied);
  EXPECT_ERROR(source_->freeze({"zfs:tank/secret"}, kOwn), ErrorKind::PermissionDenied);
  const auto freeze = source_->freeze({"zfs:tank/home", "zfs:tank/secret"}, kOwn);
  EXPECT_EQ(freeze.frozen.size(), 1u);
  ASSERT_EQ(freeze.failed.size(), 1u);
  EXPECT_EQ(freeze.failed[0].volume, "zfs:tank/secret");
  EXPECT_TRUE(host_.points("zfs:tank/secret").empty());
}

// Also of a store that is not the one that is backed up to: it may be gone.
TEST_F(GuardedAgent, ReleasesCursorsOfItsSetAlone) {
  const auto held = host_.snapshot("zfs:tank/home", kOwn);
  Settlement own;
  own.volume = "zfs:tank/home";
  own.release = {held};
  Settlement foreign = own;
  for (auto* one : {&own, &foreign}) {
    one->cursor = one == &own ? "snapferry_main_0badcafe" : "snapferry_other_0badcafe";
    host_.hold("zfs:tank/home", kOwn, one->cursor);
    const std::string name = one->cursor + "_2026-01-01T00:00:00Z";
    host_.bookmark("zfs:tank/home", kOwn, name);
    for (const Point& point : host_.points("zfs:tank/home")) {
      if (point.name == name) one->destroy = {point};
    }
  }
  EXPECT_ERROR(source_->settle({foreign}), ErrorKind::PermissionDenied);
  EXPECT_TRUE(source_->settle({own}).empty());
  EXPECT_EQ(host_.tags("zfs:tank/home"), std::vector<std::string>{foreign.cursor});
  EXPECT_EQ(host_.points("zfs:tank/home").size(), 2u);
}

TEST_F(GuardedAgent, SendsNoOtherVolume) {
  const auto point = host_.snapshot("zfs:tank/secret", "x");
  const auto stream = source_->send(stream_of("zfs:tank/secret", point));
  Bytes buffer(100);
  EXPECT_ERROR(stream->read(buffer), ErrorKind::PermissionDenied);
}

TEST_F(GuardedAgent, ResumesNoTokenOfAnotherVolume) {
  auto request = stream_of("zfs:tank/home", host_.snapshot("zfs:tank/home", "x"));
  request.resume_token = "1-abc";
  const auto stream = source_->send(request);
  Bytes buffer(100);
  EXPECT_ERROR(stream->read(buffer), ErrorKind::PermissionDenied);
}

TEST_F(GuardedAgent, DestroysSnapshotsOfItsSetAlone) {
  const auto own = host_.snapshot("zfs:tank/home", kOwn);
  const auto foreign = host_.snapshot("zfs:tank/home", kForeign);
  const auto secret = host_.snapshot("zfs:tank/secret", kOwn);
  EXPECT_ERROR(source_->settle({destruction("zfs:tank/home", foreign)}),
               ErrorKind::PermissionDenied);
  EXPECT_ERROR(source_->settle({destruction("zfs:tank/secret", secret)}),
               ErrorKind::PermissionDenied);
  EXPECT_EQ(host_.points("zfs:tank/home").size(), 2u);
  EXPECT_EQ(host_.points("zfs:tank/secret").size(), 1u);
  EXPECT_TRUE(source_->settle({destruction("zfs:tank/home", own)}).empty());
  EXPECT_EQ(host_.points("zfs:tank/home").size(), 1u);
}

TEST_F(GuardedAgent, SettlesTheOthersWhenOneVolumeIsGone) {
  const auto own = host_.snapshot("zfs:tank/home", kOwn);
  const auto failures =
      source_->settle({destruction("zfs:tank/home", own), destruction("zfs:tank/secret", own)});
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_EQ(failures[0].volume, "zfs:tank/secret");
  EXPECT_TRUE(host_.points("zfs:tank/home").empty());
}

TEST_F(GuardedAgent, TakesReplicasOfItsHostAlone) {
  const auto point = host_.snapshot("zfs:tank/home", kOwn);
  const auto request = stream_of("zfs:tank/home", point);
  FakeSource local(host_);
  EXPECT_ERROR(store_->receive(into("db1", request), *local.send(request)),
               ErrorKind::PermissionDenied);
  EXPECT_TRUE(disk_.replicas().empty());
  store_->receive(into("web1", request), *local.send(request));
  EXPECT_EQ(disk_.replicas().size(), 1u);
  EXPECT_EQ(store_->inventory("web1").size(), 1u);
  EXPECT_ERROR(store_->inventory("db1"), ErrorKind::PermissionDenied);
  EXPECT_ERROR(store_->inventory(""), ErrorKind::PermissionDenied);
  EXPECT_ERROR(store_->abort_partial({"db1", "zfs:tank/home"}), ErrorKind::PermissionDenied);
  EXPECT_ERROR(store_->give_up_partial({"db1", "zfs:tank/home"}), ErrorKind::PermissionDenied);
  EXPECT_ERROR(store_->set_aside({"db1", "zfs:tank/home"}), ErrorKind::PermissionDenied);
  EXPECT_ERROR(store_->move({"web1", "zfs:tank/home"}, {"db1", "zfs:tank/home"}),
               ErrorKind::PermissionDenied);
  disk_.change({"web1", "zfs:tank/home"}, "@x was changed\nby hand");
  EXPECT_EQ(store_->inventory("web1").at(0).changed, "@x was changed\\nby hand");
  EXPECT_ERROR(store_->move({"web1", "zfs:tank/home"}, {"web1", "zfs:tank/people"}),
               ErrorKind::PermissionDenied);
  EXPECT_EQ(disk_.replicas(), (std::vector<VolumeName>{{"web1", "zfs:tank/home"}}));
}

TEST_F(GuardedAgent, NeitherDestroysNorGivesBack) {
  const auto point = host_.snapshot("zfs:tank/home", kOwn);
  const auto request = stream_of("zfs:tank/home", point);
  FakeSource local(host_);
  store_->receive(into("web1", request), *local.send(request));
  EXPECT_ERROR(store_->destroy({"web1", "zfs:tank/home"}, {point}), ErrorKind::PermissionDenied);
  const auto stream = store_->send({"web1", "zfs:tank/home"}, request);
  Bytes buffer(100);
  EXPECT_ERROR(stream->read(buffer), ErrorKind::PermissionDenied);
  EXPECT_EQ(disk_.points({"web1", "zfs:tank/home"}).size(), 1u);
}

TEST_F(GuardedAgent, NobodyHasLookedInTheFuture) {
  const auto point = host_.snapshot("zfs:tank/home", kOwn);
  const auto request = stream_of("zfs:tank/home", point);
  FakeSource local(host_);
  store_->receive(into("web1", request), *local.send(request));
  store_->record_unchanged("main", 1'900'000'000, {{"web1", "zfs:tank/home"}});
  EXPECT_EQ(store_->inventory("web1").at(0).seen_unchanged.at(0).second, 1'700'000'000);
  EXPECT_ERROR(store_->record_unchanged("other", 1, {{"web1", "zfs:tank/home"}}),
               ErrorKind::PermissionDenied);
}

TEST_F(GuardedAgent, OneNameThatIsRefusedLosesNoOther) {
  const auto left_out = store_->change_expectations(
      "web1", {.set = "main", .missing = {"zfs:tank/secret", "zfs:tank/home", "zfs:tank/*"}});
  std::set<std::string> refused;
  for (const auto& failure : left_out) refused.insert(failure.volume);
  EXPECT_EQ(refused, (std::set<std::string>{"zfs:tank/*", "zfs:tank/secret"}));
  EXPECT_EQ(store_->expectations("web1").at("web1").awaited.at("main"),
            std::set<std::string>{"zfs:tank/home"});
  EXPECT_ERROR(store_->change_expectations("web1", {.set = "other", .missing = {"zfs:tank/home"}}),
               ErrorKind::PermissionDenied);
}

TEST_F(GuardedAgent, IsToldMoreNamesThanOneRequestTakes) {
  ExpectationChange flood{.set = "main"};
  for (std::size_t i = 0; i < kMostExpected + 100; ++i) {
    flood.missing.push_back("zfs:other/" + std::to_string(i));
  }
  flood.missing.emplace_back("zfs:tank/home");
  EXPECT_EQ(store_->change_expectations("web1", flood).size(), kMostExpected + 100);
  EXPECT_EQ(store_->expectations("web1").at("web1").awaited.at("main"),
            std::set<std::string>{"zfs:tank/home"});
}

// A word is no snapshot.
TEST_F(GuardedAgent, NoKeyEndsARetirement) {
  FakeStore(disk_).change_expectations("web1", {.retire = {{"main", {{"zfs:tank/home", {}}}}}});
  store_->change_expectations(
      "web1", {.set = "main", .missing = {"zfs:tank/home"}, .settled = {"zfs:tank/home"}});
  EXPECT_TRUE(store_->expectations("web1").at("web1").retired.at("main").contains("zfs:tank/home"));
  EXPECT_ERROR(store_->change_expectations("web1", {.ended = {{"main", {"zfs:tank/home"}}}}),
               ErrorKind::PermissionDenied);
}

TEST_F(GuardedAgent, AnotherStoreThanItsOwnIsNotThere) {
  remote::RemoteStore other(*link_->client, "far:zfs:elsewhere", "zfs:elsewhere");
  EXPECT_ERROR(other.identity(), ErrorKind::NotFound);
}

TEST_F(GuardedAgent, ARequestThatDoesNotDecodeEndsTheConnection) {
  auto channel = link_->client->request(wire::Verb::SourceSettle, {1, 2, 3});
  EXPECT_ERROR(channel.message(), ErrorKind::Corrupt);
  const auto end = link_->agent->wait();
  ASSERT_TRUE(end);
  EXPECT_EQ(end->kind(), ErrorKind::Corrupt);
}

TEST(UnservedAgent, RefusesWhatItDoesNotHave) {
  TestLink link(Served{});
  remote::RemoteSource source(*link.client, "zfs");
  remote::RemoteStore store(*link.client, "far", "");
  EXPECT_ERROR(source.features(), ErrorKind::PermissionDenied);
  EXPECT_ERROR(source.inventory({"zfs:tank", "btrfs:/x"}), ErrorKind::InvalidArgument);
  EXPECT_ERROR(source.settle({}), ErrorKind::InvalidArgument);
  EXPECT_ERROR(store.identity(), ErrorKind::PermissionDenied);
  remote::RemoteTarget target(*link.client, "zfs");
  EXPECT_ERROR(target.features("zfs:pool/new"), ErrorKind::PermissionDenied);
  EXPECT_ERROR(target.require_free("zfs:tank/new"), ErrorKind::PermissionDenied);
  EXPECT_ERROR(remote::init_remote_store(*link.client, "zfs:tank"), ErrorKind::PermissionDenied);
}

using testing::FakeTarget;

class GuardedMaker : public ::testing::Test {
 protected:
  GuardedMaker() {
    host_.make("zfs:pool/home");
    host_.write("zfs:pool/home", "file", "content");
    wanted_.volume = "zfs:pool/home";
    wanted_.to = host_.snapshot("zfs:pool/home", kOwn);
    link_ = std::make_unique<TestLink>(
        Served{.source = {},
               .store = {},
               .target = [this](std::string_view) { return make(); },
               .init = [this](const std::string& store) { policy_.may_init(store).require(); }});
    target_ = std::make_unique<remote::RemoteTarget>(*link_->client, "zfs");
  }

  std::unique_ptr<VolumeTarget> make() {
    auto target = std::make_unique<FakeTarget>(host_);
    target->reads_what_it_has = reads_what_it_has_;
    return std::make_unique<GuardedTarget>(policy_, std::move(target));
  }
  void restore(const std::string& volume) {
    const auto stream = FakeSource(host_).send(wanted_);
    target_->restore(volume, VolumeType::Filesystem, wanted_, *stream, nullptr, nullptr);
  }

  const Policy policy_ = Policy::make(
      {.allow = {"target"}, .set = "main", .volumes = {"zfs:pool/new/**", "zfs:pool/home"}});
  FakeHost host_;
  StreamRequest wanted_;
  bool reads_what_it_has_ = true;
  std::unique_ptr<TestLink> link_;
  std::unique_ptr<remote::RemoteTarget> target_;
};

TEST_F(GuardedMaker, MakesWhatItsPolicyCoversAlone) {
  for (const auto* outside :
       {"zfs:pool/other", "zfs:pool/new/../other", "zfs:pool/new@x", "zfs:"}) {
    EXPECT_ERROR(target_->require_free(outside), ErrorKind::PermissionDenied);
    EXPECT_ERROR(restore(outside), ErrorKind::PermissionDenied);
  }
  EXPECT_ERROR(restore("no kind"), ErrorKind::InvalidArgument);
  EXPECT_EQ(host_.volumes().size(), 1u);
  restore("zfs:pool/new");
  EXPECT_EQ(host_.files("zfs:pool/new").at("file"), "content");
}

TEST_F(GuardedMaker, TouchesNothingThatIsThere) {
  const auto before = host_.points("zfs:pool/home");
  EXPECT_ERROR(target_->require_free("zfs:pool/home"), ErrorKind::AlreadyExists);
  EXPECT_ERROR(restore("zfs:pool/home"), ErrorKind::AlreadyExists);
  EXPECT_EQ(host_.points("zfs:pool/home"), before);
}

TEST_F(GuardedMaker, MakesNothingRelativeToWhatIsThere) {
  const auto stream = FakeSource(host_).send(wanted_);
  wanted_.base = wanted_.to;
  EXPECT_ERROR(
      target_->restore("zfs:pool/new", VolumeType::Filesystem, wanted_, *stream, nullptr, nullptr),
      ErrorKind::PermissionDenied);
  EXPECT_EQ(host_.volumes().size(), 1u);
}

TEST_F(GuardedMaker, RefusesBytesThatAreNoStreamOfTheSnapshot) {
  for (const auto* text : {"", "FAKE", "FAKEE", "no stream at all", "FAKES and then something"}) {
    const std::string bytes = text;
    const auto stream = testing::stream_of({bytes.begin(), bytes.end()});
    EXPECT_ERROR(target_->restore("zfs:pool/new", VolumeType::Filesystem, wanted_, *stream, nullptr,
                                  nullptr),
                 ErrorKind::Corrupt);
  }
  EXPECT_EQ(host_.volumes().size(), 1u);
}

TEST_F(GuardedMaker, TakesAStreamThatItDoesNotNeed) {
  reads_what_it_has_ = false;
  host_.write("zfs:pool/home", "big", std::string(8u << 20, 'x'));
  wanted_.to = host_.snapshot("zfs:pool/home", "big");
  restore("zfs:pool/new");
  EXPECT_EQ(host_.files("zfs:pool/new").at("big").size(), 8u << 20);
  restore("zfs:pool/new/below");
}

TEST_F(GuardedMaker, MakesNoStore) {
  EXPECT_ERROR(remote::init_remote_store(*link_->client, "zfs:pool/store"),
               ErrorKind::PermissionDenied);
}

TEST_F(GuardedMaker, ARequestThatDoesNotDecodeEndsTheConnection) {
  auto channel = link_->client->request(wire::Verb::TargetRestore, {1, 2, 3});
  EXPECT_ERROR(channel.message(), ErrorKind::Corrupt);
  const auto end = link_->agent->wait();
  ASSERT_TRUE(end);
  EXPECT_EQ(end->kind(), ErrorKind::Corrupt);
}

// A source that answers something else than it was asked.
class LyingSource : public Source {
 public:
  StreamFeatures features() override { return {}; }
  std::vector<VolumeState> inventory(const std::vector<std::string>&) override { return volumes; }
  Freeze freeze(const std::vector<std::string>& names, const std::string&) override {
    Freeze freeze;
    Point point;
    point.name = "else";
    freeze.frozen.push_back({names.front(), point});
    return freeze;
  }
  std::unique_ptr<Stream> send(const StreamRequest&) override { return nullptr; }
  std::vector<VolumeFailure> settle(const std::vector<Settlement>&) override {
    return {{"zfs:tank", "is\n\x1b[2J" + std::string(10'000, 'x')}};
  }
  std::vector<VolumeState> volumes;
};

TEST(LyingAgent, IsNotBelieved) {
  std::vector<std::string> names;
  TestLink link(Served{.source =
                           [&](std::string_view) {
                             auto source = std::make_unique<LyingSource>();
                             for (const auto& name : names) {
                               source->volumes.emplace_back().name = name;
                             }
                             return source;
                           },
                       .store = {},
                       .report = {}});
  names = {"zfs:tank/../x"};
  remote::RemoteSource source(*link.client, "zfs");
  EXPECT_ERROR(source.inventory({"zfs:tank/**"}), ErrorKind::Corrupt);
  EXPECT_ERROR(source.freeze({"zfs:tank"}, kOwn), ErrorKind::Corrupt);
  Settlement settlement;
  settlement.volume = "zfs:tank";
  const auto failures = source.settle({settlement});
  EXPECT_THAT(failures.at(0).message, ::testing::StartsWith("is\\n\\x1b[2Jxxx"));
}

}  // namespace
}  // namespace snapferry::agent
