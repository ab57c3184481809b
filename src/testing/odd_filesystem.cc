#include "testing/odd_filesystem.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define FUSE_USE_VERSION 35
#include <fuse.h>

namespace snapferry::testing {
namespace {

constexpr const char kXattrs[] = "user.bad\0user.good";

struct Inode {
  OddFilesystem::File file;
  mode_t mode = S_IFREG | 0644;
  uid_t uid = 0;
  gid_t gid = 0;
};

}  // namespace

// Of names, as the filesystem tells them apart.
struct NameOrder {
  bool ignores_case = false;
  bool operator()(const std::string& a, const std::string& b) const {
    return ignores_case ? ::strcasecmp(a.c_str(), b.c_str()) < 0 : a < b;
  }
};

struct OddFilesystem::Served {
  std::string directory;
  Manners manners;
  std::mutex mutex;
  std::map<std::string, Inode, NameOrder> files;  // by "/NAME"
  fuse* handle = nullptr;
  std::thread thread;

  static Served& self() { return *static_cast<Served*>(fuse_get_context()->private_data); }

  // Calls `use` with the file at `path`; -ENOENT if there is none.
  template <typename Use>
  static int with(const char* path, Use use) {
    Served& served = self();
    const std::lock_guard lock(served.mutex);
    const auto found = served.files.find(path);
    return found == served.files.end() ? -ENOENT : use(found->second);
  }

  static void* init(fuse_conn_info*, fuse_config* config) {
    Served& served = self();
    config->attr_timeout = config->entry_timeout = served.manners.attribute_timeout;
    config->direct_io = 1;
    return &served;
  }

  static int getattr(const char* path, struct stat* out, fuse_file_info*) {
    *out = {};
    if (std::strcmp(path, "/") == 0) {
      out->st_mode = S_IFDIR | 0755;
      out->st_nlink = 2;
      return 0;
    }
    return with(path, [&](const Inode& inode) {
      out->st_mode = inode.mode;
      out->st_nlink = 1;
      out->st_uid = inode.uid;
      out->st_gid = inode.gid;
      out->st_size = static_cast<off_t>(inode.file.stated_size.value_or(inode.file.content.size()));
      out->st_blocks = static_cast<blkcnt_t>(inode.file.stated_blocks);
      out->st_mtim.tv_sec = out->st_ctim.tv_sec = inode.file.mtime;
      return 0;
    });
  }

  static int readdir(const char*, void* buffer, fuse_fill_dir_t fill, off_t, fuse_file_info*,
                     fuse_readdir_flags) {
    Served& served = self();
    const std::lock_guard lock(served.mutex);
    for (const auto& [path, inode] : served.files) {
      fill(buffer, path.c_str() + 1, nullptr, 0, fuse_fill_dir_flags{});
    }
    return 0;
  }

  static int open(const char* path, fuse_file_info*) {
    return with(path, [](const Inode&) { return 0; });
  }

  static int create(const char* path, mode_t mode, fuse_file_info*) {
    Served& served = self();
    const std::lock_guard lock(served.mutex);
    Inode inode;
    inode.mode = mode;
    inode.file.mtime = 1'700'000'000;
    served.files[path] = inode;
    return 0;
  }

  static int read(const char* path, char* buffer, size_t size, off_t offset, fuse_file_info*) {
    return with(path, [&](const Inode& inode) {
      const std::string& content = inode.file.content;
      const auto at = std::min(static_cast<std::size_t>(offset), content.size());
      return static_cast<int>(content.copy(buffer, size, at));
    });
  }

  static int write(const char* path, const char* bytes, size_t size, off_t offset,
                   fuse_file_info*) {
    return with(path, [&](Inode& inode) {
      std::string& content = inode.file.content;
      const auto at = static_cast<std::size_t>(offset);
      content.resize(std::max(content.size(), at + size));
      content.replace(at, size, bytes, size);
      return static_cast<int>(size);
    });
  }

  static int flush(const char*, fuse_file_info*) { return -self().manners.close_error; }

  static int fsync(const char*, int, fuse_file_info*) { return -self().manners.sync_error; }

  static int truncate(const char* path, off_t size, fuse_file_info*) {
    return with(path, [&](Inode& inode) {
      inode.file.content.resize(static_cast<std::size_t>(size));
      return 0;
    });
  }

  static int unlink(const char* path) {
    Served& served = self();
    const std::lock_guard lock(served.mutex);
    return served.files.erase(path) == 1 ? 0 : -ENOENT;
  }

  static int rename(const char* from, const char* to, unsigned flags) {
    if (flags != 0) return -EINVAL;
    Served& served = self();
    const std::lock_guard lock(served.mutex);
    auto node = served.files.extract(from);
    if (node.empty()) return -ENOENT;
    served.files.erase(to);
    node.key() = to;
    served.files.insert(std::move(node));
    return 0;
  }

  static int chmod(const char* path, mode_t mode, fuse_file_info*) {
    return with(path, [&](Inode& inode) {
      inode.mode = S_IFREG | (mode & 07777);
      return 0;
    });
  }

  static int chown(const char* path, uid_t uid, gid_t gid, fuse_file_info*) {
    const bool stay = self().manners.owners_stay;
    return with(path, [&](Inode& inode) {
      if (!stay && uid != static_cast<uid_t>(-1)) inode.uid = uid;
      if (!stay && gid != static_cast<gid_t>(-1)) inode.gid = gid;
      return 0;
    });
  }

  static int utimens(const char* path, const struct timespec times[2], fuse_file_info*) {
    const Manners manners = self().manners;
    return with(path, [&](Inode& inode) {
      if (manners.times_in_pairs && times[0].tv_nsec == UTIME_OMIT) return 0;
      if (times[1].tv_nsec == UTIME_OMIT) return 0;
      inode.file.mtime = times[1].tv_sec / manners.time_step * manners.time_step;
      return 0;
    });
  }

  static int listxattr(const char* path, char* buffer, size_t size) {
    if (std::strcmp(path, "/") == 0) return 0;
    return with(path, [&](const Inode& inode) {
      if (inode.file.list_error != 0) return -inode.file.list_error;
      if (inode.file.get_error == 0) return 0;
      if (size == 0) return static_cast<int>(sizeof kXattrs);
      if (size < sizeof kXattrs) return -ERANGE;
      std::memcpy(buffer, kXattrs, sizeof kXattrs);
      return static_cast<int>(sizeof kXattrs);
    });
  }

  static int getxattr(const char* path, const char* name, char* buffer, size_t size) {
    if (std::strcmp(path, "/") == 0) return -ENODATA;
    return with(path, [&](const Inode& inode) {
      if (inode.file.get_error == 0) return -ENODATA;
      if (std::strcmp(name, "user.bad") == 0) return -inode.file.get_error;
      if (std::strcmp(name, "user.good") != 0) return -ENODATA;
      if (size > 0) buffer[0] = '1';
      return 1;
    });
  }

  static off_t lseek(const char* path, off_t offset, int whence, fuse_file_info*) {
    const bool empty = self().manners.holes_everywhere;
    off_t found = offset;
    const int result = with(path, [&](const Inode& inode) {
      if (whence == SEEK_DATA && empty) return -ENXIO;
      if (whence == SEEK_HOLE && !empty) found = static_cast<off_t>(inode.file.content.size());
      return 0;
    });
    return result < 0 ? result : found;
  }
};

OddFilesystem::OddFilesystem(const std::string& directory, Manners manners)
    : served_(std::make_unique<Served>()) {
  served_->directory = directory;
  served_->manners = manners;
  served_->files = decltype(Served::files)(NameOrder{manners.ignores_case});
  fuse_operations operations{};
  operations.init = Served::init;
  operations.getattr = Served::getattr;
  operations.readdir = Served::readdir;
  operations.open = Served::open;
  operations.create = Served::create;
  operations.read = Served::read;
  operations.write = Served::write;
  operations.flush = Served::flush;
  operations.fsync = Served::fsync;
  operations.truncate = Served::truncate;
  operations.unlink = Served::unlink;
  operations.rename = Served::rename;
  operations.chmod = Served::chmod;
  operations.chown = Served::chown;
  operations.utimens = Served::utimens;
  operations.listxattr = Served::listxattr;
  operations.getxattr = Served::getxattr;
  operations.lseek = Served::lseek;
  std::string program = "odd";
  char* argv[] = {program.data(), nullptr};
  fuse_args arguments = FUSE_ARGS_INIT(1, argv);
  served_->handle = fuse_new(&arguments, &operations, sizeof operations, served_.get());
  fuse_opt_free_args(&arguments);
  if (served_->handle == nullptr) throw std::runtime_error("fuse_new");
  if (fuse_mount(served_->handle, directory.c_str()) != 0) {
    fuse_destroy(served_->handle);
    throw std::runtime_error("fuse_mount");
  }
  served_->thread = std::thread([handle = served_->handle] { fuse_loop(handle); });
}

OddFilesystem::~OddFilesystem() {
  // Ends the loop, which reads from a connection that is gone.
  ::umount2(served_->directory.c_str(), MNT_DETACH);
  served_->thread.join();
  fuse_unmount(served_->handle);
  fuse_destroy(served_->handle);
}

void OddFilesystem::put(const std::string& name, File file) {
  const std::lock_guard lock(served_->mutex);
  served_->files["/" + name] = Inode{std::move(file)};
}

std::string OddFilesystem::why_not() {
  if (::geteuid() != 0) return "mounting needs root";
  return ::access("/dev/fuse", R_OK | W_OK) == 0 ? "" : "/dev/fuse cannot be opened";
}

}  // namespace snapferry::testing
