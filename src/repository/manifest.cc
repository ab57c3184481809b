#include "repository/manifest.h"

#include "core/error.h"
#include "core/tree_node.h"
#include "repository/config.h"
#include "repository/object_name.h"
#include "repository/stored_time.h"

namespace snapferry::repository {
namespace {

constexpr std::uint32_t kWithoutSequence = 1;
constexpr std::uint32_t kWithoutMachine = 2;
constexpr std::uint32_t kWithoutFeed = 3;
constexpr std::uint32_t kManifestVersion = 4;
constexpr std::uint8_t kOneFilesystem = 1;
constexpr std::uint8_t kIncomplete = 2;
constexpr std::uint8_t kRecordsLeftOut = 4;

// In the order of the format; new ones go at the end.
constexpr std::uint64_t BackupStats::*kStatistics[] = {
    &BackupStats::files,         &BackupStats::directories,   &BackupStats::bytes,
    &BackupStats::files_new,     &BackupStats::files_changed, &BackupStats::files_unchanged,
    &BackupStats::files_removed, &BackupStats::files_failed,  &BackupStats::bytes_read,
    &BackupStats::bytes_added,   &BackupStats::bytes_stored,  &BackupStats::names_left_out,
    &BackupStats::files_reread,
};

void put_owners(ByteWriter& out, const std::vector<OwnerName>& owners) {
  out.u32(static_cast<std::uint32_t>(owners.size()));
  for (const OwnerName& owner : owners) {
    out.u32(owner.id);
    out.sized(as_bytes(owner.name));
  }
}

std::string take_text(ByteReader& in) { return std::string(as_text(in.sized())); }

std::vector<OwnerName> take_owners(ByteReader& in) {
  std::vector<OwnerName> owners;
  for (std::uint32_t count = in.u32(); count > 0; --count) {
    OwnerName owner;
    owner.id = in.u32();
    owner.name = take_text(in);
    owners.push_back(std::move(owner));
  }
  return owners;
}

void put_feed(ByteWriter& out, const std::optional<FeedToken>& feed) {
  out.sized(feed ? as_bytes(feed->kind) : ByteView());
  out.sized(feed ? ByteView(feed->token) : ByteView());
}

std::optional<FeedToken> take_feed(ByteReader& in) {
  FeedToken feed;
  feed.kind = take_text(in);
  const ByteView token = in.sized();
  if (feed.kind.empty() && token.empty()) return std::nullopt;
  feed.token.assign(token.begin(), token.end());
  if (!feed.is_valid()) in.fail("the token of its change feed is none that can be");
  return feed;
}

}  // namespace

Bytes encode_manifest(const Manifest& manifest, std::uint32_t format) {
  const bool has_feed = format >= kVersionWithFeeds;
  const Snapshot& snapshot = manifest.snapshot;
  Bytes bytes;
  ByteWriter out(bytes);
  out.u32(has_feed ? kManifestVersion : kWithoutFeed);
  out.sized(as_bytes(snapshot.volume.host));
  out.sized(as_bytes(snapshot.volume.path));
  out.sized(as_bytes(snapshot.set));
  put_time(out, snapshot.time);
  put_time(out, snapshot.finished);
  Bytes root;
  encode_entry(snapshot.root, root);
  out.sized(root);
  put_owners(out, snapshot.users);
  put_owners(out, snapshot.groups);
  out.u32(static_cast<std::uint32_t>(snapshot.excludes.size()));
  for (const std::string& exclude : snapshot.excludes) out.sized(as_bytes(exclude));
  out.u8(static_cast<std::uint8_t>((snapshot.one_filesystem ? kOneFilesystem : 0) |
                                   (snapshot.incomplete ? kIncomplete : 0) |
                                   (snapshot.records_left_out ? kRecordsLeftOut : 0)));
  out.u32(std::size(kStatistics));
  for (const auto statistic : kStatistics) out.u64(snapshot.stats.*statistic);
  out.sized(as_bytes(snapshot.program));
  out.u64(snapshot.sequence);
  put_time(out, snapshot.seen);
  out.raw(manifest.claim.view());
  out.raw(snapshot.machine.view());
  if (has_feed) put_feed(out, snapshot.feed);
  return bytes;
}

Manifest decode_manifest(ByteView bytes, const ObjectId& id) {
  const std::string name = object_name(ObjectType::Snapshot, id);
  ByteReader in(bytes, name);
  const std::uint32_t version = in.u32();
  if (version < kWithoutSequence || version > kManifestVersion) {
    in.fail("has a version that this program does not know");
  }
  Manifest manifest;
  Snapshot& snapshot = manifest.snapshot;
  snapshot.id = id;
  snapshot.volume.host = take_text(in);
  snapshot.volume.path = take_text(in);
  snapshot.set = take_text(in);
  snapshot.time = take_time(in);
  snapshot.finished = take_time(in);
  snapshot.root = decode_entry(in.sized(), true);
  snapshot.users = take_owners(in);
  snapshot.groups = take_owners(in);
  for (std::uint32_t count = in.u32(); count > 0; --count) {
    snapshot.excludes.push_back(take_text(in));
  }
  const std::uint8_t flags = in.u8();
  if ((flags & ~(kOneFilesystem | kIncomplete | kRecordsLeftOut)) != 0)
    in.fail("flags are unknown");
  snapshot.one_filesystem = (flags & kOneFilesystem) != 0;
  snapshot.incomplete = (flags & kIncomplete) != 0;
  snapshot.records_left_out = (flags & kRecordsLeftOut) != 0;
  const std::uint32_t statistics = in.u32();
  if (statistics > in.remaining() / 8) in.fail("ends too early");
  for (std::uint32_t i = 0; i < statistics; ++i) {
    const std::uint64_t value = in.u64();
    if (i < std::size(kStatistics)) snapshot.stats.*kStatistics[i] = value;
  }
  snapshot.program = take_text(in);
  if (version > kWithoutSequence) {
    snapshot.sequence = in.u64();
    snapshot.seen = take_time(in);
    manifest.claim = ObjectId::from_bytes(in.raw(ObjectId::kSize));
  }
  if (version > kWithoutMachine) {
    snapshot.machine = ObjectId::from_bytes(in.raw(ObjectId::kSize));
  }
  if (version > kWithoutFeed) snapshot.feed = take_feed(in);
  in.expect_end();
  return manifest;
}

}  // namespace snapferry::repository
