#include "testing/btrfs_image.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>

#include <dirent.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/error.h"
#include "platform/command.h"

namespace snapferry::testing {
namespace {

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

std::vector<std::string> names_below(const std::string& directory) {
  std::vector<std::string> names;
  if (DIR* listing = ::opendir(directory.c_str())) {
    while (const dirent* entry = ::readdir(listing)) {
      const std::string name = entry->d_name;
      if (name != "." && name != "..") names.push_back(name);
    }
    ::closedir(listing);
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string attributes(const std::string& path) {
  std::array<char, 4096> list{}, value{};
  const auto size = ::llistxattr(path.c_str(), list.data(), list.size());
  std::vector<std::string> lines;
  for (ssize_t at = 0; at < size;) {
    const std::string name = &list[static_cast<std::size_t>(at)];
    const auto length = ::lgetxattr(path.c_str(), name.c_str(), value.data(), value.size());
    lines.push_back(
        name + "=" +
        std::string(value.data(), static_cast<std::size_t>(std::max<ssize_t>(length, 0))));
    at += static_cast<ssize_t>(name.size()) + 1;
  }
  std::sort(lines.begin(), lines.end());
  std::string text;
  for (const auto& line : lines) text += " " + line;
  return text;
}

std::string content(const std::string& path, const struct stat& status) {
  if (S_ISLNK(status.st_mode)) {
    std::array<char, 4096> target{};
    const auto size = ::readlink(path.c_str(), target.data(), target.size());
    return "-> " + std::string(target.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  }
  if (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode)) return std::to_string(status.st_rdev);
  if (!S_ISREG(status.st_mode)) return "";
  std::ifstream file(path, std::ios::binary);
  std::stringstream bytes;
  bytes << file.rdbuf();
  return std::to_string(status.st_size) + " " +
         std::to_string(std::hash<std::string>{}(bytes.str())) + (file.good() ? "" : " unreadable");
}

void describe(const std::string& path, const std::string& shown, std::ostringstream& out) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return;
  out << shown << " " << std::oct << status.st_mode << std::dec << " " << status.st_uid << ":"
      << status.st_gid << " " << (S_ISDIR(status.st_mode) ? 1 : status.st_nlink) << " "
      << status.st_mtim.tv_sec << "." << status.st_mtim.tv_nsec << " " << content(path, status)
      << attributes(path) << "\n";
  if (!S_ISDIR(status.st_mode)) return;
  for (const auto& name : names_below(path)) describe(path + "/" + name, shown + "/" + name, out);
}

}  // namespace

// It asks of each loop device that is mounted what it is of, and fails where one of another test
// goes away at that moment.
void BtrfsImage::make_filesystem(const std::vector<std::string>& command) {
  constexpr int kTries = 10;
  for (int tries = 1;; ++tries) {
    try {
      run(command);
      return;
    } catch (const std::exception&) {
      if (tries == kTries) throw;
    }
  }
}

std::string BtrfsImage::unavailable() {
  if (::geteuid() != 0) return "needs root: btrfs on a loop device";
  if (!exists("/dev/loop-control")) return "this machine has no loop devices";
  for (const char* directory : {"/usr/sbin/", "/sbin/", "/usr/bin/"}) {
    if (exists(std::string(directory) + "mkfs.btrfs")) return "";
  }
  return "needs mkfs.btrfs (the package btrfs-progs)";
}

BtrfsImage::BtrfsImage(std::uint64_t megabytes, Groups groups) : path_(directory_ / "mount") {
  run({"truncate", "-s", std::to_string(megabytes) + "M", file()});
  std::vector<std::string> make = {"mkfs.btrfs", "-q", "-m", "single", "-d", "single"};
  if (groups == Groups::Mixed) make.insert(make.end(), {"--mixed", "-n", "4096"});
  make.push_back(file());
  make_filesystem(make);
  run({"mkdir", path_});
  mount();
}

BtrfsImage::~BtrfsImage() {
  if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
}

void BtrfsImage::mount(const std::string& options) {
  run({"mount", "-t", "btrfs", "-o", options.empty() ? "loop" : "loop," + options, file(), path_});
  mounted_ = true;
}

void BtrfsImage::unmount() {
  run({"umount", path_});
  mounted_ = false;
}

ExtraMount::ExtraMount(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "mount");
  arguments.push_back(point_.path());
  BtrfsImage::run(arguments);
}

ExtraMount::~ExtraMount() { ::umount2(point_.path().c_str(), MNT_DETACH); }

std::string BtrfsImage::btrfs(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "btrfs");
  return run(arguments);
}

std::string BtrfsImage::run(const std::vector<std::string>& argv) {
  const auto output = platform::system_commands().run(argv);
  if (!output.exit.ok()) throw platform::command_error(argv, output.exit);
  return output.text;
}

std::string describe_tree(const std::string& directory) {
  std::ostringstream out;
  describe(directory, ".", out);
  return out.str();
}

}  // namespace snapferry::testing
