#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "testing/memory_objects.h"
#include "testing/temporary_directory.h"
#include "tree/backup/backup.h"
#include "tree/backup/file_source.h"
#include "tree/backup/walker.h"

namespace snapferry::testing {

// A real directory, and backups of it into memory.
class BackupScene : public ProblemSink {
 public:
  BackupScene();

  TemporaryDirectory root;
  MemoryObjects objects;
  tree::BackupOptions options;  // two threads, and this as its problem sink
  tree::WalkHooks hooks;
  // How the files at a path are read; LocalFiles unless told otherwise.
  std::function<std::unique_ptr<tree::FileSource>(const std::string& path)> source;

  // Below the root; directories on the way are made. Fails the test if it cannot.
  void write(std::string_view path, std::string_view content);
  void make_directory(std::string_view path);
  void make_symlink(std::string_view path, std::string_view target);

  // A full backup of the root, or of `path` below it.
  tree::BackupResult back_up(std::string_view path = {});
  // An incremental one. Unless `base_age` says otherwise the base was made long after
  // the last change, as the clock of files has it, so nothing is read for caution.
  tree::BackupResult back_up_again(const tree::BackupResult& base, std::int64_t base_age = -1000);

  // What a backup holds.
  std::optional<Entry> entry(const tree::BackupResult& backup, std::string_view path);
  std::string content(const tree::BackupResult& backup, std::string_view path);
  // The names in a directory whose content is there, too.
  std::vector<std::string> names(const tree::BackupResult& backup, std::string_view path = {});

  // "PATH: MESSAGE" of every problem so far, sorted.
  std::vector<std::string> problems() const;

  void problem(std::string_view path, std::string_view message) override;

 private:
  tree::BackupResult run(std::string_view path, const std::optional<tree::Base>& base);

  mutable std::mutex mutex_;
  std::vector<std::string> problems_;
};

// `size` bytes that follow from `seed` and do not repeat.
std::string noise(std::size_t size, std::uint64_t seed = 1);

}  // namespace snapferry::testing
