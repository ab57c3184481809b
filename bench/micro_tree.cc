// What a backup costs before anything is hashed, compressed or written: cutting, the
// pipeline of one big file, and a walk over an unchanged tree beside a bare one.
// SNAPFERRY_BENCH_TREE names a directory to walk; it is only read.

#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include <benchmark/benchmark.h>
#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/object_store.h"
#include "platform/fd.h"
#include "tree/backup/backup.h"
#include "tree/backup/chunker.h"
#include "tree/backup/local_files.h"

namespace {

using namespace snapferry;

Bytes random_bytes(std::size_t size) {
  std::mt19937_64 random(1);
  Bytes bytes(size);
  for (std::size_t i = 0; i + 8 <= size; i += 8) {
    const std::uint64_t value = random();
    std::memcpy(bytes.data() + i, &value, sizeof value);
  }
  return bytes;
}

// Keeps trees and forgets content. `passes` over the bytes stand for the work of
// hashing and compressing.
class BenchStore : public ObjectSink, public ObjectSource {
 public:
  explicit BenchStore(int passes = 1) : passes_(passes) {}

  ObjectId id_of(ObjectKind kind, ByteView bytes) const override {
    std::array<std::uint64_t, 4> words{static_cast<std::uint64_t>(kind), bytes.size(), 3, 4};
    for (int pass = 0; pass < passes_; ++pass) mix(bytes, words);
    ObjectId id;
    std::memcpy(id.bytes.data(), words.data(), sizeof words);
    return id;
  }

  std::vector<ObjectRef> missing(std::span<const ObjectRef>) override { return {}; }
  void settle() override {}
  bool any_lost() const override { return false; }

  ObjectId put(ObjectKind kind, ByteView bytes) override {
    const ObjectId id = id_of(kind, bytes);
    if (kind != ObjectKind::Data) {
      const std::lock_guard lock(mutex_);
      objects_.try_emplace(id, bytes.begin(), bytes.end());
    }
    return id;
  }

  Bytes get(ObjectKind, const ObjectId& id) override {
    const std::lock_guard lock(mutex_);
    return objects_.at(id);
  }

 private:
  static void mix(ByteView bytes, std::array<std::uint64_t, 4>& words) {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < bytes.size(); i += sizeof word) {
      std::memcpy(&word, bytes.data() + i, std::min(sizeof word, bytes.size() - i));
      std::uint64_t& into = words[i / sizeof word % words.size()];
      into = (into ^ word) * 0x9e3779b97f4a7c15;
      into ^= into >> 31;
    }
    words[0] += words[1] * 3 + words[2] * 5 + words[3] * 7;
  }

  const int passes_;
  std::mutex mutex_;
  std::unordered_map<ObjectId, Bytes, ObjectIdHash> objects_;
};

void cut_random_bytes(benchmark::State& state) {
  const Bytes bytes = random_bytes(64 << 20);
  for (auto _ : state) {
    ByteView left = bytes;
    while (!left.empty()) left = left.subspan(tree::first_chunk(left));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}
BENCHMARK(cut_random_bytes)->Unit(benchmark::kMillisecond);

// A file of 256 MiB in memory; the argument is the number of threads. Eight passes cost
// about what hashing and compressing do.
void back_up_one_big_file(benchmark::State& state) {
  const Bytes bytes = random_bytes(256 << 20);
  const platform::Fd file(::memfd_create("bench", MFD_CLOEXEC));
  platform::write_all(file.get(), bytes, "memory file");
  tree::BackupOptions options;
  options.threads = static_cast<unsigned>(state.range(0));
  for (auto _ : state) {
    ::lseek(file.get(), 0, SEEK_SET);
    BenchStore store(8);
    benchmark::DoNotOptimize(tree::backup_stream(file.get(), store, options).root);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}
BENCHMARK(back_up_one_big_file)->Arg(1)->Arg(2)->UseRealTime()->Unit(benchmark::kMillisecond);

// Directories to be looked at, shared by the threads of a bare walk.
class BareWalk {
 public:
  explicit BareWalk(const std::string& root) : directories_{root} {}

  void run() {
    std::vector<std::string> below;
    std::vector<char> buffer(256 << 10);
    std::string path;
    while (take(path)) {
      look_at_all(path, buffer, below);
      const std::lock_guard lock(mutex_);
      directories_.insert(directories_.end(), below.begin(), below.end());
      below.clear();
      --busy_;
    }
  }

 private:
  bool take(std::string& path) {
    for (;;) {
      {
        const std::lock_guard lock(mutex_);
        if (!directories_.empty()) {
          path = std::move(directories_.back());
          directories_.pop_back();
          ++busy_;
          return true;
        }
        if (busy_ == 0) return false;
      }
      std::this_thread::yield();
    }
  }

  static void look_at_all(const std::string& path, std::vector<char>& buffer,
                          std::vector<std::string>& below) {
    const platform::Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd.valid()) return;
    for (;;) {
      const long size = ::syscall(SYS_getdents64, fd.get(), buffer.data(), buffer.size());
      if (size <= 0) return;
      for (long at = 0; at < size;) {
        const auto* record = reinterpret_cast<const dirent64*>(buffer.data() + at);
        at += record->d_reclen;
        const std::string_view name = record->d_name;
        if (name == "." || name == "..") continue;
        struct statx stat;
        constexpr int kFlags = AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC;
        ::statx(fd.get(), record->d_name, kFlags, STATX_BASIC_STATS, &stat);
        if (S_ISDIR(stat.stx_mode)) below.push_back(path + "/" + record->d_name);
      }
    }
  }

  std::mutex mutex_;
  std::vector<std::string> directories_;
  std::size_t busy_ = 0;
};

std::string tree_to_walk() {
  const char* path = std::getenv("SNAPFERRY_BENCH_TREE");
  return path != nullptr ? path : "/usr/share";
}

void walk_bare(benchmark::State& state) {
  for (auto _ : state) {
    BareWalk walk(tree_to_walk());
    std::vector<std::jthread> threads;
    for (std::int64_t i = 0; i < state.range(0); ++i) threads.emplace_back([&] { walk.run(); });
  }
}
BENCHMARK(walk_bare)->Arg(1)->Arg(2)->UseRealTime()->Unit(benchmark::kMillisecond);

void back_up_unchanged(benchmark::State& state) {
  BenchStore store;
  tree::BackupOptions options;
  options.threads = static_cast<unsigned>(state.range(0));
  tree::LocalFiles files(tree_to_walk());
  const tree::BackupResult first = tree::backup(files, std::nullopt, store, store, options);
  const tree::Base base{first.root, {std::time(nullptr) + 1000, 0}};
  for (auto _ : state) {
    benchmark::DoNotOptimize(tree::backup(files, base, store, store, options).root);
  }
}
BENCHMARK(back_up_unchanged)->Arg(1)->Arg(2)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
BENCHMARK_MAIN();
