#pragma once

#include <optional>
#include <string>
#include <vector>

#include <sys/stat.h>
#include <sys/types.h>

#include "core/entry.h"
#include "platform/metadata_file.h"
#include "tree/owner_map.h"
#include "tree/restore/losses.h"

namespace snapferry::tree {

// What is known about files that this process creates in a directory.
struct NewFileTraits {
  // They belong to this process's user and group.
  bool own = false;
  // The mode they are created with is the one they have, but for the umask, and nobody
  // else can open them before they are finished.
  bool exact_mode = false;
  // They may have got an ACL from the directory.
  bool inherits_acl = true;
};

// Gives files the owner, mode, extended attributes and times of their entries, in
// this order: chown(2) takes setuid bits and capabilities away, an ACL carries the
// group bits of the mode, and everything but the times changes none of them. Each of them is tried
// whatever became of the others, and what this user or the filesystem cannot do is a loss of the
// file. A file that gets no ACL gets a mode by which nobody has more rights than with it. Setuid
// and setgid bits, capabilities and other attributes that the system trusts a file for are set only
// if the file then has the owner and the group that they were given to. Safe from several threads.
class MetadataWriter {
 public:
  explicit MetadataWriter(const OwnerMap& owners);

  // What open(2) shall give a new file.
  unsigned creation_mode(const Entry& entry, const NewFileTraits& traits) const;

  // The owner of a new file, before it has any content.
  void own_new(int fd, const Entry& entry, const NewFileTraits& traits, Losses& losses) const;
  // Everything else of a file that was opened with creation_mode and given to own_new.
  void finish_new(int fd, const Entry& entry, const NewFileTraits& traits, Losses& losses) const;

  // True if what `name` in `directory` is, `stat` by a look at it, has anything else
  // than `entry` says, as far as this user could change it; the rest is a loss.
  bool differs(int directory, const std::string& name, const struct statx& stat, const Entry& entry,
               Losses& losses) const;

  // Whether apply() would give what somebody else may have written more rights than it has: another
  // owner, setuid, setgid, capabilities. Then the file is to be written again: nobody can tell who
  // still has it open.
  bool gives_rights(const struct statx& stat, const Entry& entry) const;

  // Makes `file` what `entry` says, whatever it was.
  void apply(const platform::MetadataFile& file, const Entry& entry, Losses& losses) const;

  // Whether apply() can do that to a MetadataFile::handle() of what is `name` in `directory`,
  // `stat` by a look at it.
  bool handle_suffices(int directory, const std::string& name, const struct statx& stat,
                       const Entry& entry) const;

 private:
  struct Owner {
    uid_t user;  // -1: leave
    gid_t group;
    std::uint32_t mode;
  };
  // User attributes need the permission to write, which the mode may take away from an
  // owner who is not root; an ACL comes after the mode, of which it is a part.
  enum class BeforeMode { Yes, No };
  Owner wanted_owner(const Entry& entry, Losses& losses) const;
  Owner wanted_owner(const Entry& entry) const;
  std::uint32_t allowed_mode(int fd, std::uint32_t mode, const Entry& entry, Losses& losses) const;
  void set_mode(const platform::MetadataFile& file, std::uint32_t mode, const Entry& entry,
                Losses& losses) const;
  void restore_times(int fd, const Entry& entry, Losses& losses) const;
  bool has_its_owner(int fd, const Entry& entry) const;
  bool may_have_group(gid_t group) const;
  bool can_write(const std::string& xattr) const;
  void change_owner(int fd, const Entry& entry, const Owner& wanted, Losses& losses) const;
  ExtendedAttribute here(const ExtendedAttribute& xattr) const;
  bool xattrs_differ(const std::vector<ExtendedAttribute>& present, const Entry& entry,
                     Losses& losses) const;
  bool remove_others(const platform::MetadataFile& file, const Entry& entry, Losses& losses) const;
  void write_rest(const platform::MetadataFile& file, std::optional<std::uint32_t> mode,
                  const Entry& entry, Losses& losses) const;
  void write_xattrs(const platform::MetadataFile& file, const Entry& entry, BeforeMode when,
                    Losses& losses) const;
  void write_xattr(const platform::MetadataFile& file, const ExtendedAttribute& xattr,
                   const Entry& entry, Losses& losses) const;

  const OwnerMap& owners_;
  const bool root_;
  const uid_t user_;
  const gid_t group_;
  std::vector<gid_t> groups_;
  const std::uint32_t umask_;
};

}  // namespace snapferry::tree
