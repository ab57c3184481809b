#include "btrfs/mount_calls.h"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>
#include <utility>

#include <linux/magic.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace snapferry::btrfs {
namespace {

// include/uapi/linux/mount.h and asm-generic/unistd.h of Linux 6.8.
constexpr long kStatMount = 457;
constexpr long kListMount = 458;
constexpr std::uint64_t kRoot = ~std::uint64_t{0};  // LSMT_ROOT

// struct mnt_id_req, MNT_ID_REQ_SIZE_VER0.
struct MountRequest {
  std::uint32_t size = sizeof(MountRequest);
  std::uint32_t spare = 0;
  std::uint64_t id = 0;
  std::uint64_t parameter = 0;  // a mask, or the id to go on behind
};

// struct statmount; its strings come after it.
struct MountStatus {
  std::uint32_t size;
  std::uint32_t options;
  std::uint64_t mask;
  std::uint32_t device_major;
  std::uint32_t device_minor;
  std::uint64_t magic;
  std::uint32_t super_block_flags;
  std::uint32_t type;
  std::uint64_t id;
  std::uint64_t parent_id;
  std::uint32_t old_id;
  std::uint32_t old_parent_id;
  std::array<std::uint64_t, 5> propagation;
  std::uint32_t root;   // where in the strings
  std::uint32_t point;  // the same
  std::array<std::uint64_t, 50> spare;
};
static_assert(sizeof(MountStatus) == 512 && offsetof(MountStatus, old_id) == 56 &&
              offsetof(MountStatus, root) == 104);

constexpr std::uint64_t kAskSuperBlock = 1;
constexpr std::uint64_t kAskBasic = 2;
constexpr std::uint64_t kAskRoot = 8;
constexpr std::uint64_t kAskPoint = 16;
constexpr std::uint64_t kAsked = kAskSuperBlock | kAskBasic | kAskRoot | kAskPoint;

std::optional<std::vector<std::uint64_t>> list_mounts() {
  constexpr std::size_t kAtOnce = 512;
  std::vector<std::uint64_t> all;
  MountRequest request;
  request.id = kRoot;
  while (true) {
    std::array<std::uint64_t, kAtOnce> ids;
    const long count = ::syscall(kListMount, &request, ids.data(), ids.size(), 0);
    if (count < 0) return std::nullopt;
    all.insert(all.end(), ids.begin(), ids.begin() + count);
    if (static_cast<std::size_t>(count) < ids.size()) return all;
    request.parameter = ids.back();
  }
}

std::string text_at(const std::vector<char>& buffer, std::uint32_t offset) {
  const std::size_t begin = sizeof(MountStatus) + offset;
  if (begin >= buffer.size()) return {};
  return {buffer.data() + begin, ::strnlen(buffer.data() + begin, buffer.size() - begin)};
}

// nullopt for a mount of another kind, or one that has gone meanwhile.
std::optional<Mount> look_at(std::uint64_t id) {
  MountRequest request;
  request.id = id;
  request.parameter = kAsked;
  std::vector<char> buffer(8192);
  while (::syscall(kStatMount, &request, buffer.data(), buffer.size(), 0) != 0) {
    if (errno != EOVERFLOW || buffer.size() > (1u << 20)) return std::nullopt;
    buffer.resize(buffer.size() * 2);
  }
  MountStatus status;
  std::memcpy(&status, buffer.data(), sizeof status);
  if ((status.mask & kAsked) != kAsked || status.magic != BTRFS_SUPER_MAGIC) return std::nullopt;
  Mount mount;
  mount.id = status.old_id;
  mount.device = std::to_string(status.device_major) + ":" + std::to_string(status.device_minor);
  mount.root = text_at(buffer, status.root);
  mount.point = text_at(buffer, status.point);
  if (!mount.point.starts_with('/')) return std::nullopt;
  return mount;
}

}  // namespace

std::optional<std::vector<Mount>> ask_for_mounts() {
  const auto ids = list_mounts();
  if (!ids) return std::nullopt;
  std::vector<Mount> mounts;
  for (const std::uint64_t id : *ids) {
    if (auto mount = look_at(id)) mounts.push_back(std::move(*mount));
  }
  return mounts;
}

}  // namespace snapferry::btrfs
