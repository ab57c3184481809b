#include "tree/restore/metadata_writer.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"
#include "platform/fd.h"
#include "platform/metadata.h"
#include "platform/own_directory.h"
#include "tree/posix_acl.h"
#include "tree/restore/target.h"

namespace snapferry::tree {
namespace {

using platform::MetadataFile;

constexpr uid_t kLeave = static_cast<uid_t>(-1);
constexpr const char* kCapability = "security.capability";
constexpr unsigned kPrivate = 0600;
// The bits of the group are the mask of an ACL that could not be removed: it has no effect then.
constexpr std::uint32_t kForeignAcl = ~070u;
constexpr const char* kRoundedTimes =
    "modification times are as near as the filesystem of the target keeps them";
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
         is_posix_acl(name);
}

bool same_value(const std::vector<ExtendedAttribute>& xattrs, const ExtendedAttribute& wanted) {
  return std::find(xattrs.begin(), xattrs.end(), wanted) != xattrs.end();
}

bool has_name(const std::vector<ExtendedAttribute>& xattrs, const std::string& name) {
  return std::any_of(xattrs.begin(), xattrs.end(), [&](const auto& x) { return x.name == name; });
}

std::string space_of(const std::string& xattr) { return xattr.substr(0, xattr.find('.') + 1); }

std::string only_root_can_write(const std::string& xattr) {
  return "extended attributes " + space_of(xattr) + "* were not restored: only root can set them";
}

// The mode that it has until it has its ACL, or if it never gets one.
std::uint32_t mode_before_acl(std::uint32_t mode, const Entry& entry) {
  for (const ExtendedAttribute& xattr : entry.xattrs) {
    if (xattr.name == kAccessAcl) return mode_without_acl(mode, xattr.value);
  }
  return mode;
}

// Who is not root cannot have it otherwise, on no target: that is told and costs nothing.
void add_loss(Losses& losses, bool is_root, std::string reason) {
  is_root ? losses.add(std::move(reason)) : losses.note(std::move(reason));
}

// What runs as its owner must not run as another one.
void leave_out_mode(std::uint32_t& mode, std::uint32_t bit, const char* name, bool is_root,
                    Losses& losses) {
  if ((mode & bit) == 0) return;
  mode &= ~bit;
  add_loss(
      losses, is_root,
      std::string(name) + " bits were not restored where the owner or group they mean was not");
}

// A filesystem that has a limit to the size of one says that there is no space.
bool is_too_large(int error) { return error == ENOSPC || error == E2BIG || error == ERANGE; }

}  // namespace

MetadataWriter::MetadataWriter(const OwnerMap& owners)
    : owners_(owners),
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

void MetadataWriter::own_new(int fd, const Entry& entry, const NewFileTraits& traits,
                             Losses& losses) const {
  const Owner wanted = wanted_owner(entry, losses);
  const bool mine = (wanted.user == kLeave || wanted.user == user_) &&
                    (wanted.group == kLeave || wanted.group == group_);
  if (!(traits.own && mine)) change_owner(fd, entry, wanted, losses);
}

void MetadataWriter::finish_new(int fd, const Entry& entry, const NewFileTraits& traits,
                                Losses& losses) const {
  const MetadataFile file = MetadataFile::opened(fd);
  const bool clean = !traits.inherits_acl ||
                     losses.attempt([&] { remove_xattr(file, std::string(kAccessAcl), entry); });
  const std::uint32_t mode = wanted_owner(entry, losses).mode;
  const std::uint32_t first = mode_before_acl(mode, entry) & (clean ? ~0u : kForeignAcl);
  const bool has_mode = !traits.inherits_acl && creation_mode(entry, traits) == first;
  write_rest(file, has_mode ? std::nullopt : std::optional(first), entry, losses);
}

// All but the owner. The mode is that of before an ACL.
void MetadataWriter::write_rest(const MetadataFile& file, std::optional<std::uint32_t> mode,
                                const Entry& entry, Losses& losses) const {
  write_xattrs(file, entry, BeforeMode::Yes, losses);
  if (mode) losses.attempt([&] { set_mode(file, *mode, entry, losses); });
  write_xattrs(file, entry, BeforeMode::No, losses);
  losses.attempt([&] { restore_times(file.fd(), entry, losses); });
}

bool MetadataWriter::differs(int directory, const std::string& name, const struct statx& stat,
                             const Entry& entry, Losses& losses) const {
  const Owner wanted = wanted_owner(entry, losses);
  if (wanted.user != kLeave && wanted.user != stat.stx_uid) return true;
  if (wanted.group != kLeave && wanted.group != stat.stx_gid) return true;
  if (entry.type != EntryType::Symlink && (stat.stx_mode & 07777) != wanted.mode) return true;
  if (!has_time(stat, entry)) return true;
  const auto present = platform::read_xattrs_at(directory, name.c_str(), name);
  // Its owner may not be able to read them, but can change that.
  return !present.problem.empty() || xattrs_differ(present.xattrs, entry, losses);
}

// As it is to be on this machine.
ExtendedAttribute MetadataWriter::here(const ExtendedAttribute& xattr) const {
  if (!is_posix_acl(xattr.name)) return xattr;
  return {xattr.name, map_acl(xattr.value, owners_)};
}

bool MetadataWriter::xattrs_differ(const std::vector<ExtendedAttribute>& present,
                                   const Entry& entry, Losses& losses) const {
  bool differ = false;
  for (const ExtendedAttribute& xattr : entry.xattrs) {
    if (same_value(present, here(xattr))) continue;
    if (can_write(xattr.name)) {
      differ = true;
    } else {
      losses.note(only_root_can_write(xattr.name));
    }
  }
  return differ || std::any_of(present.begin(), present.end(), [&](const ExtendedAttribute& xattr) {
           return is_ours(xattr.name) && can_write(xattr.name) &&
                  !has_name(entry.xattrs, xattr.name);
         });
}

void MetadataWriter::apply(const MetadataFile& file, const Entry& entry, Losses& losses) const {
  const struct statx stat = stat_open(file.fd(), entry.name);
  const Owner wanted = wanted_owner(entry, losses);
  if ((wanted.user != kLeave && wanted.user != stat.stx_uid) ||
      (wanted.group != kLeave && wanted.group != stat.stx_gid)) {
    change_owner(file.fd(), entry, wanted, losses);
  }
  const bool has_mode = entry.type != EntryType::Symlink;
  if (has_mode && !root_ && (stat.stx_mode & 0600) != 0600) {
    losses.attempt([&] { set_mode(file, (stat.stx_mode & 07777) | 0600, entry, losses); });
  }
  const bool clean = remove_others(file, entry, losses);
  const std::uint32_t mode = mode_before_acl(wanted.mode, entry) & (clean ? ~0u : kForeignAcl);
  // Again even attributes that were there: chown(2) and chmod(2) change capabilities and ACLs.
  write_rest(file, has_mode ? std::optional(mode) : std::nullopt, entry, losses);
}

// False if an ACL stays that gives rights to others than those of the entry.
bool MetadataWriter::remove_others(const MetadataFile& file, const Entry& entry,
                                   Losses& losses) const {
  platform::ReadXattrs present;
  if (!losses.attempt([&] { present = file.read_xattrs(entry.name); })) return false;
  if (!present.problem.empty()) {
    losses.add(
        "extended attributes that files of the target have and that could not be read "
        "were left as they are");
  }
  bool clean = true;
  for (const ExtendedAttribute& xattr : present.xattrs) {
    if (is_ours(xattr.name) && can_write(xattr.name) && !has_name(entry.xattrs, xattr.name) &&
        !losses.attempt([&] { remove_xattr(file, xattr.name, entry); })) {
      clean = clean && xattr.name != kAccessAcl;
    }
  }
  return clean;
}

bool MetadataWriter::handle_suffices(int directory, const std::string& name,
                                     const struct statx& stat, const Entry& entry) const {
  // A new mode would change an ACL.
  if (!entry.xattrs.empty()) return false;
  Losses unused;
  const auto present = platform::read_xattrs_at(directory, name.c_str(), name);
  if (!present.problem.empty() || xattrs_differ(present.xattrs, entry, unused)) return false;
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
std::uint32_t MetadataWriter::allowed_mode(int fd, std::uint32_t mode, const Entry& entry,
                                           Losses& losses) const {
  if ((mode & kSetId) == 0) return mode;
  const struct statx stat = stat_open(fd, entry.name);
  if (stat.stx_uid != owners_.user(entry.uid))
    leave_out_mode(mode, S_ISUID, "setuid", root_, losses);
  if (stat.stx_gid != owners_.group(entry.gid))
    leave_out_mode(mode, S_ISGID, "setgid", root_, losses);
  return mode;
}

void MetadataWriter::set_mode(const MetadataFile& file, std::uint32_t mode, const Entry& entry,
                              Losses& losses) const {
  const std::uint32_t allowed = allowed_mode(file.fd(), mode, entry, losses);
  const int error = file.change_mode(allowed);
  if (error == 0) return;
  const struct statx stat = stat_open(file.fd(), entry.name);
  if (error == EOPNOTSUPP && (stat.stx_mode & 07777) == allowed) return;
  // FAT has the modes of its mount.
  if (error != EPERM || stat.stx_uid != user_) {
    throw system_error(error, "set the mode", entry.name);
  }
  losses.add("modes were not restored where the filesystem of the target refused them");
}

// Looks at what became of it: some filesystems ignore a call that leaves the other time out.
void MetadataWriter::restore_times(int fd, const Entry& entry, Losses& losses) const {
  set_times(fd, {0, UTIME_OMIT}, entry);
  struct statx stat = stat_open(fd, entry.name);
  if (has_time(stat, entry)) return;
  set_times(fd, {stat.stx_atime.tv_sec, static_cast<long>(stat.stx_atime.tv_nsec)}, entry);
  stat = stat_open(fd, entry.name);
  if (has_time(stat, entry)) return;
  const std::int64_t off = stat.stx_mtime.tv_sec - entry.mtime.seconds;
  if (off >= -kCoarsestTime && off <= kCoarsestTime) return losses.note(kRoundedTimes);
  losses.add(
      "modification times were not restored where the filesystem of the target does not keep "
      "them");
}

MetadataWriter::Owner MetadataWriter::wanted_owner(const Entry& entry) const {
  Losses unused;
  return wanted_owner(entry, unused);
}

MetadataWriter::Owner MetadataWriter::wanted_owner(const Entry& entry, Losses& losses) const {
  Owner wanted{owners_.user(entry.uid), owners_.group(entry.gid), entry.mode};
  if (root_) return wanted;
  if (wanted.user != user_) {
    losses.note("owners were not restored: only root can set them");
    wanted.user = kLeave;
    leave_out_mode(wanted.mode, S_ISUID, "setuid", root_, losses);
  }
  if (!may_have_group(wanted.group)) {
    losses.note("groups that this user is not in were not restored: only root can set them");
    wanted.group = kLeave;
    leave_out_mode(wanted.mode, S_ISGID, "setgid", root_, losses);
  }
  return wanted;
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

void MetadataWriter::change_owner(int fd, const Entry& entry, const Owner& wanted,
                                  Losses& losses) const {
  if (wanted.user == kLeave && wanted.group == kLeave) return;
  if (::fchownat(fd, "", wanted.user, wanted.group, AT_EMPTY_PATH) == 0) return;
  if (errno != EPERM && errno != EINVAL) {
    return losses.add(system_error(errno, "set the owner", entry.name));
  }
  losses.add("owners were not restored where the system refused it: " +
             std::string(errno == EPERM ? "not permitted" : "no such owner here"));
}

void MetadataWriter::write_xattrs(const MetadataFile& file, const Entry& entry, BeforeMode when,
                                  Losses& losses) const {
  if (!file.has_xattrs() && !entry.xattrs.empty()) {
    return losses.add(
        "extended attributes of what is not a file or directory were not restored where others "
        "can change names in its directory");
  }
  for (const ExtendedAttribute& xattr : entry.xattrs) {
    const bool before = xattr.name.starts_with("user.");
    if (before != (when == BeforeMode::Yes)) continue;
    losses.attempt([&] { write_xattr(file, here(xattr), entry, losses); });
  }
}

void MetadataWriter::write_xattr(const MetadataFile& file, const ExtendedAttribute& xattr,
                                 const Entry& entry, Losses& losses) const {
  const std::string space = space_of(xattr.name);
  if (space == "security." && root_ && !has_its_owner(file.fd(), entry)) {
    return losses.add("extended attributes " + space +
                      "* were not restored where the owner they mean was not");
  }
  if (!can_write(xattr.name)) return losses.note(only_root_can_write(xattr.name));
  const int error = file.set_xattr(xattr);
  if (error == 0) return;
  if (error == EOPNOTSUPP) {
    losses.add("extended attributes " + space +
               "* were not restored: the filesystem of the target does not have them");
  } else if (error == EPERM) {
    losses.add("extended attributes " + space +
               "* were not restored where the system refused it: not permitted");
  } else if (error == EINVAL && is_posix_acl(xattr.name)) {
    losses.add("ACLs were not restored where they name users or groups that cannot be named here");
  } else if (is_too_large(error)) {
    throw Error(ErrorKind::Unsupported,
                entry.name +
                    ": the filesystem of the target takes no extended attribute of the "
                    "size of " +
                    xattr.name + " (" + std::to_string(xattr.value.size()) + " bytes)");
  } else {
    throw system_error(error, "set extended attribute " + xattr.name, entry.name);
  }
}

}  // namespace snapferry::tree
