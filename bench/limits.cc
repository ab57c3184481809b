// limits CASE PATH [LEVEL]: how fast this machine can do the least that a backup must do,
// on all processors. Prints one line of JSON. The cases:
//
//   walk     statx on every entry of the tree
//   read     walk, then read every file
//   squeeze  walk, then read every file, HMAC-SHA-256 and compress it (zstd, LEVEL, by
//            default 3) in pieces of at most 1 MiB; nothing is written
//   hash     the same without compression
//
// Independent of the program that is measured: it shares none of its code for walking.

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/stat.h>
#include <zstd.h>

#include "bench/parallel.h"
#include "core/bytes.h"
#include "core/error.h"
#include "platform/fd.h"

namespace snapferry::bench {
namespace {

constexpr std::uint64_t kPiece = 1 << 20;
// Files are handed out in spans, so that one big file keeps all processors busy.
constexpr std::uint64_t kSpan = 16 * kPiece;

struct FoundFile {
  std::string path;
  std::uint64_t size = 0;
};

struct Found {
  std::vector<FoundFile> list;  // of regular files, if asked for
  std::uint64_t entries = 0;
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
};

// The directories that are still to be listed; a thread waits while others may yet add.
class Directories {
 public:
  explicit Directories(std::string root) { waiting_.push_back(std::move(root)); }

  void add(std::vector<std::string>& paths) {
    if (paths.empty()) return;
    const std::lock_guard lock(mutex_);
    std::move(paths.begin(), paths.end(), std::back_inserter(waiting_));
    paths.clear();
    changed_.notify_all();
  }

  // False when all are done. After a directory was taken and listed, call done().
  bool take(std::string& path) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !waiting_.empty() || busy_ == 0; });
    if (waiting_.empty()) return false;
    path = std::move(waiting_.back());
    waiting_.pop_back();
    busy_++;
    return true;
  }

  void done() {
    const std::lock_guard lock(mutex_);
    if (--busy_ == 0) changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> waiting_;
  unsigned busy_ = 0;
};

// With `keep_list`, the files are remembered for reading.
void list_directory(const std::string& path, bool keep_list, Found& found,
                    std::vector<std::string>& below) {
  platform::Fd fd = platform::open_path(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::fdopendir(fd.get()), ::closedir);
  if (!directory) throw system_error(errno, "list", path);
  const int descriptor = fd.release();
  while (const dirent* item = ::readdir(directory.get())) {
    const std::string_view name = item->d_name;
    if (name == "." || name == "..") continue;
    struct statx stat;
    if (::statx(descriptor, item->d_name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &stat) != 0) {
      throw system_error(errno, "stat", path + "/" + item->d_name);
    }
    found.entries++;
    if (S_ISDIR(stat.stx_mode)) below.push_back(path + "/" + item->d_name);
    if (!S_ISREG(stat.stx_mode)) continue;
    found.files++;
    found.bytes += stat.stx_size;
    if (keep_list) found.list.push_back({path + "/" + item->d_name, stat.stx_size});
  }
}

Found walk_directory(const std::string& root, bool keep_list) {
  Directories directories(root);
  std::vector<Found> parts(thread_count());
  on_all_processors([&](unsigned thread) {
    std::string path;
    std::vector<std::string> below;
    while (directories.take(path)) {
      list_directory(path, keep_list, parts[thread], below);
      directories.add(below);
      directories.done();
    }
  });
  Found all;
  for (Found& part : parts) {
    all.entries += part.entries;
    all.files += part.files;
    all.bytes += part.bytes;
    std::move(part.list.begin(), part.list.end(), std::back_inserter(all.list));
  }
  return all;
}

Found walk(const std::string& path, bool keep_list) {
  struct stat stat;
  if (::lstat(path.c_str(), &stat) != 0) throw system_error(errno, "stat", path);
  if (S_ISDIR(stat.st_mode)) return walk_directory(path, keep_list);
  const auto size = static_cast<std::uint64_t>(stat.st_size);
  return {{{path, size}}, 1, 1, size};
}

struct Span {
  const FoundFile* file;
  std::uint64_t offset;
  std::uint64_t length;
};

std::vector<Span> spans_of(const Found& found) {
  std::vector<Span> spans;
  for (const FoundFile& file : found.list) {
    for (std::uint64_t offset = 0; offset < file.size; offset += kSpan) {
      spans.push_back({&file, offset, std::min(kSpan, file.size - offset)});
    }
  }
  return spans;
}

// What is done to each piece of each file; one per thread.
class Work {
 public:
  Work(bool hash, int level)
      : hash_(hash), level_(level), compressed_(ZSTD_compressBound(kPiece)) {}

  // Returns what the piece would take in a store.
  std::uint64_t on_piece(ByteView piece) {
    if (hash_) {
      HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()), piece.data(), piece.size(),
           digest_, nullptr);
    }
    if (level_ == 0) return piece.size();
    const std::size_t size = ZSTD_compressCCtx(
        context_.get(), compressed_.data(), compressed_.size(), piece.data(), piece.size(), level_);
    return std::min(size, piece.size());
  }

 private:
  bool hash_;
  int level_;
  Bytes key_ = Bytes(32);
  unsigned char digest_[EVP_MAX_MD_SIZE] = {};
  Bytes compressed_;
  std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> context_{ZSTD_createCCtx(),
                                                                   ZSTD_freeCCtx};
};

struct Total {
  std::uint64_t read = 0;
  std::uint64_t stored = 0;
};

Total on_span(const Span& span, Work& work, Bytes& buffer) {
  Total total;
  platform::Fd fd = platform::open_path(span.file->path, O_RDONLY | O_NOFOLLOW);
  while (total.read < span.length) {
    const std::size_t wanted = std::min(kPiece, span.length - total.read);
    const std::size_t got = platform::pread_up_to(fd.get(), buffer.data(), wanted,
                                                  span.offset + total.read, span.file->path);
    if (got == 0) break;
    total.read += got;
    total.stored += work.on_piece(ByteView(buffer).first(got));
  }
  return total;
}

Total on_all(const Found& found, bool hash, int level) {
  const std::vector<Span> spans = spans_of(found);
  std::atomic<std::size_t> next = 0;
  std::atomic<std::uint64_t> read = 0;
  std::atomic<std::uint64_t> stored = 0;
  on_all_processors([&](unsigned) {
    Work work(hash, level);
    Bytes buffer(kPiece);
    for (std::size_t i; (i = next++) < spans.size();) {
      const Total total = on_span(spans[i], work, buffer);
      read += total.read;
      stored += total.stored;
    }
  });
  return {read, stored};
}

int run(const std::string& name, const std::string& path, int level) {
  const auto began = std::chrono::steady_clock::now();
  const Found found = walk(path, name != "walk");
  Total total;
  if (name == "read") total = on_all(found, false, 0);
  if (name == "hash") total = on_all(found, true, 0);
  if (name == "squeeze") total = on_all(found, true, level);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - began;
  std::printf(
      "{\"case\": \"%s\", \"seconds\": %.3f, \"entries\": %lu, \"files\": %lu, \"bytes\": %lu, "
      "\"stored\": %lu}\n",
      name.c_str(), seconds.count(), found.entries, found.files, found.bytes, total.stored);
  return 0;
}

}  // namespace
}  // namespace snapferry::bench

int main(int count, char** arguments) {
  const std::string name = count > 1 ? arguments[1] : "";
  const bool known = name == "walk" || name == "read" || name == "hash" || name == "squeeze";
  if (!known || count < 3 || count > 4) {
    std::fputs("usage: limits walk|read|hash|squeeze PATH [LEVEL]\n", stderr);
    return 2;
  }
  try {
    return snapferry::bench::run(name, arguments[2], count > 3 ? std::atoi(arguments[3]) : 3);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "limits: %s\n", error.what());
    return 1;
  }
}
