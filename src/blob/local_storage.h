#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "blob/open_files.h"
#include "blob/storage.h"
#include "blob/unsynced_changes.h"
#include "platform/fd.h"
#include "platform/uncached_writer.h"

struct stat;

namespace snapferry::blob {

// Objects as files of a directory:
//
//   NAME                    an object with a name of one part
//   PREFIX/NAME             one of two parts, but
//   packs/3f/3f…            below "packs", where the name begins with two of 0-9a-f,
//                           because there are many of them
//   .tmp-…                  an object that is being written, beside its later place;
//                           one that was left by a crash is removed by the list() of an
//                           instance that wrote something itself, when it is older than
//                           a day by the clock of the storage: that of what was written
//
// Files are of mode 0600 and directories 0700. Everything is relative to the directory
// as it was opened, also if it is renamed meanwhile. At most kOpenFiles descriptors are
// kept for reading: an object removed by another process can be readable until then.
//
// An object is a regular file. Anything else under its name (a FIFO, a device, a
// directory, a symlink) is Corrupt, and is never opened.
//
// put_new() wants renameat2(2) with RENAME_NOREPLACE, or hard links. Where a filesystem
// has neither (exFAT and others by FUSE) it makes an empty file that only one can make,
// and renames the whole one over it: of several racing one wins all the same, but others
// may see it empty first, and a crash may leave it so. Every object says by itself
// whether it is whole.
class LocalStorage : public Storage {
 public:
  // Makes the directory if it is missing. Throws Conflict if something else is in it,
  // NotFound if the directory above it is missing, PermissionDenied. Creating it twice
  // is no error.
  static std::unique_ptr<LocalStorage> create(const std::string& path);

  // Throws NotFound if there is no directory, PermissionDenied.
  static std::unique_ptr<LocalStorage> open(const std::string& path);

  std::string description() const override { return path_; }
  void put(std::string_view name, ByteView bytes) override;
  void put_new(std::string_view name, ByteView bytes) override;
  Bytes get(std::string_view name, std::uint64_t limit = kNoLimit) override;
  Bytes get_range(std::string_view name, std::uint64_t offset, std::size_t length) override;
  Bytes get_tail(std::string_view name, std::size_t length) override;
  ObjectInfo info(std::string_view name) override;
  // An empty prefix lists the names of one part.
  std::vector<ObjectInfo> list(std::string_view prefix) override;
  bool has_place(std::string_view prefix) override;
  void make_place(std::string_view prefix) override;
  void remove(std::string_view name) override;
  void adopt(std::string_view name) override;
  void sync() override { unsynced_.sync(); }

  static constexpr std::size_t kOpenFiles = 64;

 private:
  // Where an object is, relative to the root; the directory is "" for the root itself.
  struct Place {
    std::string directory;
    std::string path;
  };
  class TemporaryFile;

  LocalStorage(platform::Fd root, std::string path);

  static Place place_of(std::string_view name);
  void claim_directory();
  void sync_above() const;
  void make_directories(const std::string& directory);
  TemporaryFile write_temporary(const Place& place, ByteView bytes);
  void note_written(const Place& place);
  struct stat look_at(const std::string& path) const;
  void require_regular(const struct stat& stat, const std::string& path) const;
  OpenFile open_file(const std::string& path) const;
  std::shared_ptr<const OpenFile> kept_file(const std::string& path);
  Bytes read(const OpenFile& file, std::uint64_t offset, std::size_t length,
             const std::string& path) const;
  void list_directory(const std::string& path, std::string_view prefix,
                      std::vector<ObjectInfo>& found);
  void require_no_link(const std::string& path) const;
  void remove_if_left_over(int directory, const char* name) const;
  [[noreturn]] void fail(int number, std::string_view action, const std::string& path) const;

  const platform::Fd root_;
  const std::string path_;
  OpenFiles open_files_;
  // What the clock of the storage said when this instance wrote last; 0: it did not.
  std::atomic<std::int64_t> storage_time_{0};
  UnsyncedChanges unsynced_;
  platform::UncachedWriter writer_;
};

}  // namespace snapferry::blob
