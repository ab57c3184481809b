#include "mount/mount.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <memory>
#include <mutex>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

#include "core/error.h"
#include "mount/file_system.h"
#include "mount/fuse_service.h"
#include "mount/object_cache.h"
#include "platform/fd.h"

namespace snapferry::mount {
namespace {

void check_fuse(const std::string& directory) {
  const platform::Fd device(::open("/dev/fuse", O_RDWR | O_CLOEXEC));
  if (device.valid()) return;
  if (errno == EACCES || errno == EPERM) {
    throw Error(ErrorKind::PermissionDenied,
                directory +
                    ": cannot mount: /dev/fuse may not be opened; run it as root, or "
                    "restore instead")
        .with_errno(errno);
  }
  throw Error(ErrorKind::Unsupported,
              directory +
                  ": cannot mount: this system has no FUSE (/dev/fuse); load it with "
                  "'modprobe fuse', or restore instead")
      .with_errno(errno);
}

void check_directory(const std::string& directory) {
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(directory.c_str()), ::closedir);
  if (!stream) {
    if (errno == ENOTDIR) {
      throw Error(ErrorKind::InvalidArgument,
                  directory + ": is not a directory; name an empty one");
    }
    if (errno == ENOENT) {
      throw Error(ErrorKind::NotFound, directory + ": no such directory; make it first");
    }
    if (errno == ENOTCONN) {
      throw Error(ErrorKind::Busy, directory +
                                       ": holds the rest of a broken mount; remove it with "
                                       "'fusermount3 -u' first");
    }
    throw system_error(errno, "open", directory);
  }
  while (const dirent* entry = ::readdir(stream.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") {
      throw Error(ErrorKind::Conflict,
                  directory + ": is not empty; name an empty directory to mount on");
    }
  }
}

// What libfuse would print goes into the error instead.
std::mutex log_mutex;
std::string log_text;

void collect_log(fuse_log_level, const char* format, va_list arguments) {
  std::array<char, 512> line{};
  std::vsnprintf(line.data(), line.size(), format, arguments);
  std::string text(line.data());
  while (text.ends_with('\n')) text.pop_back();
  const std::lock_guard lock(log_mutex);
  log_text = std::move(text);
}

[[noreturn]] void fail(const std::string& directory, const char* next_step) {
  const std::lock_guard lock(log_mutex);
  throw Error(ErrorKind::Unavailable,
              directory + ": cannot mount: " + (log_text.empty() ? "libfuse refused" : log_text) +
                  "; " + next_step);
}

// Ends the session on SIGINT, SIGTERM and SIGHUP for as long as this lives.
class EndOnSignals {
 public:
  explicit EndOnSignals(fuse_session* session) {
    thread_ = ::pthread_self();
    session_ = session;
    struct sigaction action {};
    action.sa_handler = end;
    for (std::size_t index = 0; index < kSignals.size(); ++index) {
      ::sigaction(kSignals[index], &action, &before_[index]);
    }
  }
  ~EndOnSignals() {
    for (std::size_t index = 0; index < kSignals.size(); ++index) {
      ::sigaction(kSignals[index], &before_[index], nullptr);
    }
    session_ = nullptr;
  }
  EndOnSignals(const EndOnSignals&) = delete;
  EndOnSignals& operator=(const EndOnSignals&) = delete;

 private:
  static constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP};

  static void end(int signal) {
    fuse_session* session = session_;
    if (session == nullptr) return;
    ::fuse_session_exit(session);
    // The thread in the loop sleeps until it is interrupted itself.
    if (::pthread_equal(::pthread_self(), thread_) == 0) ::pthread_kill(thread_, signal);
  }

  static inline std::atomic<fuse_session*> session_{nullptr};
  static inline pthread_t thread_{};
  std::array<struct sigaction, kSignals.size()> before_{};
};

// A session that is mounted; unmounts when it goes.
class Session {
 public:
  Session(FuseService& service, const std::string& directory, bool allow_other) {
    std::string options = "ro,nosuid,nodev,default_permissions,fsname=snapferry,subtype=snapferry";
    if (allow_other) options += ",allow_other";
    std::array<char*, 3> argv{const_cast<char*>("snapferry"), const_cast<char*>("-o"),
                              options.data()};
    fuse_args arguments = FUSE_ARGS_INIT(static_cast<int>(argv.size()), argv.data());
    ::fuse_set_log_func(collect_log);
    session_.reset(
        ::fuse_session_new(&arguments, &fuse_operations(), sizeof(fuse_lowlevel_ops), &service));
    ::fuse_opt_free_args(&arguments);
    if (!session_) fail(directory, "report this");
    if (::fuse_session_mount(session_.get(), directory.c_str()) != 0) {
      fail(directory, "see that the package fuse3 is installed");
    }
    mounted_ = true;
  }
  ~Session() {
    if (mounted_) ::fuse_session_unmount(session_.get());
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  fuse_session* get() const { return session_.get(); }

 private:
  struct Destroy {
    void operator()(fuse_session* session) const { ::fuse_session_destroy(session); }
  };
  std::unique_ptr<fuse_session, Destroy> session_;
  bool mounted_ = false;
};

}  // namespace

void mount(const std::vector<Snapshot>& snapshots, ObjectSource& source,
           const std::string& directory, const MountOptions& options) {
  check_directory(directory);
  check_fuse(directory);
  ObjectCache cache(source, options.cache_size);
  FileSystem file_system(snapshots, cache, options);
  FuseService service(file_system, options.problems);
  const Session session(service, directory, options.allow_other);
  const EndOnSignals signals(session.get());
  if (options.on_ready) options.on_ready();
  fuse_loop_config config{};
  config.clone_fd = 0;
  config.max_idle_threads = 10;
  const int result = ::fuse_session_loop_mt(session.get(), &config);
  if (result < 0) throw system_error(-result, "serve the mount", directory);
}

}  // namespace snapferry::mount
