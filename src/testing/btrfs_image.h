#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "testing/temporary_directory.h"

namespace snapferry::testing {

// A btrfs of its own in a file, mounted through a loop device below a temporary directory;
// unmounted and removed with it. Needs root, loop devices and mkfs.btrfs:
//
//   if (const auto reason = BtrfsImage::unavailable(); !reason.empty()) GTEST_SKIP() << reason;
class BtrfsImage {
 public:
  // Why this machine cannot have one; empty if it can.
  static std::string unavailable();

  // Mixed keeps metadata among the data, as a small filesystem should that is to be filled: room
  // for metadata is otherwise so little that deleting files does not help.
  enum class Groups { Separate, Mixed };

  // Throws Error where something fails.
  explicit BtrfsImage(std::uint64_t megabytes = 256, Groups groups = Groups::Separate);
  ~BtrfsImage();
  BtrfsImage(const BtrfsImage&) = delete;
  BtrfsImage& operator=(const BtrfsImage&) = delete;

  // Where it is mounted.
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  // The file with its bytes.
  std::string file() const { return directory_ / "image"; }

  void unmount();
  // `options` as mount(8) takes them, "" for none.
  void mount(const std::string& options = "");

  // "btrfs ARGUMENTS…"; returns what it printed, throws if it fails.
  static std::string btrfs(std::vector<std::string> arguments);
  // Any program.
  static std::string run(const std::vector<std::string>& argv);

 private:
  static void make_filesystem(const std::vector<std::string>& command);
  TemporaryDirectory directory_;
  std::string path_;
  bool mounted_ = false;
};

// A further mount, "mount ARGUMENTS… POINT", at a directory of its own; gone with it.
class ExtraMount {
 public:
  explicit ExtraMount(std::vector<std::string> arguments);
  ~ExtraMount();
  ExtraMount(const ExtraMount&) = delete;
  ExtraMount& operator=(const ExtraMount&) = delete;
  const std::string& path() const { return point_.path(); }

 private:
  TemporaryDirectory point_;
};

// Every entry below `directory`, across subvolumes: path, type, mode, owner, size, time,
// extended attributes and content, one line each, in order. Two equal ones are equal trees.
std::string describe_tree(const std::string& directory);

}  // namespace snapferry::testing
