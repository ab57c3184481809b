#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sys/stat.h>

#include "core/entry.h"
#include "core/error.h"
#include "core/snapshot.h"
#include "platform/directory_listing.h"
#include "tree/backup/backup.h"
#include "tree/filesystem_traits.h"
#include "tree/owners.h"

namespace snapferry::tree {

// What is known of a file beside what a look at it tells.
struct FileMetadata {
  std::vector<ExtendedAttribute> xattrs;    // sorted by name
  std::optional<std::uint32_t> attributes;  // core/inode_attributes.h
  std::optional<std::uint32_t> project;
  // Why some of these are missing; empty: none is.
  std::string xattrs_problem = {};
  std::string attributes_problem = {};
};

// Where data is next, in bytes from the beginning of a file; begin == end: nowhere.
struct DataSpan {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

// Whether a look may be answered from what is remembered, or whoever keeps the file must be asked.
enum class Ask { Anew, Remembered };

// What lies between a directory and one in it.
enum class Boundary {
  None,
  Device,  // another filesystem, or a subvolume
  Mount,   // something is mounted there
};

// A regular file of a source, open for reading. Its directory outlives it. One thread.
class SourceFile {
 public:
  virtual ~SourceFile() = default;

  // As it is now. Of a file that changed while it was read another size or other times are told
  // than before.
  virtual struct statx look() = 0;
  virtual FileMetadata metadata() = 0;

  // The bytes from `offset` on; fewer than `size` only where the file ends, or is no longer what
  // look() told last.
  virtual std::size_t read(std::uint8_t* buffer, std::size_t size, std::uint64_t offset) = 0;

  // The next data at or after `offset`, and before `end`. Where nobody can tell there is data.
  virtual DataSpan next_data(std::uint64_t offset, std::uint64_t end) = 0;

  // All of it will be read in order.
  virtual void expect_reading() {}
};

// An open directory of a source. A `name` is that of an entry in it; symlinks are not followed.
// open_directory() from any thread, all else from one at a time.
class SourceDirectory {
 public:
  virtual ~SourceDirectory() = default;

  virtual std::shared_ptr<SourceDirectory> open_directory(const std::string& name) = 0;
  // Which directory it is: its device and inode, by which it is known again.
  virtual std::pair<std::uint64_t, std::uint64_t> identity() = 0;

  // Replaces `names` by those in it.
  virtual void list(platform::DirectoryListing& names) = 0;
  // From here on nothing but open_directory() is asked for.
  virtual void end_looking() {}

  // Mounts nothing. Fields of which the source knows nothing are 0; where something is mounted on a
  // directory, as far as known, it has STATX_ATTR_MOUNT_ROOT.
  virtual struct statx look(const char* name, Ask ask) = 0;
  // Of anything but a regular file; `stat` is what look() told.
  virtual FileMetadata metadata(const char* name, const struct statx& stat) = 0;
  virtual std::string link_target(const char* name) = 0;
  // nullptr if it is no longer a file that can be opened for reading.
  virtual std::unique_ptr<SourceFile> open(const char* name) = 0;
  // Of the filesystem that it is on.
  virtual FilesystemTraits filesystem(const char* name) = 0;

  // Whether it has a CACHEDIR.TAG that says so, and whether it is a store of this program; `names`
  // are those in it.
  virtual bool has_cache_tag(const platform::DirectoryListing& names) = 0;
  virtual bool is_own_store(const platform::DirectoryListing& names) = 0;
  // Whether it is in a mount of this program, which shows a store.
  virtual bool is_own_mount() { return false; }
  // Why the directory `name`, which the options do not exclude, is not to be entered; None if it
  // is.
  virtual LeftOut reason_not_to_enter(const char* name, Boundary boundary,
                                      const BackupOptions& options) = 0;
};

// The files of a volume as a backup walks them: a directory or any other file of this machine
// (tree/backup/local_files.h), or the files of a snapshot wherever it is
// (tree/backup/view_files.h).
//
// Everything in here throws as system_error does, what is not there (any more) with ENOENT. Safe
// from several threads.
class FileSource {
 public:
  virtual ~FileSource() = default;

  // The root of the volume, in above(). For messages, too.
  virtual const std::string& name() const = 0;
  // Where the root is looked at and opened. It is not listed.
  virtual std::shared_ptr<SourceDirectory> above() = 0;

  // Whether what is mounted in it is part of it. Otherwise that is left out with
  // LeftOut::OtherFilesystem, as BackupOptions::one_filesystem has it.
  virtual bool holds_mounts() const = 0;
  // Whether `error`, which somebody met in here, means that nothing more can be had of the source,
  // so that it says nothing of the one file.
  virtual bool is_gone(const Error& error) = 0;

  // The names that users and groups have there, as far as known; ascending by id.
  virtual std::vector<OwnerName> user_names(const OwnerIds& ids) = 0;
  virtual std::vector<OwnerName> group_names(const OwnerIds& ids) = 0;
};

}  // namespace snapferry::tree
