#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <sys/stat.h>

#include "tree/backup/file_reader.h"
#include "tree/backup/walk_context.h"
#include "tree/filesystem_traits.h"

namespace snapferry::tree {

// Where an entry is: in an open directory, or, for the root of the volume, above it.
struct EntryPlace {
  const Directory* directory;  // nullptr for the root
  SourceDirectory& in;
  const char* text;       // its name in there
  std::string_view name;  // its name in the snapshot; empty for the root

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
  LeftOut reason = LeftOut::None;  // why it is Skipped
  ByteView encoded;                // valid until the next call, or as long as the base
  EntryType type = EntryType::File;
  std::uint64_t size = 0;
  std::uint64_t shown = 0;  // of it, what Progress has counted while it was read
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint64_t device = 0;  // of a directory: that it is on
  bool mount_point = false;  // of a directory
  bool same = false;         // as the base has it
  bool reread = false;       // the same, and that is known because it was read
  ByteView content;          // of an Unstored file; valid until the next call
  std::string problem;       // why it is not saved as it was; empty: it is
  std::string notice;        // what else is to be told about it; empty: nothing

  bool is_directory() const { return type == EntryType::Directory; }
};

// Looks at entries, and reads what is not in the base. A file is read to its end, whatever size it
// says it has; one that ended early or never settled, and attributes that could not be read, are a
// problem of the entry, which is marked as unsettled, and never cost the rest of it. The trees of
// directories are left to whoever walks them: their last 32 bytes are those of the base, or zeros.
// One for each worker.
class EntryReader {
 public:
  EntryReader(WalkContext& context, BackupStats& stats)
      : context_(context), stats_(stats), files_(context) {}

  // `base` is the encoded entry of the same name in the base, or nullptr. With
  // `may_wait` a small file can be left Unstored. Throws as the source does if the entry
  // cannot be read, and what the sink throws.
  EntryOutcome read(const EntryPlace& place, const ByteView* base, bool may_wait);

 private:
  void take_over(const struct statx& stat, ByteView base, EntryOutcome& outcome);
  // Notes what was read and is as the base has it.
  void compare(const struct statx& stat, ByteView base, EntryOutcome& outcome);
  // The same as take_over() for a file that is read to make sure. False as below.
  bool read_again(const EntryPlace& place, const struct statx& stat, ByteView base,
                  EntryOutcome& outcome);
  // False: it is no longer what `stat` says, and must be looked at again.
  bool read_changed(const EntryPlace& place, const struct statx& stat, bool may_wait,
                    EntryOutcome& outcome);
  bool read_file(const EntryPlace& place, const struct statx& stat, bool may_wait,
                 EntryOutcome& outcome);
  // All of an open file as far as it goes, its attributes with it.
  void read_open(const EntryPlace& place, SourceFile& file, const struct statx& stat, Entry& entry,
                 EntryOutcome& outcome);
  void read_content(const EntryPlace& place, SourceFile& file, const struct statx& stat,
                    Entry& entry, EntryOutcome& outcome);
  void read_as_data(SourceFile& file, std::uint64_t limit, Holes holes, Entry& entry,
                    EntryOutcome& outcome);
  bool read_as_stated(const EntryPlace& place, SourceFile& file, const struct statx& stat,
                      Entry& entry, EntryOutcome& outcome);
  const FilesystemTraits& filesystem_of(const EntryPlace& place, std::uint64_t device);
  bool may_be_empty(const EntryPlace& place, const struct statx& stat);
  void store_content(Entry& entry, bool may_wait, EntryOutcome& outcome);
  void note_early_end(const struct statx& stat, Entry& entry, EntryOutcome& outcome) const;
  void encode(const Entry& entry, EntryOutcome& outcome);
  void encode_with_fewer_attributes(Entry entry, EntryOutcome& outcome);
  bool is_due(const struct statx& stat) const;
  LeftOut reason_to_skip(const EntryPlace& place, const struct statx& stat) const;

  WalkContext& context_;
  BackupStats& stats_;
  FileReader files_;
  Bytes encoded_;
  // Of the device that was asked about last.
  std::optional<std::uint64_t> known_device_;
  FilesystemTraits known_traits_;
};

}  // namespace snapferry::tree
