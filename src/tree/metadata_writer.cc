#include "tree/metadata_writer.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"
#include "platform/fd.h"
#include "platform/metadata.h"
#include "platform/own_directory.h"
#include "tree/target.h"

namespace snapferry::tree {
namespace {

using platform::MetadataFile;

constexpr uid_t kLeave = static_cast<uid_t>(-1);
constexpr const char* kAccessAcl = "system.posix_acl_access";
constexpr const char* kDefaultAcl = "system.posix_acl_default";
constexpr const char* kCapability = "security.capability";
constexpr unsigned kPrivate = 0600;
constexpr std::uint32_t kSetId = S_ISUID | S_ISGID;
constexpr std::int64_t kCoarsestTime = 2;  // seconds; FAT

// The umask of the process. umask(2) tells it by changing it, so it is asked where nobody else has
// the same. Where that is not allowed every mode is set explicitly.
std::uint32_t read_umask() {
  const long umask = platform::in_own_directory(
      AT_FDCWD, [] { return static_cast<long>(::umask(static_cast<mode_t>(kPrivate))); });
  return umask < 0 ? 07777 : static_cast<std::uint32_t>(umask);
}

std::vector<gid_t> read_groups() {
  const int count = ::getgroups(0, nullptr);
  std::vector<gid_t> groups(static_cast<std::size_t>(std::max(count, 0)));
  const int got = ::getgroups(static_cast<int>(groups.size()), groups.data());
  groups.resize(static_cast<std::size_t>(std::max(got, 0)));
  return groups;
}

void set_times(int fd, struct timespec access, const Entry& entry) {
  const struct timespec times[2] = {access, {entry.mtime.seconds, entry.mtime.nanoseconds}};
  if (::utimensat(fd, "", times, AT_EMPTY_PATH) != 0) {
    throw system_error(errno, "set the time", entry.name);
  }
}

bool has_time(const struct statx& stat, const Entry& entry) {
  return stat.stx_mtime.tv_sec == entry.mtime.seconds &&
         stat.stx_mtime.tv_nsec == entry.mtime.nanoseconds;
}

void remove_xattr(const MetadataFile& file, const std::string& name, const Entry& entry) {
  const int error = file.remove_xattr(name.c_str());
  if (error != 0 && error != ENODATA && error != EOPNOTSUPP) {
    throw system_error(error, "remove extended attribute " + name, entry.name);
  }
}

// The rest belongs to the system: labels and the like.
bool is_ours(std::string_view name) {
  return name.starts_with("user.") || name.starts_with("trusted.") || name == kCapability ||
         name == kAccessAcl || name == kDefaultAcl;
}

bool same_value(const std::vector<ExtendedAttribute>& xattrs, const ExtendedAttribute& wanted) {
  return std::find(xattrs.begin(), xattrs.end(), wanted) != xattrs.end();
}

bool has_name(const std::vector<ExtendedAttribute>& xattrs, const std::string& name) {
  return std::any_of(xattrs.begin(), xattrs.end(), [&](const auto& x) { return x.name == name; });
}

}  // namespace

MetadataWriter::MetadataWriter(const OwnerMap& owners, Limitations& limitations)
    : owners_(owners),
      limitations_(limitations),
      root_(::geteuid() == 0),
      user_(::geteuid()),
      group_(::getegid()),
      groups_(read_groups()),
      umask_(read_umask()) {}

unsigned MetadataWriter::creation_mode(const Entry& entry, const NewFileTraits& traits) const {
  if (!traits.exact_mode || traits.inherits_acl || !entry.xattrs.empty()) return kPrivate;
  const std::uint32_t mode = wanted_owner(entry).mode;
  return (mode & (07000 | umask_)) == 0 ? mode : kPrivate;
}

void MetadataWriter::own_new(int fd, const Entry& entry, const NewFileTraits& traits) const {
  const Owner wanted = wanted_owner(entry);
  const bool mine = (wanted.user == kLeave || wanted.user == user_) &&
                    (wanted.group == kLeave || wanted.group == group_);
  if (!(traits.own && mine)) change_owner(fd, entry, wanted);
}

void MetadataWriter::finish_new(int fd, const Entry& entry, const NewFileTraits& traits) const {
  const MetadataFile file = MetadataFile::opened(fd);
  if (traits.inherits_acl) remove_xattr(file, kAccessAcl, entry);
  write_xattrs(file, entry, BeforeMode::Yes);
  const std::uint32_t mode = wanted_owner(entry).mode;
  if (traits.inherits_acl || creation_mode(entry, traits) != mode) set_mode(file, mode, entry);
  write_xattrs(file, entry, BeforeMode::No);
  restore_times(fd, entry);
}

bool MetadataWriter::differs(int directory, const std::string& name, const struct statx& stat,
                             const Entry& entry) const {
  const Owner wanted = wanted_owner(entry);
  if (wanted.user != kLeave && wanted.user != stat.stx_uid) return true;
  if (wanted.group != kLeave && wanted.group != stat.stx_gid) return true;
  if (entry.type != EntryType::Symlink && (stat.stx_mode & 07777) != wanted.mode) return true;
  if (!has_time(stat, entry)) return true;
  const auto present = platform::read_xattrs_at(directory, name.c_str(), name);
  // Its owner may not be able to read them, but can change that.
  return !present.problem.empty() || xattrs_differ(present.xattrs, entry);
}

bool MetadataWriter::xattrs_differ(const std::vector<ExtendedAttribute>& present,
                                   const Entry& entry) const {
  for (const ExtendedAttribute& xattr : entry.xattrs) {
    if (can_write(xattr.name) && !same_value(present, xattr)) return true;
  }
  return std::any_of(present.begin(), present.end(), [&](const ExtendedAttribute& xattr) {
    return is_ours(xattr.name) && can_write(xattr.name) && !has_name(entry.xattrs, xattr.name);
  });
}

void MetadataWriter::apply(const MetadataFile& file, const Entry& entry) const {
  const struct statx stat = stat_open(file.fd(), entry.name);
  const Owner wanted = wanted_owner(entry);
  if ((wanted.user != kLeave && wanted.user != stat.stx_uid) ||
      (wanted.group != kLeave && wanted.group != stat.stx_gid)) {
    change_owner(file.fd(), entry, wanted);
  }
  const bool has_mode = entry.type != EntryType::Symlink;
  if (has_mode && !root_ && (stat.stx_mode & 0600) != 0600) {
    set_mode(file, (stat.stx_mode & 07777) | 0600, entry);
  }
  remove_others(file, entry);
  // Again even those that were there: chown(2) and chmod(2) change capabilities and ACLs.
  write_xattrs(file, entry, BeforeMode::Yes);
  if (has_mode) set_mode(file, wanted.mode, entry);
  write_xattrs(file, entry, BeforeMode::No);
  restore_times(file.fd(), entry);
}

void MetadataWriter::remove_others(const MetadataFile& file, const Entry& entry) const {
  const auto present = file.read_xattrs(entry.name);
  if (!present.problem.empty()) {
    limitations_.add(
        "extended attributes that files of the target have and that could not be read "
        "were left as they are");
  }
  for (const ExtendedAttribute& xattr : present.xattrs) {
    if (is_ours(xattr.name) && can_write(xattr.name) && !has_name(entry.xattrs, xattr.name)) {
      remove_xattr(file, xattr.name, entry);
    }
  }
}

bool MetadataWriter::handle_suffices(int directory, const std::string& name,
                                     const struct statx& stat, const Entry& entry) const {
  // A new mode would change an ACL.
  if (!entry.xattrs.empty()) return false;
  const auto present = platform::read_xattrs_at(directory, name.c_str(), name);
  if (!present.problem.empty() || xattrs_differ(present.xattrs, entry)) return false;
  return entry.type == EntryType::Symlink || platform::can_change_mode_of_handle() ||
         (stat.stx_mode & 07777) == wanted_owner(entry).mode;
}

bool MetadataWriter::gives_rights(const struct statx& stat, const Entry& entry) const {
  if (entry.type != EntryType::File) return false;
  const Owner wanted = wanted_owner(entry);
  return (wanted.user != kLeave && wanted.user != stat.stx_uid) ||
         (wanted.group != kLeave && wanted.group != stat.stx_gid) ||
         (wanted.mode & kSetId & ~stat.stx_mode) != 0 || has_name(entry.xattrs, kCapability);
}

// The mode as far as the file now belongs to whom it belonged to: chown(2) may have been refused,
// or said that it did what it did not.
std::uint32_t MetadataWriter::allowed_mode(int fd, std::uint32_t mode, const Entry& entry) const {
  if ((mode & kSetId) == 0) return mode;
  Owner allowed{kLeave, static_cast<gid_t>(kLeave), mode};
  const struct statx stat = stat_open(fd, entry.name);
  if (stat.stx_uid != owners_.user(entry.uid)) leave_out_mode(allowed, S_ISUID, "setuid");
  if (stat.stx_gid != owners_.group(entry.gid)) leave_out_mode(allowed, S_ISGID, "setgid");
  return allowed.mode;
}

void MetadataWriter::set_mode(const MetadataFile& file, std::uint32_t mode,
                              const Entry& entry) const {
  const std::uint32_t allowed = allowed_mode(file.fd(), mode, entry);
  const int error = file.change_mode(allowed);
  if (error == 0) return;
  const struct statx stat = stat_open(file.fd(), entry.name);
  if (error == EOPNOTSUPP && (stat.stx_mode & 07777) == allowed) return;
  // FAT has the modes of its mount.
  if (error != EPERM || stat.stx_uid != user_) {
    throw system_error(error, "set the mode", entry.name);
  }
  limitations_.add("modes were not restored where the filesystem of the target refused them");
}

// Looks at what became of it: some filesystems ignore a call that leaves the other time out.
void MetadataWriter::restore_times(int fd, const Entry& entry) const {
  set_times(fd, {0, UTIME_OMIT}, entry);
  struct statx stat = stat_open(fd, entry.name);
  if (has_time(stat, entry)) return;
  set_times(fd, {stat.stx_atime.tv_sec, static_cast<long>(stat.stx_atime.tv_nsec)}, entry);
  stat = stat_open(fd, entry.name);
  if (has_time(stat, entry)) return;
  const std::int64_t off = stat.stx_mtime.tv_sec - entry.mtime.seconds;
  limitations_.add(off >= -kCoarsestTime && off <= kCoarsestTime
                       ? "modification times are as near as the filesystem of the target keeps them"
                       : "modification times were not restored where the filesystem of the target "
                         "does not keep them");
}

MetadataWriter::Owner MetadataWriter::wanted_owner(const Entry& entry) const {
  Owner wanted{owners_.user(entry.uid), owners_.group(entry.gid), entry.mode};
  if (root_) return wanted;
  if (wanted.user != user_) {
    limitations_.add("owners were not restored: only root can set them");
    wanted.user = kLeave;
    leave_out_mode(wanted, S_ISUID, "setuid");
  }
  if (!may_have_group(wanted.group)) {
    limitations_.add("groups that this user is not in were not restored: only root can set them");
    wanted.group = kLeave;
    leave_out_mode(wanted, S_ISGID, "setgid");
  }
  return wanted;
}

// What runs as its owner must not run as another one.
void MetadataWriter::leave_out_mode(Owner& wanted, std::uint32_t bit, std::string_view name) const {
  if ((wanted.mode & bit) == 0) return;
  wanted.mode &= ~bit;
  limitations_.add(std::string(name) +
                   " bits were not restored where the owner or group they mean was not");
}

bool MetadataWriter::may_have_group(gid_t group) const {
  return group == group_ || std::find(groups_.begin(), groups_.end(), group) != groups_.end();
}

bool MetadataWriter::can_write(const std::string& xattr) const {
  return root_ || !(xattr.starts_with("security.") || xattr.starts_with("trusted."));
}

// What the system trusts a file for, it trusts its owner for.
bool MetadataWriter::has_its_owner(int fd, const Entry& entry) const {
  const struct statx stat = stat_open(fd, entry.name);
  return stat.stx_uid == owners_.user(entry.uid) && stat.stx_gid == owners_.group(entry.gid);
}

void MetadataWriter::change_owner(int fd, const Entry& entry, const Owner& wanted) const {
  if (wanted.user == kLeave && wanted.group == kLeave) return;
  if (::fchownat(fd, "", wanted.user, wanted.group, AT_EMPTY_PATH) == 0) return;
  if (errno != EPERM && errno != EINVAL) throw system_error(errno, "set the owner", entry.name);
  limitations_.add("owners were not restored where the system refused it: " +
                   std::string(errno == EPERM ? "not permitted" : "no such owner here"));
}

void MetadataWriter::write_xattrs(const MetadataFile& file, const Entry& entry,
                                  BeforeMode when) const {
  if (!file.has_xattrs() && !entry.xattrs.empty()) {
    limitations_.add(
        "extended attributes of what is not a file or directory were not restored where others "
        "can change names in its directory");
    return;
  }
  for (const ExtendedAttribute& xattr : entry.xattrs) {
    const bool before = xattr.name.starts_with("user.");
    if (before == (when == BeforeMode::Yes)) write_xattr(file, xattr, entry);
  }
}

void MetadataWriter::write_xattr(const MetadataFile& file, const ExtendedAttribute& xattr,
                                 const Entry& entry) const {
  const std::string space = xattr.name.substr(0, xattr.name.find('.') + 1);
  if (space == "security." && root_ && !has_its_owner(file.fd(), entry)) {
    limitations_.add("extended attributes " + space +
                     "* were not restored where the owner they mean was not");
    return;
  }
  if (!can_write(xattr.name)) {
    limitations_.add("extended attributes " + space +
                     "* were not restored: only root can set them");
    return;
  }
  const int error = file.set_xattr(xattr);
  if (error == 0) return;
  if (error == EOPNOTSUPP) {
    limitations_.add("extended attributes " + space +
                     "* were not restored: the filesystem of the target does not have them");
  } else if (error == EPERM) {
    limitations_.add("extended attributes " + space +
                     "* were not restored where the system refused it: not permitted");
  } else {
    // A filesystem also says ENOSPC for an attribute that is too large for it.
    Error failure = system_error(error, "set extended attribute " + xattr.name, entry.name);
    throw Error(ErrorKind::Unsupported, failure.message());
  }
}

}  // namespace snapferry::tree
