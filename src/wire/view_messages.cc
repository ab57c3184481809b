#include "wire/view_messages.h"

#include <algorithm>

#include "core/tree_node.h"
#include "wire/failure.h"
#include "wire/value_forms.h"

namespace snapferry::wire {
namespace {

constexpr std::size_t kMaxTarget = 4096;
constexpr std::size_t kMaxAttribute = 64u << 10;
constexpr std::size_t kMaxAttributes = 16384;  // names are 64 KiB at most, of four bytes at least
constexpr std::size_t kMaxParts = (std::size_t{1} << 32) / SnapshotView::kFilesInPart;
constexpr std::uint64_t kMaxOffset = INT64_MAX;
constexpr std::uint32_t kNanosecondsPerSecond = 1'000'000'000;
constexpr std::uint32_t kAllModes = 07777;

constexpr std::size_t kLeastTime = 8 + 4;
constexpr std::size_t kLeastFile =
    1 + kLeastText + 3 * 4 + 2 * kLeastTime + 3 * 8 + 1 + 4 + kLeastText + 8 + 1;
constexpr std::size_t kLeastFileRange = 2 * kLeastText + 3 * 8;

template <typename Coder, typename Value>
void code_snapshot(Coder& coder, Value& snapshot) {
  code_volume_name(coder, snapshot.volume);
  coder.text(snapshot.name, kMaxName);
  coder.check(is_valid_name(snapshot.name), "holds a name that no snapshot can have");
  coder.guid(snapshot.guid);
}

template <typename Coder, typename Value>
void code_directory(Coder& coder, Value& path) {
  coder.text(path, kMaxViewPath);
  coder.check(is_view_path(path), "holds a path that leads nowhere in a snapshot");
}

template <typename Coder, typename Value>
void code_name(Coder& coder, Value& name) {
  coder.text(name, kMaxName);
  coder.check(is_valid_name(name), "holds a name that no file can have");
}

template <typename Coder, typename Value>
void code_first(Coder& coder, Value& first) {
  coder.u32(first);
  coder.check(first % SnapshotView::kFilesInPart == 0, "begins within a part of a directory");
}

template <typename Coder, typename Value>
void code_range(Coder& coder, Value& range, std::uint64_t longest) {
  code_directory(coder, range.directory);
  code_name(coder, range.name);
  coder.u64(range.version);
  coder.u64(range.offset);
  coder.u64(range.length);
  coder.check(range.offset <= kMaxOffset && range.length <= longest,
              "holds a range beyond its limit");
}

template <typename Coder, typename Value>
void code_time(Coder& coder, Value& time) {
  coder.i64(time.seconds);
  coder.u32(time.nanoseconds);
  coder.check(time.nanoseconds < kNanosecondsPerSecond, "holds a time that is none");
}

template <typename Coder, typename Value>
void code_attributes(Coder& coder, Value& attributes) {
  coder.list(attributes, kMaxAttributes, 2 * kLeastText, [&](auto& attribute) {
    coder.text(attribute.name, kMaxName);
    coder.bytes(attribute.value, kMaxAttribute);
  });
  const auto out_of_order = std::ranges::adjacent_find(
      attributes, [](const auto& one, const auto& next) { return one.name >= next.name; });
  coder.check(out_of_order == attributes.end(), "holds attributes out of order");
  coder.check(attributes.empty() || !attributes.front().name.empty(),
              "holds an attribute without a name");
}

template <typename Coder, typename Value>
void code_entry(Coder& coder, Value& entry) {
  coder.enumeration(entry.type, EntryType::File, EntryType::BlockDevice);
  coder.text(entry.name, kMaxName);
  coder.u32(entry.mode);
  coder.check(entry.mode <= kAllModes, "holds a mode that is none");
  coder.u32(entry.uid);
  coder.u32(entry.gid);
  code_time(coder, entry.mtime);
  code_time(coder, entry.ctime);
  coder.u64(entry.inode);
  coder.u64(entry.size);
  coder.u64(entry.device);
  coder.optional(entry.link_device, [&](auto& device) { coder.u64(device); });
  code_attributes(coder, entry.xattrs);
  coder.text(entry.target, kMaxTarget);
  const bool is_file = entry.type == EntryType::File;
  const bool is_device =
      entry.type == EntryType::CharacterDevice || entry.type == EntryType::BlockDevice;
  coder.check(is_file ? entry.size <= kMaxOffset : entry.size == 0, "holds a size that is none");
  coder.check(is_device || entry.device == 0, "holds the number of a device that is none");
  coder.check(entry.type != EntryType::Directory || !entry.link_device,
              "holds a directory with several names");
  coder.check(entry.type == EntryType::Symlink || entry.target.empty(),
              "holds the target of a symlink that is none");
}

template <typename Coder, typename Value>
void code_file(Coder& coder, Value& file) {
  code_entry(coder, file.entry);
  coder.check(is_valid_name(file.entry.name), "holds a name that no file can have");
  coder.u64(file.version);
  coder.flag(file.sparse);
  coder.check(file.entry.type == EntryType::File || (file.version == 0 && !file.sparse),
              "holds a version of what is no file");
}

// A part must fit the whole that it says it is of.
template <typename Coder>
void check_part(Coder& coder, const ViewPart& message) {
  constexpr std::uint32_t kFull = SnapshotView::kFilesInPart;
  const DirectoryPart& part = message.part;
  const std::uint32_t left = part.total - std::min(part.total, message.first);
  coder.check(part.files.size() == std::min(left, kFull), "holds a part of the wrong size");
  const auto out_of_order = std::ranges::adjacent_find(
      part.files,
      [](const auto& one, const auto& next) { return one.entry.name >= next.entry.name; });
  coder.check(out_of_order == part.files.end(), "holds files out of order");
  const bool has_names = message.first == 0 && part.total > kFull;
  const std::size_t parts = has_names ? (std::size_t{part.total} + kFull - 1) / kFull : 0;
  coder.check(part.part_names.size() == parts, "holds the names of the wrong number of parts");
  if (!has_names) return;
  const auto names_out_of_order =
      std::ranges::adjacent_find(part.part_names, std::greater_equal<>());
  coder.check(names_out_of_order == part.part_names.end(), "holds names of parts out of order");
  coder.check(part.part_names[0] == part.files.front().entry.name &&
                  part.part_names[1] > part.files.back().entry.name,
              "holds names of parts that do not fit");
}

// The message itself: one overload for each, found by the type.
template <typename Coder>
void code(Coder& coder, Like<SnapshotName> auto& message) {
  code_snapshot(coder, message);
}
template <typename Coder>
void code(Coder& coder, Like<ViewRootRequest> auto& message) {
  code_snapshot(coder, message.snapshot);
}
template <typename Coder>
void code(Coder& coder, Like<ViewRootReply> auto& message) {
  code_entry(coder, message.root);
  coder.check(message.root.name.empty(), "holds a root with a name");
  coder.check(message.root.type == EntryType::Directory, "holds a root that is no directory");
}
template <typename Coder>
void code(Coder& coder, Like<ViewListRequest> auto& message) {
  code_snapshot(coder, message.snapshot);
  code_directory(coder, message.directory);
  code_first(coder, message.first);
  coder.u32(message.ahead);
  coder.check(message.ahead <= kMaxAhead, "asks for too much ahead");
}
template <typename Coder>
void code(Coder& coder, Like<ViewPart> auto& message) {
  code_directory(coder, message.directory);
  code_first(coder, message.first);
  coder.u32(message.part.total);
  coder.list(message.part.part_names, kMaxParts, kLeastText + 1,
             [&](auto& name) { code_name(coder, name); });
  coder.list(message.part.files, SnapshotView::kFilesInPart, kLeastFile,
             [&](auto& file) { code_file(coder, file); });
  check_part(coder, message);
}
template <typename Coder>
void code(Coder& coder, Like<ViewDataInRequest> auto& message) {
  code_snapshot(coder, message.snapshot);
  code_range(coder, message.range, SnapshotView::kMaxLookAt);
}
template <typename Coder>
void code(Coder& coder, Like<ViewDataInReply> auto& message) {
  constexpr std::size_t kMost = SnapshotView::kMaxLookAt / SnapshotView::kUnit;
  coder.list(message.data, kMost, 2 * 8, [&](auto& range) {
    coder.u64(range.begin);
    coder.u64(range.end);
    coder.check(range.begin < range.end && range.begin % SnapshotView::kUnit == 0,
                "holds a range that is none");
  });
  const auto together = std::ranges::adjacent_find(
      message.data, [](const auto& one, const auto& next) { return one.end >= next.begin; });
  coder.check(together == message.data.end(), "holds ranges that are not apart");
}
template <typename Coder>
void code(Coder& coder, Like<ViewReadRequest> auto& message) {
  code_snapshot(coder, message.snapshot);
  coder.list(message.ranges, kMaxRanges, kLeastFileRange,
             [&](auto& range) { code_range(coder, range, SnapshotView::kMaxRead); });
}

const auto kCode = [](auto& coder, auto& message) { code(coder, message); };

}  // namespace

#define SNAPFERRY_VIEW_MESSAGE(Message)        \
  template <>                                  \
  Bytes encode(const Message& message) {       \
    return encode_with(kCode, message);        \
  }                                            \
  template <>                                  \
  Message decode<Message>(ByteView bytes) {    \
    return decode_with<Message>(kCode, bytes); \
  }
SNAPFERRY_VIEW_MESSAGE(SnapshotName)
SNAPFERRY_VIEW_MESSAGE(ViewRootRequest)
SNAPFERRY_VIEW_MESSAGE(ViewRootReply)
SNAPFERRY_VIEW_MESSAGE(ViewListRequest)
SNAPFERRY_VIEW_MESSAGE(ViewPart)
SNAPFERRY_VIEW_MESSAGE(ViewDataInRequest)
SNAPFERRY_VIEW_MESSAGE(ViewDataInReply)
SNAPFERRY_VIEW_MESSAGE(ViewReadRequest)
#undef SNAPFERRY_VIEW_MESSAGE

template <>
Bytes encode(const ViewPiece& piece) {
  Bytes bytes;
  Encoder encoder(bytes);
  encoder.flag(piece.failure.has_value());
  if (piece.failure) {
    ByteWriter(bytes).raw(encode_failure(*piece.failure).view());
  } else {
    encoder.bytes(piece.bytes, SnapshotView::kMaxRead);
  }
  return bytes;
}

template <>
ViewPiece decode<ViewPiece>(ByteView bytes) {
  ViewPiece piece;
  Decoder decoder(bytes, ViewPiece::kName);
  bool failed = false;
  decoder.flag(failed);
  if (failed) {
    piece.failure = decode_failure(bytes.subspan(1));
  } else {
    decoder.bytes(piece.bytes, SnapshotView::kMaxRead);
    decoder.expect_end();
  }
  return piece;
}

bool is_of_view(Verb verb) {
  return verb == Verb::ViewRoot || verb == Verb::ViewList || verb == Verb::ViewDataIn ||
         verb == Verb::ViewRead;
}

SnapshotName snapshot_of(Verb verb, ByteView request) {
  switch (verb) {
    case Verb::ViewRoot:
      return decode<ViewRootRequest>(request).snapshot;
    case Verb::ViewList:
      return decode<ViewListRequest>(request).snapshot;
    case Verb::ViewDataIn:
      return decode<ViewDataInRequest>(request).snapshot;
    case Verb::ViewRead:
      return decode<ViewReadRequest>(request).snapshot;
    default:
      throw Error(ErrorKind::Internal, "a verb that is of no view");
  }
}

}  // namespace snapferry::wire
