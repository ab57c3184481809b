#include "zfs/read_back.h"

#include "core/error.h"
#include "core/wall_time.h"
#include "zfs/arguments.h"
#include "zfs/child_stream.h"
#include "zfs/command_failure.h"
#include "zfs/stream_inspector.h"
#include "zfs/stream_transfer.h"

namespace snapferry::zfs {
namespace {

struct Reader {
  platform::Commands& commands;
  const ReplicaState& replica;
  const StoreDataset& dataset;
  Progress* progress;
  const Cancellation* cancellation;

  // What stood in the way. Throws Cancelled.
  std::optional<Error> read(const Point& point, const Point* base) const {
    StreamRequest request;
    request.volume = replica.volume.path;
    request.features = {.large_blocks = true, .embedded = true, .compressed = true};
    // Without the key everything can still be read as it is stored.
    request.features.raw = replica.raw || !dataset.key_loaded;
    request.to = point;
    if (base != nullptr) request.base = *base;
    try {
      const auto argv = send_arguments(dataset.name, request);
      ChildStream stream(commands.start(argv, {.output = true}), argv);
      StreamInspector inspector(request, replica.type, ChecksumMode::Verify);
      drain(stream, inspector, progress, cancellation);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::Cancelled) throw;
      return error;
    }
    return std::nullopt;
  }
};

bool is_damage(const std::optional<Error>& error) {
  return error && error->kind() == ErrorKind::Corrupt;
}

}  // namespace

ReadBack read_back(platform::Commands& commands, const ReplicaState& replica,
                   const StoreDataset& dataset, Progress* progress,
                   const Cancellation* cancellation) {
  ReadBack result;
  if (replica.points.empty()) return result;
  const Reader reader{commands, replica, dataset, progress, cancellation};
  bool damaged = false;
  const Point* base = nullptr;
  for (const auto& point : replica.points) {
    const auto error = reader.read(point, base);
    if (error) result.damages.push_back({replica.volume, point.name, error->message()});
    damaged |= is_damage(error);
    base = &point;
  }
  // What cannot be read of an earlier one the newest need not have any more.
  if (damaged) {
    const auto error = reader.read(*base, nullptr);
    if (!error || is_damage(error)) result.newest_is_damaged = error.has_value();
  } else if (result.damages.empty()) {
    result.newest_is_damaged = false;
  }
  return result;
}

void note_damage(platform::Commands& commands, const std::string& snapshot, bool damaged,
                 Timestamp now) {
  const std::string property = kDamagedProperty;
  if (damaged) {
    run_command(commands, {"zfs", "set", property + "=" + format_utc(now), snapshot});
  } else {
    run_command(commands, {"zfs", "inherit", property, snapshot});
  }
}

}  // namespace snapferry::zfs
