#include "agent/sandbox_plan.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <string>

#include <fcntl.h>
#include <link.h>
#include <linux/btrfs.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "core/error.h"
#include "platform/command.h"

namespace snapferry::agent {
namespace {

constexpr std::uint16_t low_half(unsigned long request) {
  return static_cast<std::uint16_t>(request & 0xffff);
}

// Of any program: whether a descriptor is a terminal, how much is in a pipe.
constexpr std::array kCommonIoctls = {low_half(TCGETS), low_half(TIOCGWINSZ), low_half(FIONREAD),
                                      low_half(FIOCLEX), low_half(FIONBIO)};

constexpr std::array kBtrfsIoctls = {
    low_half(BTRFS_IOC_SYNC),
    low_half(BTRFS_IOC_START_SYNC),  // and SUBVOL_CREATE_V2, the same number
    low_half(BTRFS_IOC_WAIT_SYNC),
    low_half(BTRFS_IOC_CLONE_RANGE),
    low_half(BTRFS_IOC_SUBVOL_CREATE),
    low_half(BTRFS_IOC_SNAP_CREATE_V2),
    low_half(BTRFS_IOC_SNAP_DESTROY),
    low_half(BTRFS_IOC_SNAP_DESTROY_V2),
    low_half(BTRFS_IOC_TREE_SEARCH),  // and TREE_SEARCH_V2
    low_half(BTRFS_IOC_INO_LOOKUP),
    low_half(BTRFS_IOC_INO_LOOKUP_USER),
    low_half(BTRFS_IOC_SPACE_INFO),
    low_half(BTRFS_IOC_SUBVOL_GETFLAGS),
    low_half(BTRFS_IOC_SUBVOL_SETFLAGS),
    low_half(BTRFS_IOC_DEV_INFO),
    low_half(BTRFS_IOC_FS_INFO),
    low_half(BTRFS_IOC_SET_RECEIVED_SUBVOL),
    low_half(BTRFS_IOC_GET_FEATURES),
    low_half(BTRFS_IOC_GET_SUBVOL_INFO),
    low_half(BTRFS_IOC_GET_SUBVOL_ROOTREF),
    low_half(BTRFS_IOC_ENCODED_WRITE),
    low_half(FS_IOC_GETFLAGS),
    low_half(FS_IOC_SETFLAGS),
};

constexpr std::array kBtrfsSending = {low_half(BTRFS_IOC_SEND)};

// Finding a subvolume and saying what it is.
constexpr std::array kBtrfsLooking = {
    low_half(BTRFS_IOC_TREE_SEARCH),     low_half(BTRFS_IOC_INO_LOOKUP),
    low_half(BTRFS_IOC_INO_LOOKUP_USER), low_half(BTRFS_IOC_SUBVOL_GETFLAGS),
    low_half(BTRFS_IOC_FS_INFO),         low_half(BTRFS_IOC_GET_SUBVOL_INFO),
};

// OpenZFS, include/sys/fs/zfs.h: ZFS_IOC_… are 'Z' << 8 and a number that never changes.
constexpr std::array<std::uint16_t, 15> kZfsReading = {
    0x5a04,  // POOL_CONFIGS
    0x5a05,  // POOL_STATS
    0x5a12,  // OBJSET_STATS
    0x5a13,  // OBJSET_ZPLPROPS
    0x5a14,  // DATASET_LIST_NEXT
    0x5a15,  // SNAPSHOT_LIST_NEXT
    0x5a27,  // POOL_GET_PROPS
    0x5a29,  // GET_FSACL: `zfs allow` for the doctor
    0x5a32,  // GET_HOLDS
    0x5a33,  // OBJSET_RECVD_PROPS
    0x5a39,  // SPACE_WRITTEN
    0x5a3a,  // SPACE_SNAPS
    0x5a3f,  // LOG_HISTORY
    0x5a44,  // GET_BOOKMARKS
    0x5a52,  // GET_BOOKMARK_PROPS
};
constexpr std::array<std::uint16_t, 4> kZfsSending = {
    0x5a1c,  // SEND
    0x5a3e,  // SEND_PROGRESS
    0x5a40,  // SEND_NEW
    0x5a41,  // SEND_SPACE
};
constexpr std::array<std::uint16_t, 6> kZfsSettling = {
    0x5a23,  // SNAPSHOT
    0x5a30,  // HOLD
    0x5a31,  // RELEASE
    0x5a3b,  // DESTROY_SNAPS
    0x5a43,  // BOOKMARK
    0x5a45,  // DESTROY_BOOKMARKS
};
constexpr std::array<std::uint16_t, 2> kZfsReceivingAnew = {
    0x5a1b,  // RECV
    0x5a46,  // RECV_NEW
};
constexpr std::array<std::uint16_t, 8> kZfsReceiving = {
    0x5a16,  // SET_PROP
    0x5a17,  // CREATE
    0x5a18,  // DESTROY: `zfs receive -A`; a dataset with snapshots withstands it
    0x5a1a,  // RENAME: setting a diverged replica aside
    0x5a1b,  // RECV
    0x5a23,  // SNAPSHOT: the one that remembers what was found unchanged (zfs/store_layout.h)
    0x5a2b,  // INHERIT_PROP
    0x5a46,  // RECV_NEW
};

// What was sent is remembered in a user property of its snapshot (simplesnap/chain.h).
constexpr std::array<std::uint16_t, 1> kZfsRemembering = {
    0x5a16,  // SET_PROP
};

// What is received may be of any owner, mode and kind.
constexpr std::initializer_list<int> kForWhatIsReceived = {CAP_CHOWN, CAP_FSETID, CAP_MKNOD,
                                                           CAP_SETFCAP};

class Plan {
 public:
  void allow(std::string path, PathAccess access) {
    const PathGrant grant{std::move(path), access};
    if (std::ranges::find(plan_.paths, grant) == plan_.paths.end()) plan_.paths.push_back(grant);
  }
  void keep(std::initializer_list<int> capabilities) {
    for (const int capability : capabilities) {
      auto& kept = plan_.capabilities;
      if (std::ranges::find(kept, capability) == kept.end()) kept.push_back(capability);
    }
  }
  template <typename Requests>
  void let_through(const Requests& requests) {
    for (const std::uint16_t request : requests) {
      auto& all = plan_.ioctls;
      if (std::ranges::find(all, request) == all.end()) all.push_back(request);
    }
  }
  void let_start_programs() { plan_.programs = true; }
  void let_change_files() { plan_.calls = SystemCallSet::Files; }
  SandboxPlan take() {
    std::ranges::sort(plan_.capabilities);
    std::ranges::sort(plan_.ioctls);
    return std::move(plan_);
  }

 private:
  SandboxPlan plan_;
};

// The dynamic loader of this program, which is also that of the others.
int find_loader(::dl_phdr_info* program, std::size_t, void* result) {
  for (int i = 0; i < program->dlpi_phnum; ++i) {
    const auto& header = program->dlpi_phdr[i];
    if (header.p_type != PT_INTERP) continue;
    *static_cast<std::string*>(result) =
        reinterpret_cast<const char*>(program->dlpi_addr + header.p_vaddr);
    return 1;
  }
  return 0;
}

void add_common(Plan& plan) {
  for (const auto* path : {"/proc/self", "/etc/localtime", "/usr/share/zoneinfo"}) {
    plan.allow(path, PathAccess::Read);
  }
  plan.allow("/dev/null", PathAccess::Device);
  plan.let_through(kCommonIoctls);
}

// The program and what the loader needs to start it. Nothing else can be executed, and a shell
// not even be read, so that the loader cannot be told to start it.
void add_program(Plan& plan, const std::string& name) {
  const auto path = platform::locate_program(name);
  if (!path) return;  // told by whoever wants to start it
  plan.let_start_programs();
  plan.allow(*path, PathAccess::Execute);
  std::string loader;
  ::dl_iterate_phdr(find_loader, &loader);
  if (!loader.empty()) plan.allow(loader, PathAccess::Execute);
  for (const auto* directory :
       {"/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib"}) {
    plan.allow(directory, PathAccess::Read);
  }
  for (const auto* file :
       {"/etc/ld.so.cache", "/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/dev/urandom"}) {
    plan.allow(file, PathAccess::Read);
  }
  plan.allow("/proc", PathAccess::Read);  // its own part of it has a number nobody knows yet
}

// Where the file system that holds `path`, or the part of it that exists, is mounted.
std::string mount_point_of(std::string path) {
  while (path.size() > 1) {
    struct ::statx status {};
    const bool there = ::statx(AT_FDCWD, path.c_str(), AT_NO_AUTOMOUNT, STATX_TYPE, &status) == 0;
    if (there && (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0) return path;
    path.resize(std::max<std::size_t>(path.rfind('/'), 1));
  }
  return "/";
}

std::string parent_of(const std::string& path) {
  return path.substr(0, std::max<std::size_t>(path.rfind('/'), 1));
}

void add_zfs(Plan& plan) {
  add_program(plan, "zfs");
  add_program(plan, "zpool");  // what its pool can receive
  plan.allow("/dev/zfs", PathAccess::Device);
  plan.allow("/sys/module/zfs", PathAccess::Read);
  plan.allow("/etc/hostid", PathAccess::Read);
  plan.allow("/etc/dfs", PathAccess::Read);  // sharetab: libzfs looks whether a dataset is shared
  plan.keep({CAP_SYS_ADMIN});
  plan.let_through(kZfsReading);
}

void add_zfs_source(Plan& plan) {
  add_zfs(plan);
  plan.let_through(kZfsSending);
  plan.let_through(kZfsSettling);
}

void add_btrfs(Plan& plan) {
  plan.allow("/sys/fs/btrfs", PathAccess::Read);
  // Directories of other owners are passed and written, and O_NOATIME wants an owner.
  plan.keep({CAP_SYS_ADMIN, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER});
  plan.let_through(kBtrfsIoctls);
  plan.let_change_files();
}

void add_btrfs_volume(Plan& plan, const VolumePattern& pattern) {
  const std::string prefix = pattern.literal_prefix();
  const std::string mount_point = mount_point_of(prefix);
  plan.allow(mount_point, PathAccess::List);
  plan.allow(prefix, PathAccess::Directories);
  if (mount_point == prefix) return;
  // Snapshots are kept in PARENT/.snapferry. It may have to be made first.
  const std::string parent = parent_of(prefix);
  struct ::stat status {};
  const std::string own = (parent == "/" ? "" : parent) + "/.snapferry";
  plan.allow(::stat(own.c_str(), &status) == 0 ? own : parent, PathAccess::Directories);
}

void make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    throw system_error(errno, "make the directory for what it receives", path);
  }
}

void add_btrfs_store(Plan& plan, const Policy& policy) {
  const std::string store = policy.store().substr(policy.store().find(':') + 1);
  const std::string own = store + "/" + policy.host();
  struct ::stat status {};
  // A store that is missing is told by whoever opens it.
  if (::stat(store.c_str(), &status) == 0) make_directory(own);
  plan.allow(mount_point_of(store), PathAccess::List);
  plan.allow(own, PathAccess::Tree);
  plan.allow(store + "/.snapferry-store", PathAccess::Read);  // its identity
  plan.keep(kForWhatIsReceived);
}

void add_btrfs_target(Plan& plan, const VolumePattern& pattern) {
  const std::string prefix = pattern.literal_prefix();
  struct ::stat status {};
  if (::stat(prefix.c_str(), &status) == 0) {
    // Without a wildcard it is there already, and all that is left to do is to say so.
    const bool several = pattern.has_wildcards();
    plan.allow(several ? prefix : parent_of(prefix), several ? PathAccess::Tree : PathAccess::List);
  } else {
    const std::string parent = parent_of(prefix);
    const std::string name = prefix.substr(prefix.rfind('/') + 1);
    plan.allow(parent, PathAccess::Directories);
    plan.allow((parent == "/" ? "" : parent) + "/.snapferry/" + name, PathAccess::Tree);
  }
  plan.keep(kForWhatIsReceived);
}

}  // namespace

SandboxPlan plan_sandbox(const Policy& policy) {
  Plan plan;
  add_common(plan);
  if (policy.has(Role::Source)) {
    for (const auto& pattern : policy.volumes()) {
      if (pattern.kind() == "zfs") {
        add_zfs_source(plan);
      } else {
        add_btrfs(plan);
        add_btrfs_volume(plan, pattern);
        plan.let_through(kBtrfsSending);
      }
    }
  }
  if (policy.has(Role::Target)) {
    for (const auto& pattern : policy.volumes()) {
      if (pattern.kind() == "zfs") {
        add_zfs(plan);
        plan.let_through(kZfsReceivingAnew);
      } else {
        add_btrfs(plan);
        add_btrfs_target(plan, pattern);
      }
    }
  }
  if (policy.has(Role::Store)) {
    if (policy.store().starts_with("zfs:")) {
      add_zfs(plan);
      plan.let_through(kZfsReceiving);
      plan.let_through(kZfsSending);  // verifying reads a replica by sending it to nowhere
    } else {
      add_btrfs(plan);
      add_btrfs_store(plan, policy);
      if (policy.has(Role::Restore)) plan.let_through(kBtrfsSending);
    }
  }
  return plan.take();
}

SandboxPlan plan_simplesnap_sandbox() {
  Plan plan;
  add_common(plan);
  add_zfs_source(plan);
  plan.let_through(kZfsRemembering);
  return plan.take();
}

SandboxPlan plan_view_broker(const Policy& policy) {
  Plan plan;
  add_common(plan);
  if (policy.store().starts_with("zfs:")) {
    add_zfs(plan);
  } else {
    plan.let_through(kBtrfsLooking);
    plan.keep({CAP_FOWNER});  // O_NOATIME wants an owner
  }
  // CAP_SETPCAP: to take capabilities from what its children could ever get.
  plan.keep({CAP_SYS_ADMIN, CAP_DAC_READ_SEARCH, CAP_SETPCAP});
  SandboxPlan result = plan.take();
  result.calls = SystemCallSet::ViewBroker;
  result.guards_reading = false;
  return result;
}

}  // namespace snapferry::agent
