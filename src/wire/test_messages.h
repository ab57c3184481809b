#pragma once

#include <functional>
#include <string>
#include <vector>

#include "wire/failure.h"
#include "wire/hello.h"
#include "wire/messages.h"
#include "wire/view_messages.h"

namespace snapferry::wire {

// One of every message and frame payload, with every field away from its default; for the golden
// bytes and for whatever must hold for all of them.
struct TestMessage {
  std::string name;
  Bytes bytes;
  // Decodes and encodes again; throws Corrupt for what does not decode.
  std::function<Bytes(ByteView)> again;
};

namespace test_messages {

inline Guid guid(std::uint8_t first) {
  Guid result;
  for (std::size_t i = 0; i < Guid::kSize; ++i) {
    result.bytes.at(i) = static_cast<std::uint8_t>(first + i);
  }
  return result;
}

inline Point point(const std::string& name, PointKind kind = PointKind::Snapshot) {
  return {kind, name, guid(1), 0x0102030405060708, 1'700'000'000, 2};
}

inline StreamFeatures features() {
  return {.large_blocks = true, .compressed = true, .resumable = true, .atomic_freeze = true};
}

inline StreamRequest stream() {
  StreamRequest request;
  request.volume = "zfs:tank/home";
  request.to = point("b");
  request.base = point("a", PointKind::Bookmark);
  request.intermediates = {point("i"), point("j")};
  request.clone_sources = {point("c")};
  request.resume_token = "1-abc";
  request.features = features();
  return request;
}

inline VolumeState volume() {
  VolumeState state;
  state.name = "btrfs:/mnt/data/\xff";
  state.type = VolumeType::Subvolume;
  state.guid = guid(16);
  state.excluded = state.encrypted = true;
  state.key_loaded = false;
  state.written = 12345;
  state.points = {point("a"), point("b", PointKind::Bookmark)};
  return state;
}

inline Settlement settlement() {
  Settlement result;
  result.volume = "zfs:tank/home";
  result.cursor = "snapferry_main_01234567";
  result.hold = point("b");
  result.bookmark_of = point("b");
  result.bookmark = "snapferry_main_01234567_2026-01-01T00:00:00Z";
  result.release = {point("a")};
  result.destroy = {point("a"), point("x", PointKind::Bookmark)};
  return result;
}

// As little as there can be.
inline VolumeState plain_volume() {
  VolumeState state;
  state.name = "zfs:t";
  return state;
}

inline Settlement plain_settlement() {
  Settlement result;
  result.volume = "zfs:t";
  result.cursor = "c";
  return result;
}

inline ReplicaState replica() {
  ReplicaState state;
  state.volume = {"web1", "zfs:tank/home"};
  state.type = VolumeType::Zvol;
  state.raw = true;
  state.points = {point("a"), point("b")};
  state.partial = Partial{"1-abc", guid(32), "c", guid(48), 999, true};
  state.seen_unchanged = {{"disk2", 1'700'000'001}, {"main", 1'700'000'002}};
  state.bytes = 4096;
  return state;
}

inline ReplicaState changed_replica() {
  auto state = replica();
  state.changed = "@a was made writable";
  return state;
}

inline SnapshotName snapshot() { return {{"web1", "zfs:tank/home"}, "snapferry_main", guid(64)}; }

inline FileRange range() { return {"home/alice", "thesis", 0x1112131415161718, 1u << 20, 4096}; }

inline Entry entry(EntryType type, const std::string& name) {
  Entry result;
  result.type = type;
  result.name = name;
  result.mode = 04750;
  result.uid = 1000;
  result.gid = 1001;
  result.mtime = {1'700'000'000, 1};
  result.ctime = {-1, 999'999'999};
  result.inode = 257;
  result.xattrs = {{"user.a", {}}, {"user.b", {0, 1, 255}}};
  if (type == EntryType::File) result.size = 123456;
  if (type != EntryType::Directory) result.link_device = 0;
  if (type == EntryType::BlockDevice) result.device = 0x0801;
  if (type == EntryType::Symlink) result.target = "../\xff";
  return result;
}

inline VolumeProperties properties() {
  return {{"acltype", "posix"}, {"com.example:note", "a b\n"}};
}

inline DirectoryPart part() {
  DirectoryPart result;
  result.total = 4;
  result.files = {{entry(EntryType::Directory, "a")},
                  {entry(EntryType::File, "b"), 0x2122232425262728, true},
                  {entry(EntryType::Symlink, "c\xff")},
                  {entry(EntryType::BlockDevice, "d")}};
  return result;
}

// The first part of a big directory.
inline DirectoryPart first_part() {
  DirectoryPart result;
  result.total = SnapshotView::kFilesInPart + 1;
  for (std::uint32_t i = 0; i < SnapshotView::kFilesInPart; ++i) {
    ViewedFile file;
    file.entry.name = std::to_string(1000 + i);
    result.files.push_back(file);
  }
  result.part_names = {"1000", "2000"};
  return result;
}

inline TestMessage of_failed_piece(const std::string& name) {
  const ViewPiece piece{{}, Error(ErrorKind::NotFound, "home: is gone")};
  return {name, encode(piece), [](ByteView bytes) { return encode(decode<ViewPiece>(bytes)); }};
}

template <typename Message>
TestMessage of(const std::string& name, const Message& message) {
  return {name, encode(message), [](ByteView bytes) { return encode(decode<Message>(bytes)); }};
}

inline Bytes bytes_of(const Payload& payload) {
  return {payload.view().begin(), payload.view().end()};
}

}  // namespace test_messages

inline std::vector<TestMessage> all_test_messages() {
  using namespace test_messages;
  const Hello hello{1, 2, "snapferry 0.1.0", {"role.source", "x"}};
  const Error error(ErrorKind::NoSpace, "zfs:backup: is full; make room");
  const VolumeName name{"web1", "zfs:tank/home"};
  return {
      {"hello", bytes_of(encode_hello(hello)),
       [](ByteView bytes) { return bytes_of(encode_hello(decode_hello(bytes))); }},
      {"failure", bytes_of(encode_failure(error)),
       [](ByteView bytes) { return bytes_of(encode_failure(decode_failure(bytes))); }},
      of("nothing", Nothing{}),
      of("source.features.request", FeaturesRequest{"zfs"}),
      of("source.features.answer", FeaturesReply{features()}),
      of("source.inventory.request", InventoryRequest{{"zfs:tank/**", "zfs:pool"}}),
      of("source.inventory.answer", InventoryReply{{volume(), plain_volume()}}),
      of("source.freeze.request", FreezeRequest{{"zfs:tank/home", "zfs:tank"}, "s"}),
      of("source.freeze.answer",
         FreezeReply{{{{"zfs:tank/home", point("s")}}, {{"zfs:tank", "is gone"}}}}),
      of("source.send.request", SendRequest{stream()}),
      of("source.settle.request", SettleRequest{{settlement(), plain_settlement()}}),
      of("failures.answer", FailuresReply{{{"zfs:tank", "is busy"}}}),
      of("store.open.request", OpenRequest{"zfs:backup/snapferry"}),
      of("store.open.answer", OpenReply{"zfs:backup/snapferry", "0123456789abcdef", features()}),
      of("store.inventory.request", ReplicasRequest{"web1"}),
      of("store.inventory.answer", ReplicasReply{{replica(), ReplicaState{}}}),
      of("store.replicas.answer", KnownReplicasReply{{changed_replica(), ReplicaState{}}}),
      of("store.give_up_partial.answer", GivenUpReply{true}),
      of("store.move.request", MoveRequest{name, {"web1", "zfs:tank/moved"}}),
      of("store.receive.request", ReceiveStart{name, VolumeType::Zvol, stream()}),
      of("replica", ReplicaName{name}),
      of("store.record_unchanged.request",
         UnchangedRequest{"main", -1'700'000'000, {name, {"web1", "zfs:tank"}}}),
      of("store.expectations.answer",
         ExpectationsReply{{{"web1",
                             {{"main", "zfs:tank/**"}, {"main", "zfs:tank/db"}},
                             {{"main", "zfs:tank/old", {"0102030405060708", 1'700'000'003}}},
                             true},
                            {"web2", {}, {}}}}),
      of("store.change_expectations.request",
         ExpectationRequest{"web1", "main", {"zfs:tank/db"}, {"zfs:tank/home", "zfs:tank/**"}}),
      of("store.send.request", StoreSendRequest{name, stream()}),
      of("store.destroy.request", DestroyRequest{name, {point("a")}}),
      of("store.verify.request", VerifyRequest{replica(), true}),
      of("store.verify.report", VerifyReport{4096, ReplicaDamage{name, "a", "is not read-only"}}),
      of("store.verify.report.plain", VerifyReport{1, {}}),
      of("source.describe.request", DescribeRequest{{"zfs:tank/home", "zfs:tank"}}),
      of("source.describe.answer",
         DescribeReply{{{"zfs:tank/home", properties()}, {"zfs:tank", {}}}}),
      of("store.describe.request", ReplicaDescriptions{{{name, properties()}}}),
      of("store.description.request", DescriptionRequest{name, point("a")}),
      of("store.description.answer", DescriptionReply{properties()}),
      of("target.complete.request",
         CompleteRequest{"zfs:tank/restored", VolumeType::Zvol, properties()}),
      of("target.complete.answer",
         CompleteReply{{{"mountpoint=/srv"}, {"quota: permission denied"}}}),
      of("store.init.request", InitRequest{"zfs:backup/snapferry"}),
      of("target.require_free.request", FreeRequest{"zfs:tank/restored"}),
      of("target.restore.request",
         RestoreStart{"zfs:tank/restored", VolumeType::Subvolume, stream()}),
      of("agent.report.answer", ReportReply{{{"landlock", Verdict::Warning, "kernel too old"},
                                             {"zfs", Verdict::Good, ""}}}),
      of("view.snapshot", snapshot()),
      of("view.root.request", ViewRootRequest{snapshot()}),
      of("view.root.answer", ViewRootReply{entry(EntryType::Directory, "")}),
      of("view.list.request", ViewListRequest{snapshot(), "home/alice", 256, 65536}),
      of("view.list.part", ViewPart{"home", 0, part()}),
      of("view.list.first_part", ViewPart{"", 0, first_part()}),
      of("view.data_in.request", ViewDataInRequest{snapshot(), range()}),
      of("view.data_in.answer", ViewDataInReply{{{0, 4096}, {8192, 9000}}}),
      of("view.read.request", ViewReadRequest{snapshot(), {range(), range()}}),
      of("view.read.piece", ViewPiece{{1, 2, 3}, {}}),
      of_failed_piece("view.read.failure"),
  };
}

}  // namespace snapferry::wire
