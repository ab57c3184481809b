#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/snapshot.h"
#include "core/snapshot_view.h"
#include "core/volume.h"
#include "wire/messages.h"

namespace snapferry::wire {

// What the verbs of SnapshotView carry; the grammar and the limits are in PROTOCOL.md. Every
// request names its snapshot, so that it means the same to another connection.

struct SnapshotName {
  static constexpr std::string_view kName = "the name of a snapshot";
  VolumeName volume;  // the replica
  std::string name;   // behind the '@'
  Guid guid;
  bool operator==(const SnapshotName&) const = default;

  Point point() const { return {.kind = PointKind::Snapshot, .name = name, .guid = guid}; }
};

struct ViewRootRequest {  // view.root
  static constexpr std::string_view kName = "a view.root request";
  SnapshotName snapshot;
};
struct ViewRootReply {
  static constexpr std::string_view kName = "a view.root answer";
  Entry root;
};

struct ViewListRequest {  // view.list
  static constexpr std::string_view kName = "a view.list request";
  SnapshotName snapshot;
  std::string directory;
  std::uint32_t first = 0;
  std::uint32_t ahead = 0;  // bytes of parts that may follow the one asked for
};
struct ViewPart {  // one record of the answer
  static constexpr std::string_view kName = "a part of a view.list answer";
  std::string directory;
  std::uint32_t first = 0;
  DirectoryPart part;
};

struct ViewDataInRequest {  // view.data_in
  static constexpr std::string_view kName = "a view.data_in request";
  SnapshotName snapshot;
  FileRange range;
};
struct ViewDataInReply {
  static constexpr std::string_view kName = "a view.data_in answer";
  std::vector<DataRange> data;
};

struct ViewReadRequest {  // view.read
  static constexpr std::string_view kName = "a view.read request";
  SnapshotName snapshot;
  std::vector<FileRange> ranges;
};
struct ViewPiece {  // one record of the answer: a range's bytes, or why there are none
  static constexpr std::string_view kName = "a piece of a view.read answer";
  Bytes bytes;
  std::optional<Error> failure;
};

inline constexpr std::size_t kMaxRanges = 1024;         // of one view.read
inline constexpr std::uint32_t kMaxAhead = 4u << 20;    // bytes
inline constexpr std::size_t kMaxViewPath = 32u << 10;  // of a directory

// Like those of messages.h. decode() throws Corrupt also for names that no directory can hold, for
// entries out of order, and for parts that do not fit the whole.
#define SNAPFERRY_VIEW_MESSAGE(Message) \
  template <>                           \
  Bytes encode(const Message&);         \
  template <>                           \
  Message decode<Message>(ByteView)
SNAPFERRY_VIEW_MESSAGE(SnapshotName);
SNAPFERRY_VIEW_MESSAGE(ViewRootRequest);
SNAPFERRY_VIEW_MESSAGE(ViewRootReply);
SNAPFERRY_VIEW_MESSAGE(ViewListRequest);
SNAPFERRY_VIEW_MESSAGE(ViewPart);
SNAPFERRY_VIEW_MESSAGE(ViewDataInRequest);
SNAPFERRY_VIEW_MESSAGE(ViewDataInReply);
SNAPFERRY_VIEW_MESSAGE(ViewReadRequest);
SNAPFERRY_VIEW_MESSAGE(ViewPiece);
#undef SNAPFERRY_VIEW_MESSAGE

// Whether the verb is one of a view, and the snapshot that its request names. Throws Corrupt for
// what is no such request.
bool is_of_view(Verb verb);
SnapshotName snapshot_of(Verb verb, ByteView request);

}  // namespace snapferry::wire
