#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/error.h"
#include "testing/cut_stream.h"
#include "testing/errors.h"
#include "testing/replication_place.h"

// What every Store must do. Include it once per test program, and say which:
//
//   INSTANTIATE_TEST_SUITE_P(All, StoreContract, ::testing::Values(kind…), place_kind_name);

namespace snapferry::testing {

class StoreContract : public ReplicationContract {
 protected:
  using Names = std::vector<std::string>;

  // Bytes that do not compress.
  static std::string noise(std::size_t size) {
    std::string text(size, '\0');
    std::uint64_t state = 0x9e3779b97f4a7c15;
    for (char& byte : text) {
      state ^= state << 13;
      state ^= state >> 7;
      state ^= state << 17;
      byte = static_cast<char>('a' + state % 26);
    }
    return text;
  }

  // "a" with one file and one snapshot, in the store.
  Point first_transfer(const std::string& content = "one") {
    place_->make("a");
    place_->write("a", "file", content);
    const Point first = freeze("a", 1);
    transfer("a", request("a", first));
    return first;
  }

  // A full transfer of what is there, with "file" in it.
  Point first_transfer_of(const std::string& name) {
    place_->write(name, "file", "one");
    const Point first = freeze(name, 1);
    transfer(name, request(name, first));
    return first;
  }

  // The regular files of the root directory.
  static PlaceFiles files_of(SnapshotView& view) {
    PlaceFiles files;
    for (const auto& file : view.list("", 0).files) {
      if (file.entry.type != EntryType::File) continue;
      std::string& content = files[file.entry.name];
      while (content.size() < file.entry.size) {
        const Bytes bytes =
            view.read({"", file.entry.name, file.version, content.size(), SnapshotView::kMaxRead});
        if (bytes.empty()) break;
        content += as_text(bytes);
      }
    }
    return files;
  }

  std::uint64_t stream_size(const StreamRequest& stream) {
    const auto bytes = source_->send(stream);
    std::vector<std::uint8_t> buffer(1u << 16);
    std::uint64_t total = 0;
    while (const std::size_t size = bytes->read(buffer)) total += size;
    bytes->finish();
    return total;
  }

  // Receives the first `size` bytes of the stream; what the store says about that.
  void receive_cut(const std::string& name, const StreamRequest& stream, std::uint64_t size,
                   CutKind kind) {
    replica_type_ = state(name).type;
    CutStream cut(source_->send(stream), size, kind);
    EXPECT_THROW(store_->receive(into(replica(name), stream), cut), Error);
  }

  void expect_no_failures(const std::vector<VolumeFailure>& failures) {
    for (const VolumeFailure& failure : failures) {
      ADD_FAILURE() << failure.volume << ": " << failure.message;
    }
  }
};

TEST_P(StoreContract, IsEmptyAtFirst) {
  EXPECT_TRUE(store_->inventory("").empty());
  EXPECT_TRUE(store_->inventory("web1").empty());
}

TEST_P(StoreContract, HasAnIdentityThatStaysAndANameWithItsKind) {
  const std::string identity = store_->identity();
  EXPECT_TRUE(Guid::from_hex(identity)) << identity;
  EXPECT_EQ(place_->store()->identity(), identity);
  EXPECT_NE(store_->name().find(':'), std::string::npos) << store_->name();
}

TEST_P(StoreContract, ReceivesAFullStream) {
  const Point first = first_transfer();
  const auto found = find(replica("a"));
  ASSERT_TRUE(found);
  ASSERT_EQ(found->points.size(), 1u);
  EXPECT_EQ(found->points[0].name, first.name);
  EXPECT_EQ(found->points[0].guid, first.guid);
  EXPECT_EQ(found->type, state("a").type);
  EXPECT_FALSE(found->raw);
  EXPECT_FALSE(found->partial);
  EXPECT_EQ(place_->replica_files(replica("a"), own(1)), (PlaceFiles{{"file", "one"}}));
}

TEST_P(StoreContract, ReceivesAnIncrementalStream) {
  const Point first = first_transfer();
  place_->write("a", "file", "two");
  place_->write("a", "more", "text");
  transfer("a", request("a", freeze("a", 2), first));
  EXPECT_EQ(names_in(replica("a")), (Names{own(1), own(2)}));
  EXPECT_EQ(place_->replica_files(replica("a"), own(1)), (PlaceFiles{{"file", "one"}}));
  EXPECT_EQ(place_->replica_files(replica("a"), own(2)),
            (PlaceFiles{{"file", "two"}, {"more", "text"}}));
}

TEST_P(StoreContract, ReceivesIntermediatesInOrder) {
  const Point first = first_transfer();
  place_->write("a", "file", "two");
  place_->snapshot("a", "zebra");
  place_->write("a", "file", "three");
  place_->snapshot("a", "ant");
  place_->write("a", "file", "four");
  StreamRequest stream = request("a", freeze("a", 2), first);
  stream.intermediates = {point("a", "zebra"), point("a", "ant")};
  transfer("a", stream);
  EXPECT_EQ(names_in(replica("a")), (Names{own(1), "zebra", "ant", own(2)}));
  const auto points = find(replica("a"))->points;
  EXPECT_EQ(points[1].guid, stream.intermediates[0].guid);
  EXPECT_TRUE(std::is_sorted(points.begin(), points.end(), [](const Point& one, const Point& two) {
    return one.order < two.order;
  }));
  EXPECT_EQ(place_->replica_files(replica("a"), "zebra"), (PlaceFiles{{"file", "two"}}));
  EXPECT_EQ(place_->replica_files(replica("a"), own(2)), (PlaceFiles{{"file", "four"}}));
}

TEST_P(StoreContract, LeavesOutIntermediatesThatWereNotAskedFor) {
  const Point first = first_transfer();
  place_->write("a", "file", "two");
  place_->snapshot("a", "between");
  transfer("a", request("a", freeze("a", 2), first));
  EXPECT_EQ(names_in(replica("a")), (Names{own(1), own(2)}));
}

TEST_P(StoreContract, GoesOnFromABookmark) {
  const Point first = first_transfer();
  if (!source_->features().bookmarks) GTEST_SKIP() << "no bookmarks here";
  Settlement settlement;
  settlement.volume = place_->volume("a");
  settlement.cursor = "snapferry_contract_01234567";
  settlement.bookmark_of = first;
  settlement.bookmark = "snapferry_contract_01234567_2026-01-01T00:00:01Z";
  settlement.destroy = {first};
  expect_no_failures(source_->settle({settlement}));
  place_->write("a", "file", "two");
  const Point second = freeze("a", 2);
  transfer("a", request("a", second, point("a", settlement.bookmark, PointKind::Bookmark)));
  EXPECT_EQ(place_->replica_files(replica("a"), own(2)), (PlaceFiles{{"file", "two"}}));
}

TEST_P(StoreContract, CountsTheBytesThatPass) {
  place_->make("a");
  place_->write("a", "file", noise(100'000));
  const StreamRequest stream = request("a", freeze("a", 1));
  Progress progress;
  ReceiveRequest receive = into(replica("a"), stream);
  receive.type = state("a").type;
  receive.progress = &progress;
  const auto bytes = source_->send(stream);
  store_->receive(receive, *bytes);
  EXPECT_GE(progress.bytes, 100'000u);
}

TEST_P(StoreContract, HostsAreApart) {
  place_->make("a");
  const Point first = freeze("a", 1);
  transfer("a", request("a", first), "web1");
  transfer("a", request("a", first), "db-2.example");
  EXPECT_EQ(store_->inventory("web1").size(), 1u);
  EXPECT_EQ(store_->inventory("web").size(), 0u);
  const auto all = store_->inventory("");
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].volume, replica("a", "db-2.example"));
  EXPECT_EQ(all[1].volume, replica("a", "web1"));
}

TEST_P(StoreContract, AFullStreamOntoAReplicaIsAConflict) {
  first_transfer();
  place_->write("a", "file", "two");
  const StreamRequest stream = request("a", freeze("a", 2));
  EXPECT_ERROR(transfer("a", stream), ErrorKind::Conflict);
  EXPECT_EQ(names_in(replica("a")), Names{own(1)});
  EXPECT_EQ(place_->replica_files(replica("a"), own(1)), (PlaceFiles{{"file", "one"}}));
}

TEST_P(StoreContract, AnIncrementalStreamWithoutItsBaseIsAConflict) {
  place_->make("a");
  const Point first = freeze("a", 1);
  place_->write("a", "file", "two");
  const Point second = freeze("a", 2);
  place_->write("a", "file", "three");
  const Point third = freeze("a", 3);
  EXPECT_ERROR(transfer("a", request("a", second, first)), ErrorKind::Conflict);
  EXPECT_TRUE(names_in(replica("a")).empty());
  transfer("a", request("a", first));
  EXPECT_ERROR(transfer("a", request("a", third, second)), ErrorKind::Conflict);
  EXPECT_EQ(names_in(replica("a")), Names{own(1)});
}

TEST_P(StoreContract, AStreamThatWasNotAskedForIsRefused) {
  place_->make("a");
  place_->write("a", "file", "one");
  const Point first = freeze("a", 1);
  StreamRequest other = request("a", first);
  other.to.guid.bytes[0] ^= 1;
  const auto bytes = source_->send(request("a", first));
  ReceiveRequest receive = into(replica("a"), other);
  receive.type = state("a").type;
  EXPECT_THROW(store_->receive(receive, *bytes), Error);
  EXPECT_TRUE(names_in(replica("a")).empty());
}

TEST_P(StoreContract, BytesThatAreNoStreamAreRefused) {
  class Garbage : public Stream {
   public:
    std::size_t read(std::span<std::uint8_t> buffer) override {
      const std::size_t size = std::min(buffer.size(), left_);
      std::fill_n(buffer.begin(), size, std::uint8_t{0x5a});
      left_ -= size;
      return size;
    }
    void finish() override {}

   private:
    std::size_t left_ = 10'000;
  };
  place_->make("a");
  const StreamRequest stream = request("a", freeze("a", 1));
  Garbage garbage;
  ReceiveRequest receive = into(replica("a"), stream);
  receive.type = state("a").type;
  EXPECT_ERROR(store_->receive(receive, garbage), ErrorKind::Corrupt);
  EXPECT_TRUE(names_in(replica("a")).empty());
}

TEST_P(StoreContract, AStreamThatEndsEarlyAddsNoSnapshot) {
  place_->make("a");
  place_->write("a", "file", noise(300'000));
  const StreamRequest stream = request("a", freeze("a", 1));
  const std::uint64_t size = stream_size(stream);
  for (const std::uint64_t cut : {std::uint64_t{0}, std::uint64_t{1}, size / 2, size - 1}) {
    receive_cut("a", stream, cut, CutKind::End);
    EXPECT_TRUE(names_in(replica("a")).empty()) << cut;
    store_->abort_partial(replica("a"));
  }
  transfer("a", stream);
  EXPECT_EQ(names_in(replica("a")), Names{own(1)});
}

TEST_P(StoreContract, AnInterruptedFullStreamIsCarriedOnOrDiscarded) {
  place_->make("a");
  place_->write("a", "file", noise(3'000'000));
  const Point first = freeze("a", 1);
  const StreamRequest stream = request("a", first);
  receive_cut("a", stream, stream_size(stream) * 2 / 3, CutKind::Failure);
  EXPECT_TRUE(names_in(replica("a")).empty());
  const auto found = find(replica("a"));
  if (found && found->partial && !found->partial->token.empty()) {
    EXPECT_EQ(found->partial->to, first.guid);
    EXPECT_EQ(found->partial->to_name, first.name);
    EXPECT_FALSE(found->partial->base);
    StreamRequest rest = stream;
    rest.resume_token = found->partial->token;
    transfer("a", rest);
  } else {
    if (found && found->partial) store_->abort_partial(replica("a"));
    transfer("a", stream);
  }
  EXPECT_EQ(names_in(replica("a")), Names{own(1)});
  EXPECT_FALSE(find(replica("a"))->partial);
  EXPECT_EQ(place_->replica_files(replica("a"), own(1)).at("file"), noise(3'000'000));
}

TEST_P(StoreContract, AnInterruptedIncrementalStreamLeavesWhatWasThere) {
  const Point first = first_transfer();
  place_->write("a", "file", noise(3'000'000));
  const Point second = freeze("a", 2);
  const StreamRequest stream = request("a", second, first);
  receive_cut("a", stream, stream_size(stream) * 2 / 3, CutKind::Failure);
  EXPECT_EQ(names_in(replica("a")), Names{own(1)});
  EXPECT_EQ(place_->replica_files(replica("a"), own(1)), (PlaceFiles{{"file", "one"}}));
  const auto found = find(replica("a"));
  ASSERT_TRUE(found);
  if (found->partial) {
    EXPECT_EQ(found->partial->to, second.guid);
    store_->abort_partial(replica("a"));
  }
  ASSERT_TRUE(find(replica("a")));
  EXPECT_FALSE(find(replica("a"))->partial);
  transfer("a", stream);
  EXPECT_EQ(names_in(replica("a")), (Names{own(1), own(2)}));
  EXPECT_EQ(place_->replica_files(replica("a"), own(2)).at("file"), noise(3'000'000));
}

TEST_P(StoreContract, AbortingTakesAReplicaWithItThatHoldsNothingElse) {
  place_->make("a");
  place_->write("a", "file", noise(3'000'000));
  const StreamRequest stream = request("a", freeze("a", 1));
  receive_cut("a", stream, stream_size(stream) * 2 / 3, CutKind::Failure);
  store_->abort_partial(replica("a"));
  EXPECT_FALSE(find(replica("a")));
  store_->abort_partial(replica("a"));
}

TEST_P(StoreContract, GivesUpWhatNobodyCarriesOnAfterWeeksByItsOwnClock) {
  place_->make("a");
  place_->write("a", "file", noise(3'000'000));
  const StreamRequest stream = request("a", freeze("a", 1));
  receive_cut("a", stream, stream_size(stream) * 2 / 3, CutKind::Failure);
  const auto can_go_on = [&] {
    const auto found = find(replica("a"));
    return found && found->partial && !found->partial->token.empty();
  };
  if (!can_go_on()) {
    EXPECT_FALSE(store_->give_up_partial(replica("a")));
    GTEST_SKIP() << "no stream is carried on here";
  }
  const bool passed_unseen = place_->let_weeks_pass();
  for (int looks = 0; looks < 2; ++looks) {
    EXPECT_FALSE(store_->give_up_partial(replica("a")));
    EXPECT_TRUE(can_go_on());
  }
  if (!passed_unseen || !place_->let_weeks_pass()) return;
  store_ = place_->store();
  EXPECT_TRUE(store_->give_up_partial(replica("a")));
  EXPECT_FALSE(find(replica("a")));
  EXPECT_FALSE(store_->give_up_partial(replica("a")));
}

TEST_P(StoreContract, CancellationEndsAReceive) {
  place_->make("a");
  place_->write("a", "file", noise(100'000));
  const StreamRequest stream = request("a", freeze("a", 1));
  Cancellation cancellation;
  cancellation.request();
  ReceiveRequest receive = into(replica("a"), stream);
  receive.type = state("a").type;
  receive.cancellation = &cancellation;
  const auto bytes = source_->send(stream);
  EXPECT_ERROR(store_->receive(receive, *bytes), ErrorKind::Cancelled);
  EXPECT_TRUE(names_in(replica("a")).empty());
}

TEST_P(StoreContract, ReceivesSeveralVolumesAtOnce) {
  std::vector<StreamRequest> streams;
  for (const char* name : {"a", "b"}) {
    place_->make(name);
    place_->write(name, "file", noise(200'000) + name);
    streams.push_back(request(name, freeze(name, 1)));
  }
  replica_type_ = state("a").type;
  std::vector<std::thread> threads;
  for (const StreamRequest& stream : streams) {
    threads.emplace_back([&, this] {
      const auto bytes = source_->send(stream);
      store_->receive(into({"web1", stream.volume}, stream), *bytes);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const char* name : {"a", "b"}) {
    EXPECT_EQ(place_->replica_files(replica(name), own(1)).at("file"), noise(200'000) + name);
  }
}

TEST_P(StoreContract, SettingAsideMovesEverythingAndFreesTheName) {
  const Point first = first_transfer();
  place_->destroy("a");
  place_->make("a");
  place_->write("a", "file", "anew");
  const Point second = freeze("a", 2);
  const VolumeName aside = store_->set_aside(replica("a"));
  EXPECT_NE(aside, replica("a"));
  EXPECT_EQ(aside.host, "web1");
  EXPECT_FALSE(find(replica("a")));
  ASSERT_TRUE(find(aside));
  EXPECT_EQ(find(aside)->points.at(0).guid, first.guid);
  transfer("a", request("a", second));
  EXPECT_EQ(place_->replica_files(replica("a"), own(2)), (PlaceFiles{{"file", "anew"}}));
  EXPECT_EQ(place_->replica_files(aside, own(1)), (PlaceFiles{{"file", "one"}}));
}

TEST_P(StoreContract, SettingAsideTwiceKeepsBoth) {
  first_transfer();
  const VolumeName one = store_->set_aside(replica("a"));
  transfer("a", request("a", point("a", own(1))));
  const VolumeName two = store_->set_aside(replica("a"));
  EXPECT_NE(one, two);
  EXPECT_TRUE(find(one));
  EXPECT_TRUE(find(two));
}

TEST_P(StoreContract, AMovedReplicaHasItsSnapshotsUnderTheNewNameAndGoesOn) {
  const Point first = first_transfer();
  store_->move(replica("a"), replica("b"));
  EXPECT_FALSE(find(replica("a")));
  ASSERT_TRUE(find(replica("b")));
  EXPECT_EQ(find(replica("b"))->points.at(0).guid, first.guid);
  place_->rename("a", "b");
  place_->write("b", "file", "two");
  const Point base = point("b", own(1));
  transfer("b", request("b", freeze("b", 2), base));
  EXPECT_EQ(place_->replica_files(replica("b"), own(1)), (PlaceFiles{{"file", "one"}}));
  EXPECT_EQ(place_->replica_files(replica("b"), own(2)), (PlaceFiles{{"file", "two"}}));
  place_->make("a");
  transfer("a", request("a", freeze("a", 3)));
  EXPECT_EQ(names_in(replica("a")), (Names{own(3)}));
  EXPECT_EQ(names_in(replica("b")), (Names{own(1), own(2)}));
}

TEST_P(StoreContract, NothingIsMovedOntoAnotherReplicaOrFromWhereNoneIs) {
  const Point first = first_transfer();
  place_->make("b");
  const Point other = first_transfer_of("b");
  EXPECT_ERROR(store_->move(replica("a"), replica("b")), ErrorKind::AlreadyExists);
  EXPECT_ERROR(store_->move(replica("c"), replica("d")), ErrorKind::NotFound);
  EXPECT_EQ(find(replica("a"))->points.at(0).guid, first.guid);
  EXPECT_EQ(find(replica("b"))->points.at(0).guid, other.guid);
}

TEST_P(StoreContract, RemembersWhenAVolumeWasSeenUnchanged) {
  first_transfer();
  place_->make("b");
  transfer("b", request("b", freeze("b", 1)));
  EXPECT_TRUE(find(replica("a"))->seen_unchanged.empty());
  using Seen = std::vector<std::pair<std::string, std::int64_t>>;
  store_->record_unchanged("main", 1'800'000'000, {replica("a"), replica("b")});
  EXPECT_EQ(find(replica("a"))->seen_unchanged, (Seen{{"main", 1'800'000'000}}));
  EXPECT_EQ(find(replica("b"))->seen_unchanged, (Seen{{"main", 1'800'000'000}}));
  store_->record_unchanged("main", 1'800'000'100, {replica("a")});
  store_->record_unchanged("disk2", 1'800'000'200, {replica("a")});
  EXPECT_EQ(find(replica("a"))->seen_unchanged,
            (Seen{{"disk2", 1'800'000'200}, {"main", 1'800'000'100}}));
}

// Nobody is called fresh by a note about something that is gone.
TEST_P(StoreContract, ANoteOfUnchangedCountsWhileTheSnapshotIsTheNewest) {
  const Point first = first_transfer();
  place_->write("a", "file", "two");
  const Point second = freeze("a", 2);
  transfer("a", request("a", second, first));
  store_->record_unchanged("main", 1'800'000'000, {replica("a")});
  EXPECT_EQ(find(replica("a"))->seen_unchanged.size(), 1u);
  expect_no_failures(store_->destroy(replica("a"), {find(replica("a"))->points.at(1)}));
  EXPECT_TRUE(find(replica("a"))->seen_unchanged.empty());
  store_->record_unchanged("main", 1'800'000'100, {replica("a")});
  EXPECT_EQ(find(replica("a"))->seen_unchanged.size(), 1u);
  transfer("a", request("a", second, first));
  EXPECT_TRUE(find(replica("a"))->seen_unchanged.empty());
}

TEST_P(StoreContract, RemembersWhatWasAskedForUntilItArrives) {
  const auto awaited = [&] {
    const auto found = place_->store()->expectations("web1");
    return found.contains("web1") ? found.at("web1").awaited
                                  : std::map<std::string, std::set<std::string>>();
  };
  const std::string a = place_->volume("a"), b = place_->volume("b");
  EXPECT_TRUE(awaited().empty());
  const auto other = place_->store();
  (void)other->inventory("web1");
  store_->change_expectations("web1", {.set = "main", .missing = {a, place_->pattern()}});
  EXPECT_EQ(awaited().at("main"), (std::set<std::string>{a, place_->pattern()}));
  // By one that has not seen that.
  other->change_expectations("web1", {.set = "main", .missing = {b}});
  other->change_expectations("web1", {.set = "disk2", .missing = {b}});
  EXPECT_EQ(awaited().at("main"), (std::set<std::string>{a, b, place_->pattern()}));
  store_->change_expectations("web1", {.set = "main", .settled = {a, place_->pattern()}});
  EXPECT_EQ(awaited().at("main"), std::set<std::string>{b});
  EXPECT_TRUE(store_->expectations("web2").empty());
  for (const auto* set : {"main", "disk2"}) {
    store_->change_expectations("web1", {.set = set, .settled = {b}});
  }
  EXPECT_TRUE(awaited().empty());
  EXPECT_TRUE(place_->store()->inventory("").empty());
}

TEST_P(StoreContract, SaysWhatItHasNoRoomToRemember) {
  ExpectationChange flood{.set = "main"};
  for (std::size_t i = 0; i <= kMostExpected; ++i) {
    flood.missing.push_back(place_->volume("n" + std::to_string(i)));
  }
  const auto left_out = store_->change_expectations("web1", flood);
  ASSERT_FALSE(left_out.empty());
  EXPECT_FALSE(left_out.front().message.empty());
  const auto expected = place_->store()->expectations("web1").at("web1");
  EXPECT_TRUE(expected.full);
  EXPECT_EQ(expected.awaited.at("main").size() + left_out.size(), flood.missing.size());
  expect_no_failures(
      store_->change_expectations("web1", {.set = "main", .settled = flood.missing}));
  EXPECT_TRUE(place_->store()->expectations("web1").empty());
}

TEST_P(StoreContract, RetiresAVolumeWithoutTouchingItsSnapshots) {
  first_transfer();
  store_->record_unchanged("main", 1'800'000'000, {replica("a")});
  const Arrival arrival{find(replica("a"))->points.back().guid.hex(), 1'800'000'000};
  const std::string a = place_->volume("a"), b = place_->volume("b");
  const ExpectationChange retire{.retire = {{"main", {{a, arrival}, {b, {}}}}}};
  if (!place_->can_retire()) {
    EXPECT_ERROR(store_->change_expectations("web1", retire), ErrorKind::PermissionDenied);
    EXPECT_TRUE(place_->store()->expectations("web1").empty());
    return;
  }
  expect_no_failures(store_->change_expectations("web1", {.set = "main", .missing = {b}}));
  expect_no_failures(store_->change_expectations("web1", retire));
  const auto expected = [&] {
    const auto found = place_->store()->expectations("web1");
    return found.contains("web1") ? found.at("web1") : HostExpectations();
  };
  EXPECT_EQ(expected().retired, retire.retire);
  EXPECT_TRUE(expected().awaited.empty());
  EXPECT_EQ(names_in(replica("a")), Names{own(1)});
  using Seen = std::vector<std::pair<std::string, std::int64_t>>;
  EXPECT_EQ(find(replica("a"))->seen_unchanged, (Seen{{"main", 1'800'000'000}}));
  // No run ends it by what it says.
  for (const auto& word : {ExpectationChange{.set = "main", .settled = {a, b}},
                           ExpectationChange{.set = "main", .missing = {b}}}) {
    expect_no_failures(store_->change_expectations("web1", word));
    EXPECT_EQ(expected().retired, retire.retire);
  }
  store_->change_expectations("web1", {.ended = {{"main", {a}}}});
  store_->change_expectations("web1", {.expect_again = {{"main", {b}}}});
  EXPECT_TRUE(expected().retired.empty());
  EXPECT_EQ(expected().awaited.at("main"), std::set<std::string>{b});
}

TEST_P(StoreContract, DestroysWhileNameAndIdentityMatch) {
  const Point first = first_transfer();
  place_->write("a", "file", "two");
  transfer("a", request("a", freeze("a", 2), first));
  Point wrong_name = first;
  wrong_name.name = own(2);
  Point wrong_guid = first;
  wrong_guid.guid.bytes[0] ^= 1;
  store_->destroy(replica("a"), {wrong_name, wrong_guid});
  EXPECT_EQ(names_in(replica("a")), (Names{own(1), own(2)}));
  expect_no_failures(store_->destroy(replica("a"), {find(replica("a"))->points.at(0)}));
  EXPECT_EQ(names_in(replica("a")), Names{own(2)});
}

TEST_P(StoreContract, AReplicaGoesWithItsLastSnapshot) {
  first_transfer();
  expect_no_failures(store_->destroy(replica("a"), find(replica("a"))->points));
  EXPECT_FALSE(find(replica("a")));
}

TEST_P(StoreContract, ShowsTheFilesOfASnapshot) {
  const std::string big = noise((3u << 20) + 77);
  place_->make("a");
  place_->write("a", "big", big);
  const Point first = first_transfer_of("a");
  place_->write("a", "file", "two");
  transfer("a", request("a", freeze("a", 2), first));
  const auto points = find(replica("a"))->points;
  const auto view = store_->browse(replica("a"), points.at(0));
  EXPECT_EQ(view->root().type, EntryType::Directory);
  EXPECT_EQ(files_of(*view), (PlaceFiles{{"big", big}, {"file", "one"}}));
  EXPECT_EQ(files_of(*store_->browse(replica("a"), points.at(1))),
            (PlaceFiles{{"big", big}, {"file", "two"}}));
}

TEST_P(StoreContract, ShowsNothingOfASnapshotThatIsNotThere) {
  Point point = first_transfer();
  point.guid.bytes[3] ^= 1;
  const auto look = [&](const VolumeName& volume, const Point& snapshot) {
    (void)store_->browse(volume, snapshot)->root();
  };
  EXPECT_ERROR(look(replica("a"), point), ErrorKind::NotFound);
  point = find(replica("a"))->points.at(0);
  EXPECT_ERROR(look(replica("b"), point), ErrorKind::NotFound);
}

TEST_P(StoreContract, ShowsNothingByPathsThatLeadOut) {
  first_transfer();
  const auto view = store_->browse(replica("a"), find(replica("a"))->points.at(0));
  for (const char* path : {"..", "file/..", "/", "/etc", ".", "a//b", "a/", "../a"}) {
    EXPECT_ERROR(view->list(path, 0), ErrorKind::InvalidArgument);
  }
  EXPECT_ERROR(view->list("nothing", 0), ErrorKind::NotFound);
  for (const char* name : {"..", "../file", "/etc/passwd", ""}) {
    EXPECT_THROW(view->read({"", name, 0, 0, 10}), Error);
  }
}

TEST_P(StoreContract, KeepsWithEachSnapshotWhatTheVolumeWasBesideItsFiles) {
  place_->make("a");
  if (!place_->set_property("a", "com.example:note", "a b=c%")) {
    GTEST_SKIP() << "no properties here";
  }
  place_->set_property("a", "acltype", "posix");
  const auto note = [&](const Point& point) {
    return store_->description(replica("a"), point)["com.example:note"];
  };
  const auto describe = [&] {
    const auto descriptions = source_->describe({place_->volume("a")});
    ASSERT_EQ(descriptions.size(), 1u);
    store_->describe({{replica("a"), descriptions[0].properties}});
  };
  const Point first = freeze("a", 1);
  describe();
  transfer("a", request("a", first));
  EXPECT_EQ(note(first), "a b=c%");
  EXPECT_EQ(store_->description(replica("a"), first)["acltype"], "posix");

  place_->set_property("a", "com.example:note", "second");
  place_->write("a", "file", "two");
  const Point second = freeze("a", 2);
  describe();
  transfer("a", request("a", second, first));
  place_->write("a", "file", "three");
  const Point third = freeze("a", 3);
  transfer("a", request("a", third, second));
  EXPECT_EQ(note(first), "a b=c%");
  EXPECT_EQ(note(second), "second");
  EXPECT_EQ(note(third), "second");
  store_ = place_->store();
  EXPECT_EQ(note(first), "a b=c%");
  EXPECT_EQ(note(third), "second");
}

TEST_P(StoreContract, KnowsNothingOfAVolumeThatNobodyDescribed) {
  place_->make("a");
  const Point first = freeze("a", 1);
  transfer("a", request("a", first));
  EXPECT_TRUE(store_->description(replica("a"), first).empty());
}

TEST_P(StoreContract, SendsBackWhatItReceived) {
  const Point first = first_transfer();
  place_->write("a", "file", "two");
  transfer("a", request("a", freeze("a", 2), first));
  const auto points = find(replica("a"))->points;
  const auto send = [&](const StreamRequest& stream) {
    const auto bytes = store_->send(replica("a"), stream);
    store_->receive(into(replica("a", "copy"), stream), *bytes);
  };
  send(request("a", points.at(0)));
  send(request("a", points.at(1), points.at(0)));
  EXPECT_EQ(find(replica("a", "copy"))->points.at(1).guid, points.at(1).guid);
  EXPECT_EQ(place_->replica_files(replica("a", "copy"), own(2)), (PlaceFiles{{"file", "two"}}));
}

TEST_P(StoreContract, FindsNoDamageWhereThereIsNone) {
  first_transfer();
  const auto found = find(replica("a"));
  ASSERT_TRUE(found);
  EXPECT_TRUE(store_->verify(*found, true, nullptr, nullptr).empty());
}

TEST_P(StoreContract, CountsWhatIsReadBack) {
  first_transfer(noise(100'000));
  Progress progress;
  EXPECT_TRUE(store_->verify(*find(replica("a")), false, &progress, nullptr).empty());
  EXPECT_EQ(progress.bytes, 0u);
  EXPECT_TRUE(store_->verify(*find(replica("a")), true, &progress, nullptr).empty());
  EXPECT_GE(progress.bytes, 100'000u);
}

TEST_P(StoreContract, AnotherInstanceSeesEverything) {
  const Point first = first_transfer();
  store_ = place_->store();
  EXPECT_EQ(names_in(replica("a")), Names{own(1)});
  place_->write("a", "file", "two");
  transfer("a", request("a", freeze("a", 2), first));
  EXPECT_EQ(names_in(replica("a")), (Names{own(1), own(2)}));
}

}  // namespace snapferry::testing
