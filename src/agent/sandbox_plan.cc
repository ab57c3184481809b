#include "agent/sandbox_plan.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>

#include <link.h>
#include <linux/btrfs.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "core/volume_kind.h"
#include "platform/command.h"

namespace snapferry::agent {
namespace {

using sandbox::OwnMounts;
using sandbox::PathAccess;
using sandbox::PathGrant;
using sandbox::SandboxPlan;
using sandbox::SystemCallSet;
using wire::AgentRole;

constexpr std::uint16_t low_half(unsigned long request) {
  return static_cast<std::uint16_t>(request & 0xffff);
}

// Of any program: whether a descriptor is a terminal, how much is in a pipe.
constexpr std::array kCommonIoctls = {low_half(TCGETS), low_half(TIOCGWINSZ), low_half(FIONREAD),
                                      low_half(FIOCLEX), low_half(FIONBIO)};

// Finding a subvolume and saying what it is.
constexpr std::array kBtrfsLooking = {
    low_half(BTRFS_IOC_TREE_SEARCH),  // and TREE_SEARCH_V2
    low_half(BTRFS_IOC_INO_LOOKUP),
    low_half(BTRFS_IOC_SUBVOL_GETFLAGS),
    low_half(BTRFS_IOC_GET_SUBVOL_INFO),
};
constexpr std::array kBtrfsSending = {low_half(BTRFS_IOC_SEND)};
constexpr std::array kBtrfsFreezing = {
    low_half(BTRFS_IOC_SUBVOL_CREATE_V2), low_half(BTRFS_IOC_SNAP_CREATE_V2),
    low_half(BTRFS_IOC_SNAP_DESTROY_V2),  // by id: snapshots may be below no mount
};
// Works on descriptors of directories alone, and so within what can be opened.
constexpr std::array kBtrfsReceiving = {
    low_half(BTRFS_IOC_SYNC),
    low_half(BTRFS_IOC_SUBVOL_CREATE_V2),  // and START_SYNC, the same number
    low_half(BTRFS_IOC_WAIT_SYNC),
    low_half(BTRFS_IOC_CLONE_RANGE),
    low_half(BTRFS_IOC_SNAP_CREATE_V2),
    low_half(BTRFS_IOC_SNAP_DESTROY),
    low_half(BTRFS_IOC_SUBVOL_SETFLAGS),
    low_half(BTRFS_IOC_SET_RECEIVED_SUBVOL),
    low_half(BTRFS_IOC_ENCODED_WRITE),
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
  void let_make_directories() {
    if (plan_.calls == SystemCallSet::Agent) plan_.calls = SystemCallSet::Directories;
  }
  void let_change_files() { plan_.calls = SystemCallSet::Files; }
  void set_own_mounts(OwnMounts own) { plan_.own_mounts = own; }
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
  plan.let_through(kBtrfsLooking);
}

void add_btrfs_source(Plan& plan) {
  add_btrfs(plan);
  plan.let_through(kBtrfsSending);
  plan.let_through(kBtrfsFreezing);
  plan.let_make_directories();
}

void add_btrfs_receiver(Plan& plan) {
  add_btrfs(plan);
  plan.let_through(kBtrfsReceiving);
  plan.keep(kForWhatIsReceived);
  plan.let_change_files();
}

PathAccess access_for(Reach reach) {
  switch (reach) {
    case Reach::List:
      return PathAccess::List;
    case Reach::Directories:
      return PathAccess::Directories;
    case Reach::Read:
      return PathAccess::Read;
    case Reach::Write:
      return PathAccess::Tree;
  }
  return PathAccess::List;
}

// Of an end that lists directories mounts show the files as well, and it works on several.
OwnMounts own_mounts_for(const Policy& policy, const std::vector<ReachedPath>& reached) {
  const auto lists = [](const ReachedPath& path) {
    return path.reach == Reach::List || path.reach == Reach::Directories;
  };
  if (std::ranges::any_of(reached, lists) || policy.has(AgentRole::Target)) return OwnMounts::Never;
  return reached.empty() ? OwnMounts::WithoutLandlock : OwnMounts::Always;
}

bool has_kind(const Policy& policy, std::string_view kind) {
  return std::ranges::any_of(policy.volumes(),
                             [&](const VolumePattern& pattern) { return pattern.kind() == kind; });
}

}  // namespace

SandboxPlan plan_sandbox(const Policy& policy, const std::vector<ReachedPath>& reached) {
  Plan plan;
  add_common(plan);
  if (policy.has(AgentRole::Source)) {
    if (has_kind(policy, "zfs")) add_zfs_source(plan);
    if (has_kind(policy, "btrfs")) add_btrfs_source(plan);
  }
  if (policy.has(AgentRole::Target)) {
    if (has_kind(policy, "btrfs")) add_btrfs_receiver(plan);
    if (has_kind(policy, "zfs")) {
      add_zfs(plan);
      plan.let_through(kZfsReceivingAnew);
    }
  }
  if (policy.has(AgentRole::Store)) {
    if (native_kind_of(policy.store()) == VolumeKind::Zfs) {
      add_zfs(plan);
      plan.let_through(kZfsReceiving);
      plan.let_through(kZfsSending);  // verifying reads a replica by sending it to nowhere
    } else {
      add_btrfs_receiver(plan);
      if (policy.has(AgentRole::Restore)) plan.let_through(kBtrfsSending);
    }
  }
  for (const auto& path : reached) plan.allow(path.path, access_for(path.reach));
  plan.set_own_mounts(own_mounts_for(policy, reached));
  return plan.take();
}

SandboxPlan plan_simplesnap_sandbox() {
  Plan plan;
  plan.set_own_mounts(OwnMounts::WithoutLandlock);
  add_common(plan);
  add_zfs_source(plan);
  plan.let_through(kZfsRemembering);
  return plan.take();
}

SandboxPlan plan_view_broker(const Policy& policy) {
  Plan plan;
  add_common(plan);
  if (native_kind_of(policy.store()) == VolumeKind::Zfs) {
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
