#include "platform/inode_attributes.h"

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include <linux/fs.h>
#include <sys/ioctl.h>

#include "core/inode_attributes.h"

namespace snapferry::platform {
namespace {

constexpr std::array<std::pair<std::uint32_t, char>, 15> kLetters = {{
    {kAttributeCompress, 'c'},
    {kAttributeSync, 'S'},
    {kAttributeImmutable, 'i'},
    {kAttributeAppendOnly, 'a'},
    {kAttributeNoDump, 'd'},
    {kAttributeNoAccessTime, 'A'},
    {kAttributeNoCompress, 'm'},
    {kAttributeJournalData, 'j'},
    {kAttributeNoTailMerging, 't'},
    {kAttributeDirectorySync, 'D'},
    {kAttributeTopDirectory, 'T'},
    {kAttributeNoCopyOnWrite, 'C'},
    {kAttributeDirectAccess, 'x'},
    {kAttributeProjectInherit, 'P'},
    {kAttributeCaseFolding, 'F'},
}};

// What filesystems without the call say, and what FUSE and servers pass on.
bool means_none(int error) {
  return error == ENOTTY || error == EOPNOTSUPP || error == ENOSYS || error == EINVAL ||
         error == EPERM || error == EACCES;
}

// The kernel takes an int, whatever the type in the number of the call says (ioctl_iflags(2)).
int get_flags(int fd, std::uint32_t& flags) {
  int value = 0;
  if (::ioctl(fd, FS_IOC_GETFLAGS, &value) != 0) return errno;
  flags = static_cast<std::uint32_t>(value);
  return 0;
}

int set_flags(int fd, std::uint32_t flags) {
  int value = static_cast<int>(flags);
  return ::ioctl(fd, FS_IOC_SETFLAGS, &value) == 0 ? 0 : errno;
}

void note(const char* what, int error, std::string& problem) {
  if (error == 0 || means_none(error)) return;
  if (!problem.empty()) problem += ", ";
  problem += std::string(what) + ": " + std::generic_category().message(error);
}

}  // namespace

InodeAttributes read_inode_attributes(int fd) {
  InodeAttributes found;
  std::uint32_t flags = 0;
  const int error = get_flags(fd, flags);
  if (error == 0) found.attributes = flags & kInodeAttributes;
  note("chattr", error, found.problem);
  // Whoever has no attributes has no projects.
  if (error != 0) return found;
  fsxattr extended{};
  if (::ioctl(fd, FS_IOC_FSGETXATTR, &extended) == 0) {
    found.project = extended.fsx_projid;
  } else {
    note("project", errno, found.problem);
  }
  return found;
}

std::uint32_t set_inode_attributes(int fd, std::uint32_t wanted, std::uint32_t mask, int& error) {
  std::uint32_t present = 0;
  error = get_flags(fd, present);
  if (error != 0) return wanted & mask;
  std::uint32_t different = (present ^ wanted) & mask;
  if (different == 0) return 0;
  error = set_flags(fd, present ^ different);
  if (error == 0) return 0;
  // One that is refused must not cost the others.
  std::uint32_t refused = 0;
  for (const auto& [bit, letter] : kLetters) {
    if ((different & bit) == 0) continue;
    const int failed = set_flags(fd, present ^ bit);
    if (failed == 0) {
      present ^= bit;
    } else {
      refused |= bit;
      error = failed;
    }
  }
  return refused;
}

int set_project(int fd, std::uint32_t project) {
  fsxattr extended{};
  if (::ioctl(fd, FS_IOC_FSGETXATTR, &extended) != 0) return errno;
  if (extended.fsx_projid == project) return 0;
  extended.fsx_projid = project;
  return ::ioctl(fd, FS_IOC_FSSETXATTR, &extended) == 0 ? 0 : errno;
}

std::string attribute_letters(std::uint32_t attributes) {
  std::string letters;
  for (const auto& [bit, letter] : kLetters) {
    if ((attributes & bit) != 0) letters += letter;
  }
  return letters;
}

}  // namespace snapferry::platform
