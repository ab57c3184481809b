#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <sys/stat.h>

#include "tree/file_reader.h"
#include "tree/walk_context.h"

namespace snapferry::tree {

// Where an entry is: in an open directory, or, for the root of the volume, at a path.
struct EntryPlace {
  const Directory* directory;  // nullptr for the root
  int fd;                      // of the directory; AT_FDCWD for the root
  const char* text;            // its name, or the path of the root
  std::string_view name;       // its name in the snapshot; empty for the root

  std::string path() const { return directory ? directory->path(name) : std::string(); }
};

// What became of an entry.
struct EntryOutcome {
  enum class State {
    Skipped,    // not part of the snapshot
    TakenOver,  // the bytes of the base
    Read,       // new bytes, all known
    Unstored,   // the last 32 bytes wait for the id of `content`
  };
  State state = State::Skipped;
  ByteView encoded;  // valid until the next call, or as long as the base
  EntryType type = EntryType::File;
  std::uint64_t size = 0;
  std::uint64_t shown = 0;  // of it, what Progress has counted while it was read
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint64_t device = 0;  // of a directory: that it is on
  bool mount_point = false;  // of a directory
  ByteView content;          // of an Unstored file; valid until the next call
  bool unsettled = false;

  bool is_directory() const { return type == EntryType::Directory; }
};

// Looks at entries, and reads what is not in the base. The trees of directories are
// left to whoever walks them: their last 32 bytes are those of the base, or zeros. One
// for each worker.
class EntryReader {
 public:
  EntryReader(WalkContext& context, BackupStats& stats)
      : context_(context), stats_(stats), files_(context) {}

  // `base` is the encoded entry of the same name in the base, or nullptr. With
  // `may_wait` a small file can be left Unstored. Throws as system_error if the entry
  // cannot be read, and what the sink throws.
  EntryOutcome read(const EntryPlace& place, const ByteView* base, bool may_wait);

 private:
  void take_over(const struct statx& stat, ByteView base, EntryOutcome& outcome);
  // False: it is no longer what `stat` says, and must be looked at again.
  bool read_changed(const EntryPlace& place, const struct statx& stat, bool may_wait,
                    EntryOutcome& outcome);
  bool read_file(const EntryPlace& place, const struct statx& stat, bool may_wait,
                 EntryOutcome& outcome);
  void read_content(const EntryPlace& place, int fd, const struct statx& stat, Entry& entry,
                    EntryOutcome& outcome);
  void store_content(Entry& entry, bool may_wait, EntryOutcome& outcome);
  void encode(const Entry& entry, EntryOutcome& outcome);
  bool is_left_out(const struct statx& stat) const;

  WalkContext& context_;
  BackupStats& stats_;
  FileReader files_;
  Bytes encoded_;
};

}  // namespace snapferry::tree
