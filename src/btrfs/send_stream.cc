#include "btrfs/send_stream.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>

#include <fcntl.h>
#include <linux/btrfs.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "btrfs/subvolume.h"
#include "core/bytes.h"
#include "core/error.h"

namespace snapferry::btrfs {
namespace {

constexpr int kPipeSize = 1 << 20;
constexpr unsigned kCompressedVersion = 2;

// The kernel writes into the pipe on behalf of this thread, and signals it when nobody reads.
void block_broken_pipe_signal() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

}  // namespace

unsigned newest_send_version() {
  try {
    const auto text = platform::read_file("/sys/fs/btrfs/features/send_stream_version", 4096);
    return static_cast<unsigned>(std::max(1, std::atoi(std::string(as_text(text)).c_str())));
  } catch (const Error&) {
    return 1;
  }
}

std::vector<SendLeg> send_legs(const StreamRequest& request,
                               const std::function<platform::Fd(const Point&)>& open) {
  std::uint64_t parent = 0;
  std::vector<platform::Fd> kept;
  std::vector<std::uint64_t> clone_sources;
  const auto keep = [&](const Point& point) {
    if (point.kind != PointKind::Snapshot) {
      throw Error(ErrorKind::Unsupported,
                  request.volume + "@" + point.name + ": btrfs sends from snapshots alone");
    }
    kept.push_back(open(point));
    return subvolume_id_of(kept.back().get(), request.volume);
  };
  if (request.base) parent = keep(*request.base);
  for (const auto& point : request.clone_sources) clone_sources.push_back(keep(point));
  auto points = request.intermediates;
  points.push_back(request.to);
  std::vector<SendLeg> legs;
  for (const auto& point : points) {
    SendLeg leg;
    leg.subject = request.volume + "@" + point.name;
    leg.subvolume = open(point);
    leg.parent = parent;
    leg.clone_sources = clone_sources;
    parent = subvolume_id_of(leg.subvolume.get(), leg.subject);
    legs.push_back(std::move(leg));
  }
  legs.front().others = std::move(kept);
  return legs;
}

SendFormat send_format(const StreamRequest& request) {
  return request.features.compressed ? SendFormat::Compressed : SendFormat::Version1;
}

SendStream::SendStream(std::vector<SendLeg> legs, SendFormat format) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw system_error(errno, "make it", "a pipe");
  output_ = platform::Fd(ends[0]);
  platform::Fd input(ends[1]);
  (void)::fcntl(input.get(), F_SETPIPE_SZ, kPipeSize);
  maker_ = std::thread([this, legs = std::move(legs), format, input = std::move(input)]() mutable {
    make(legs, format, std::move(input));
  });
}

SendStream::~SendStream() {
  // The kernel gives up at its next write.
  output_.reset();
  if (maker_.joinable()) maker_.join();
}

void SendStream::make(const std::vector<SendLeg>& legs, SendFormat format, platform::Fd input) {
  block_broken_pipe_signal();
  try {
    for (const auto& leg : legs) send(leg, format, input.get());
  } catch (...) {
    failure_ = std::current_exception();
  }
}

void SendStream::send(const SendLeg& leg, SendFormat format, int input) {
  std::vector<__u64> clone_sources(leg.clone_sources.begin(), leg.clone_sources.end());
  btrfs_ioctl_send_args arguments{};
  arguments.send_fd = input;
  arguments.parent_root = leg.parent;
  // The clone sources are all that the kernel reflinks from; the parent is none by itself.
  if (leg.parent != 0) clone_sources.push_back(leg.parent);
  arguments.clone_sources = clone_sources.data();
  arguments.clone_sources_count = clone_sources.size();
  if (format == SendFormat::Compressed) {
    arguments.flags = BTRFS_SEND_FLAG_VERSION | BTRFS_SEND_FLAG_COMPRESSED;
    arguments.version = kCompressedVersion;
  }
  if (::ioctl(leg.subvolume.get(), BTRFS_IOC_SEND, &arguments) < 0) {
    // Not of a path that somebody gave: any user of the volume can make one.
    if (errno == ENAMETOOLONG) {
      throw Error(ErrorKind::Unsupported,
                  leg.subject +
                      ": btrfs cannot send it, because a path in it is longer than 4,096 bytes; "
                      "find that with find -regextype egrep -regex '.{3900,}', and move it up");
    }
    // No loss of a connection that passes.
    if (errno == EIO) {
      throw Error(ErrorKind::Corrupt,
                  leg.subject +
                      ": a part of it cannot be read: Input/output error; see what "
                      "'btrfs scrub' says of the filesystem, and replace that file");
    }
    throw system_error(errno, "send the subvolume", leg.subject);
  }
}

std::size_t SendStream::read(std::span<std::uint8_t> buffer) {
  while (true) {
    const auto size = ::read(output_.get(), buffer.data(), buffer.size());
    if (size >= 0) return static_cast<std::size_t>(size);
    if (errno != EINTR) throw system_error(errno, "read", "the stream of btrfs");
  }
}

void SendStream::finish() {
  if (maker_.joinable()) maker_.join();
  if (failure_) std::rethrow_exception(failure_);
}

}  // namespace snapferry::btrfs
