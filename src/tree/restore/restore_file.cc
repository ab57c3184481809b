#include "tree/restore/restore_file.h"

#include <atomic>
#include <cerrno>
#include <memory>
#include <mutex>

#include <fcntl.h>
#include <unistd.h>

#include "core/error.h"
#include "platform/written_file.h"
#include "tree/filesystem_traits.h"
#include "tree/restore/content_cursor.h"
#include "tree/restore/losses.h"
#include "tree/restore/restore_entry.h"
#include "tree/restore/restore_session.h"

namespace snapferry::tree {
namespace {

using platform::Fd;

constexpr std::uint64_t kSmallRestoredFile = 4u << 20;
// What a worker takes of a big file before another takes the next part.
constexpr std::uint64_t kBytesAtOnce = 1u << 20;
constexpr std::size_t kRunsAtOnce = 64;

Bytes load_data(ObjectSource& source, const ContentRun& run) {
  Bytes bytes = source.get(ObjectKind::Data, *run.id);
  if (bytes.size() != run.length) {
    throw Error(ErrorKind::Corrupt, "data " + run.id->short_hex() + ": has the wrong length");
  }
  return bytes;
}

void set_size(int fd, const Entry& file) {
  if (::ftruncate(fd, static_cast<off_t>(file.size)) != 0) {
    throw system_error(errno, "set the size", file.name);
  }
}

// All of it is where its filesystem keeps it, or the file is not to get its name.
void settle_content(int fd, const Entry& file) {
  platform::flush_written(fd, file.name);
  // Only local filesystems are asked as a whole in the end: of the others the kernel knows little.
  if (!traits_of_filesystem(fd).is_local) platform::sync_written(fd, file.name);
}

// A big file that is being written. Deletes itself when the last worker lets go of it.
class BigFile final : public Work {
 public:
  BigFile(RestoreSession& session, RestoreDirectory& directory, DirectoryHandle here, Entry entry,
          std::optional<Existing> existing)
      : session_(session),
        directory_(directory),
        here_(std::move(here)),
        entry_(std::move(entry)),
        existing_(std::move(existing)),
        placement_(here_->get(), entry_.name, session.temporary_name()),
        cursor_(session.source, entry_.content) {
    directory_.hold();
  }

  void advance() override {
    try {
      session_.check_cancelled();
      if (!fd_.valid()) create();
      std::vector<ContentCursor::Run> runs;
      if (take_runs(runs)) {
        ++holds_;
        session_.queue.push(*this);
      }
      for (const ContentCursor::Run& run : runs) write(run);
    } catch (const Error& error) {
      if (ends_restore(error)) {
        stop();
        throw;
      }
      note_failure(error);
    } catch (...) {
      stop();
      throw;
    }
    if (--holds_ == 0) end();
  }

  void abandon() noexcept override { stop(); }

 private:
  void create() {
    const NewFileTraits& traits = directory_.traits();
    Fd fd = create_file(placement_, session_.metadata.creation_mode(entry_, traits));
    session_.metadata.own_new(fd.get(), entry_, traits, losses_);
    session_.attributes.prepare(fd.get(), entry_, losses_);
    set_size(fd.get(), entry_);
    fd_ = std::move(fd);
  }

  // True if there may be more.
  bool take_runs(std::vector<ContentCursor::Run>& runs) {
    std::uint64_t bytes = 0;
    while (!failed_ && bytes < kBytesAtOnce && runs.size() < kRunsAtOnce) {
      std::optional<ContentCursor::Run> run = cursor_.next();
      if (!run) return false;
      if (run->run.id) {
        bytes += run->run.length;
        runs.push_back(*run);
      } else {
        session_.add_progress(run->run.length);
      }
    }
    return !failed_;
  }

  void write(const ContentCursor::Run& run) {
    if (failed_) return;
    session_.check_cancelled();
    const Bytes bytes = load_data(session_.source, run.run);
    platform::pwrite_all(fd_.get(), bytes, run.offset, entry_.name);
    session_.add_written(bytes.size());
    session_.add_progress(bytes.size());
  }

  void note_failure(const Error& error) {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = error;
    failed_ = true;
  }

  // Nothing more will come of anything.
  void stop() noexcept {
    session_.stopping = true;
    if (--holds_ == 0) let_go();
  }

  void let_go() noexcept {
    RestoreDirectory& directory = directory_;
    const DirectoryHandle here = here_;
    delete this;
    directory.release(here);
  }

  void end() {
    try {
      if (!session_.stopping) publish();
    } catch (...) {
      session_.stopping = true;
      let_go();
      throw;
    }
    let_go();
  }

  void publish() {
    try {
      if (failure_) throw Error(*failure_);
      settle_content(fd_.get(), entry_);
      session_.metadata.finish_new(fd_.get(), entry_, directory_.traits(), losses_);
      clear_directory(session_, directory_, here_, entry_, existing_);
      placement_.commit(existing_ ? Placement::Expects::Something : Placement::Expects::Nothing);
    } catch (const Error& error) {
      session_.fail(directory_, entry_.name, error);
      return links_failed(session_, entry_);
    }
    session_.act(existing_ ? RestoreAction::Replace : RestoreAction::Create, directory_,
                 entry_.name, &entry_);
    if (!entry_.link_device) session_.attributes.seal(fd_.get(), entry_, losses_);
    session_.lost(directory_, entry_.name, losses_);
    links_done(session_, directory_, entry_, stat_open(fd_.get(), entry_.name));
  }

  RestoreSession& session_;
  RestoreDirectory& directory_;
  const DirectoryHandle here_;
  const Entry entry_;
  const std::optional<Existing> existing_;
  Placement placement_;
  ContentCursor cursor_;
  Fd fd_;
  std::atomic<std::size_t> holds_{1};
  std::atomic<bool> failed_{false};
  std::mutex mutex_;
  std::optional<Error> failure_;
  Losses losses_;  // by who creates or ends it
};

}  // namespace

bool is_small(const Entry& file) {
  if (file.content.depth != 0) return false;
  std::uint64_t data = 0;
  for (const ContentRun& run : file.content.runs) {
    if (run.id) data += run.length;
  }
  return data <= kSmallRestoredFile;
}

std::uint64_t bytes_to_write(ObjectSource& source, const Entry& file) {
  std::uint64_t bytes = 0;
  ContentCursor cursor(source, file.content);
  while (const auto next = cursor.next()) {
    if (next->run.id) bytes += next->run.length;
  }
  return bytes;
}

LoadedContent load_content(ObjectSource& source, const Entry& file) {
  LoadedContent content;
  std::uint64_t offset = 0;
  for (const ContentRun& run : file.content.runs) {
    if (run.id) content.emplace_back(offset, load_data(source, run));
    offset += run.length;
  }
  return content;
}

Fd create_file(Placement& placement, unsigned mode) {
  constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
  Fd fd(::openat(placement.directory(), placement.name().c_str(), kFlags | O_CLOEXEC, mode));
  if (!fd.valid() && errno == EEXIST) throw name_is_taken(placement.name());
  if (!fd.valid()) throw system_error(errno, "create", placement.name());
  placement.created();
  return fd;
}

std::uint64_t write_content(int fd, const LoadedContent& content, const Entry& file) {
  std::uint64_t written = 0;
  std::uint64_t end = 0;
  for (const auto& [offset, bytes] : content) {
    platform::pwrite_all(fd, bytes, offset, file.name);
    written += bytes.size();
    end = offset + bytes.size();
  }
  if (end != file.size) set_size(fd, file);
  settle_content(fd, file);
  return written;
}

void begin_big_file(RestoreSession& session, RestoreDirectory& directory,
                    const DirectoryHandle& here, Entry entry, std::optional<Existing> existing) {
  auto* file = new BigFile(session, directory, here, std::move(entry), std::move(existing));
  session.queue.push(*file);
}

}  // namespace snapferry::tree
