#include "testing/fake_target.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "testing/fake_stream.h"

namespace snapferry::testing {
namespace {

constexpr std::uint64_t kPiece = 4096;

[[noreturn]] void corrupt(const std::string& what) {
  throw Error(ErrorKind::Corrupt, "fake stream: " + what);
}

}  // namespace

void FakeTarget::require_free(const std::string& volume) {
  const std::lock_guard lock(host_.mutex_);
  if (host_.volumes_.contains(volume)) {
    throw Error(ErrorKind::AlreadyExists, volume + ": is there");
  }
  const std::string parent = volume.substr(0, volume.rfind('/'));
  if (!parent.ends_with("pool") && !host_.volumes_.contains(parent)) {
    throw Error(ErrorKind::NotFound, parent + ": no such volume");
  }
}

bool FakeTarget::takes_over(const std::string& volume, const Point& point) {
  const std::lock_guard lock(host_.mutex_);
  for (const auto& [name, other] : host_.volumes_) {
    const auto* state = FakeHost::find_snapshot(other, point.guid);
    if (state == nullptr) continue;
    FakeHost::Volume made;
    made.guid = next_fake_guid();
    made.files = state->files;
    made.revision = state->revision;
    made.states = {*state};
    host_.volumes_.emplace(volume, std::move(made));
    return true;
  }
  return false;
}

void FakeTarget::restore(const std::string& volume, VolumeType, const StreamRequest& request,
                         Stream& stream, Progress* progress, const Cancellation* cancellation) {
  require_free(volume);
  if (!reads_what_it_has && takes_over(volume, request.to)) return;
  FakeStreamReader reader(stream);
  const auto record = reader.next();
  if (!record || record->to != request.to.guid || record->name != request.to.name ||
      !record->base.is_zero()) {
    corrupt("not the snapshot that was asked for");
  }
  Bytes payload;
  while (payload.size() < record->payload_size) {
    if (cancellation != nullptr) cancellation->check();
    const auto left = record->payload_size - payload.size();
    const Bytes piece = reader.payload(std::min(kPiece, left));
    payload.insert(payload.end(), piece.begin(), piece.end());
    if (progress != nullptr) progress->bytes += piece.size();
  }
  if (reader.next()) corrupt("another snapshot that was not asked for");
  stream.finish();
  FakeHost::Volume made;
  made.guid = next_fake_guid();
  made.files = fake_apply({}, payload);
  made.revision = next_fake_number();
  FakeHost::State state;
  state.point.name = record->name;
  state.point.guid = record->to;
  state.point.order = next_fake_number();
  state.files = made.files;
  state.revision = made.revision;
  made.states.push_back(std::move(state));
  const std::lock_guard lock(host_.mutex_);
  if (!host_.volumes_.emplace(volume, std::move(made)).second) {
    throw Error(ErrorKind::AlreadyExists, volume + ": is there");
  }
}

// "mountpoint" stands for what mounts, shares or runs something.
Completion FakeTarget::complete(const std::string& volume, VolumeType,
                                const VolumeProperties& properties) {
  Completion completion;
  const std::lock_guard lock(host_.mutex_);
  auto& made = host_.find(volume);
  for (const auto& [name, value] : properties) {
    if (name == "mountpoint") {
      completion.left.push_back(name + "=" + value);
    } else {
      made.properties[name] = value;
    }
  }
  return completion;
}

}  // namespace snapferry::testing
