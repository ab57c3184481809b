#include "btrfs/receive.h"

#include <cerrno>
#include <cstdio>
#include <optional>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "btrfs/directory_names.h"
#include "btrfs/stream_inspector.h"
#include "btrfs/subvolume.h"
#include "btrfs/subvolume_writer.h"
#include "core/error.h"

namespace snapferry::btrfs {
namespace {

using Command = stream_format::Command;
using Attribute = stream_format::Attribute;

constexpr int kOpenRoot = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;

bool exists(int directory, const std::string& name) {
  struct stat status {};
  return ::fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
}

// Has the kernel commit what one receive asks for, where it can with what others do.
class Committer {
 public:
  explicit Committer(const ReceiveTarget& target) : turn_(target.turn) {
    if (target.commits != nullptr) member_.emplace(*target.commits);
  }

  // Calls `step`, of which a commit is part.
  template <class Step>
  void commit(Step step) {
    const Rest rest(turn_);
    if (member_) member_->meet();
    step();
  }

  // All data that was written before is durable on return, also that of others.
  void sync(int root, const std::string& subject) {
    const Rest rest(turn_);
    const auto step = [&] { sync_filesystem(root, subject); };
    if (!member_) return step();
    member_->once(step);
  }

 private:
  Turn* turn_;
  std::optional<GroupCommit::Member> member_;
};

// The subvolume in the making; removed unless it was published.
class Partial {
 public:
  Partial(const ReceiveTarget& target, Committer& committer)
      : directory_(target.directory),
        path_(target.path),
        placing_(target.placing),
        run_(target.run),
        committer_(committer) {}
  Partial(const Partial&) = delete;
  Partial& operator=(const Partial&) = delete;
  ~Partial() {
    if (published_) return;
    try {
      if (remove_partial(directory_, path_)) reclaim_space(directory_);
    } catch (const Error&) {  // the next receive tries again
    }
  }
  void begin(const StreamRecord& record, int base) {
    remove_partial(directory_, path_);
    const auto subject = path_ + "/" + kPartialName;
    committer_.commit([&] {
      if (record.command() == Command::Subvol) {
        create_subvolume(directory_, kPartialName, subject);
      } else {
        create_snapshot(base, directory_, kPartialName, Access::ReadWrite, subject);
      }
    });
    transaction_ = record.number(Attribute::Ctransid);
  }
  // Gives the finished snapshot, open.
  platform::Fd publish(int root, const Point& point) {
    const auto subject = path_ + "/" + point.name;
    if (placing_ == Placing::Snapshot) {
      place_snapshot(root, point, subject);
    } else {
      rename(root, point, subject);
    }
    auto snapshot = platform::open_at(directory_, point.name.c_str(), kOpenRoot, 0, subject);
    const auto state = describe(snapshot.get(), subject);
    if (state.received_uuid != point.guid || !state.read_only) {
      throw Error(ErrorKind::Internal, subject + ": is not as it was received");
    }
    return snapshot;
  }

 private:
  SubvolumeTime run_begin(int root, const std::string& subject) const {
    return run_ == nullptr ? SubvolumeTime{} : run_->of_run_with(describe(root, subject).otime);
  }

  void place_snapshot(int root, const Point& point, const std::string& subject) {
    const auto begin = run_begin(root, subject);
    committer_.commit([&] { set_received(root, point.guid, transaction_, begin, subject); });
    committer_.commit(
        [&] { create_snapshot(root, directory_, point.name, Access::ReadOnly, subject); });
    published_ = true;
    try {
      remove_partial(directory_, path_);
    } catch (const Error&) {  // the next receive tries again
    }
  }

  void rename(int root, const Point& point, const std::string& subject) {
    committer_.sync(root, subject);
    const auto begin = run_begin(root, subject);
    committer_.commit([&] { set_received(root, point.guid, transaction_, begin, subject); });
    if (::renameat2(directory_, kPartialName, directory_, point.name.c_str(), RENAME_NOREPLACE) !=
        0) {
      throw system_error(errno, "give it its name", subject);
    }
    published_ = true;
    committer_.commit([&] { set_read_only(root, subject); });
  }

  int directory_;
  const std::string& path_;
  Placing placing_;
  RunBegin* run_;
  Committer& committer_;
  std::uint64_t transaction_ = 0;
  bool published_ = false;
};

class Receiver {
 public:
  Receiver(const ReceiveTarget& target, const StreamRequest& request, Stream& stream,
           Progress* progress, const Cancellation* cancellation)
      : target_(target),
        request_(request),
        plan_(StreamPlan::of(request)),
        committer_(target),
        inspector_(stream, plan_, progress, cancellation) {}

  void run() {
    if (request_.base) base_ = target_.open(*request_.base);
    for (const auto& point : request_.clone_sources) others_.push_back(target_.open(point));
    auto points = request_.intermediates;
    points.push_back(request_.to);
    for (const auto& point : points) refuse_taken(point);
    for (std::size_t i = 0; i < points.size(); ++i) receive(points[i], i + 1 == points.size());
  }

 private:
  void refuse_taken(const Point& point) const {
    if (point.name.empty() || point.name.starts_with('.') ||
        point.name.find('/') != point.name.npos) {
      throw Error(ErrorKind::InvalidArgument,
                  target_.path + ": '" + point.name + "' cannot be the name of a snapshot here");
    }
    if (!exists(target_.directory, point.name)) return;
    throw Error(ErrorKind::AlreadyExists,
                target_.path + "/" + point.name +
                    ": is there already and is no complete copy of this snapshot; move it away");
  }

  void receive(const Point& point, bool last) {
    const StreamRecord* record = inspector_.next();
    Partial partial(target_, committer_);
    partial.begin(*record, base_.get());
    SubvolumeWriter writer(platform::open_at(target_.directory, kPartialName, kOpenRoot, 0,
                                             target_.path + "/" + kPartialName),
                           clone_sources(), inspector_);
    for (record = inspector_.next(); record->command() != Command::End;
         record = inspector_.next()) {
      writer.apply(*record);
    }
    writer.finish();
    if (last) inspector_.next();
    base_ = partial.publish(writer.root(), point);
    base_guid_ = point.guid;
  }

  std::vector<SubvolumeWriter::CloneSource> clone_sources() const {
    std::vector<SubvolumeWriter::CloneSource> sources;
    for (std::size_t i = 0; i < others_.size(); ++i) {
      sources.push_back({request_.clone_sources[i].guid, others_[i].get()});
    }
    if (base_.valid()) {
      sources.push_back({base_guid_ ? *base_guid_ : request_.base->guid, base_.get()});
    }
    return sources;
  }

  const ReceiveTarget& target_;
  const StreamRequest& request_;
  const StreamPlan plan_;
  Committer committer_;
  StreamInspector inspector_;
  platform::Fd base_;
  std::optional<Guid> base_guid_;  // once it is another than the request's
  std::vector<platform::Fd> others_;
};

}  // namespace

void receive_snapshots(const ReceiveTarget& target, const StreamRequest& request, Stream& stream,
                       Progress* progress, const Cancellation* cancellation) {
  Receiver(target, request, stream, progress, cancellation).run();
}

bool remove_partial(int directory, const std::string& path) {
  const auto subject = path + "/" + kPartialName;
  {
    const platform::Fd partial(::openat(directory, kPartialName, kOpenRoot | O_CLOEXEC));
    if (!partial.valid() && errno == ENOENT) return false;
    if (!partial.valid() || !is_subvolume(partial.get())) {
      throw Error(ErrorKind::Conflict, subject +
                                           ": is no subvolume, and nothing of this program's "
                                           "making; move it away");
    }
  }
  destroy_subvolume(directory, kPartialName, subject);
  return true;
}

void mend_interrupted(int directory, const std::string& path) {
  for (const auto& name : names_in(directory, path)) {
    if (name.starts_with('.')) continue;
    const platform::Fd fd(::openat(directory, name.c_str(), kOpenRoot | O_CLOEXEC));
    if (!fd.valid() || !is_subvolume(fd.get())) continue;
    const auto state = describe(fd.get(), path + "/" + name);
    const bool complete =
        !state.received_uuid.is_zero() && state.rtransid != 0 && state.generation <= state.rtransid;
    if (!state.read_only && complete) set_read_only(fd.get(), path + "/" + name);
  }
}

}  // namespace snapferry::btrfs
