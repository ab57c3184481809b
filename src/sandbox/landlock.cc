#include "sandbox/landlock.h"

#include <cerrno>
#include <cstdint>
#include <cstring>

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "platform/fd.h"

namespace snapferry::sandbox {
namespace {

// Newer than the header of Debian 12 has them; Linux 6.12, include/uapi/linux/landlock.h.
constexpr std::uint64_t kTruncate = 1ULL << 14;     // ABI 3
constexpr std::uint64_t kIoctlDevice = 1ULL << 15;  // ABI 5
constexpr std::uint64_t kBindTcp = 1ULL << 0;       // ABI 4
constexpr std::uint64_t kConnectTcp = 1ULL << 1;
constexpr std::uint64_t kScopeAbstractSockets = 1ULL << 0;  // ABI 6
constexpr std::uint64_t kScopeSignals = 1ULL << 1;

struct RulesetAttributes {
  std::uint64_t files = 0;
  std::uint64_t network = 0;
  std::uint64_t scoped = 0;
};

constexpr std::uint64_t kReadFile = LANDLOCK_ACCESS_FS_READ_FILE;
constexpr std::uint64_t kWriteFile = LANDLOCK_ACCESS_FS_WRITE_FILE;
constexpr std::uint64_t kReadDirectory = LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t kExecute = LANDLOCK_ACCESS_FS_EXECUTE;
// What a rule on a file, not a directory, may hold.
constexpr std::uint64_t kOfFiles = kExecute | kReadFile | kWriteFile | kTruncate | kIoctlDevice;

RulesetAttributes handled_by(int version) {
  RulesetAttributes handled;
  handled.files = (1ULL << 13) - 1;  // ABI 1
  if (version >= 2) handled.files |= LANDLOCK_ACCESS_FS_REFER;
  if (version >= 3) handled.files |= kTruncate;
  if (version >= 4) handled.network = kBindTcp | kConnectTcp;
  if (version >= 5) handled.files |= kIoctlDevice;
  if (version >= 6) handled.scoped = kScopeAbstractSockets | kScopeSignals;
  return handled;
}

// A structure as long as the version knows it; a longer one is refused.
std::size_t size_for(int version) {
  if (version >= 6) return sizeof(RulesetAttributes);
  return version >= 4 ? 2 * sizeof(std::uint64_t) : sizeof(std::uint64_t);
}

std::uint64_t rights_of(PathAccess access) {
  switch (access) {
    case PathAccess::Read:
      return kReadFile | kReadDirectory;
    case PathAccess::Execute:
      return kReadFile | kExecute;
    case PathAccess::List:
      return kReadDirectory;
    case PathAccess::Directories:
      return kReadDirectory | LANDLOCK_ACCESS_FS_MAKE_DIR;
    case PathAccess::Device:
      return kReadFile | kWriteFile | kIoctlDevice;
    case PathAccess::Tree:
      return ~(kExecute | kIoctlDevice);
  }
  return 0;
}

int create_ruleset(const RulesetAttributes& attributes, std::size_t size) {
  return static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, size, 0));
}

// False if the path is there and the kernel refused the rule.
bool add_rule(int ruleset, const PathGrant& grant, std::uint64_t handled) {
  const platform::Fd path(grant.descriptor >= 0 ? ::fcntl(grant.descriptor, F_DUPFD_CLOEXEC, 0)
                                                : ::open(grant.path.c_str(), O_PATH | O_CLOEXEC));
  if (!path.valid()) return errno == ENOENT || errno == ENOTDIR || errno == EACCES;
  struct ::stat status {};
  if (::fstat(path.get(), &status) != 0) return false;
  std::uint64_t rights = rights_of(grant.access) & handled;
  if (!S_ISDIR(status.st_mode)) rights &= kOfFiles;
  if (rights == 0) return true;
  ::landlock_path_beneath_attr rule{};
  rule.allowed_access = rights;
  rule.parent_fd = path.get();
  return ::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
}

LayerReport of_files(Grip grip, std::string detail) {
  return {SandboxLayer::Files, grip, std::move(detail)};
}

LayerReport failure(std::string_view action) {
  return of_files(Grip::None,
                  "cannot " + std::string(action) + ": Landlock: " + std::strerror(errno));
}

LayerReport success(int version, std::size_t paths, bool guard_reading) {
  std::string detail =
      "Landlock ABI " + std::to_string(version) + ", " + std::to_string(paths) + " paths";
  if (!guard_reading) detail += " to write or execute";
  if (version >= 6) return of_files(Grip::Full, detail + ", no TCP, no signals to others");
  if (version >= 4) return of_files(Grip::Full, detail + ", no TCP");
  if (version >= 3) return of_files(Grip::Full, detail);
  return of_files(Grip::Partial,
                  detail + "; it does not guard truncation before ABI 3 (Linux 6.2)");
}

}  // namespace

int landlock_version() {
  const long version =
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return version < 0 ? 0 : static_cast<int>(version);
}

LayerReport restrict_files(std::span<const PathGrant> grants, bool guard_reading) {
  const int version = landlock_version();
  if (version == 0) {
    return of_files(Grip::None,
                    "this kernel has no Landlock; Linux 5.13 and later have it where the boot "
                    "option lsm= names it");
  }
  auto handled = handled_by(version);
  if (!guard_reading) handled.files &= ~(kReadFile | kReadDirectory);
  const platform::Fd ruleset(create_ruleset(handled, size_for(version)));
  if (!ruleset.valid()) return failure("make a rule set");
  for (const auto& grant : grants) {
    if (!add_rule(ruleset.get(), grant, handled.files)) return failure("allow " + grant.path);
  }
  if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) return failure("enforce it");
  return success(version, grants.size(), guard_reading);
}

}  // namespace snapferry::sandbox
