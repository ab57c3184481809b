#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace snapferry::platform {

// What chattr(1) and the project quota know of a file (core/inode_attributes.h).
struct InodeAttributes {
  std::optional<std::uint32_t> attributes;  // nullopt: the filesystem has none, or would not tell
  std::optional<std::uint32_t> project;
  std::string problem;  // why one of them could not be read though the filesystem has it
};

// Of an open file or directory, not O_PATH: FS_IOC_GETFLAGS and FS_IOC_FSGETXATTR (linux/fs.h).
// Throws nothing.
InodeAttributes read_inode_attributes(int fd);

// Makes the attributes in `mask` those of `wanted`. What the filesystem or the system refuses is
// left as it is. Returns the refused ones, and in `error` why the last of them was.
std::uint32_t set_inode_attributes(int fd, std::uint32_t wanted, std::uint32_t mask, int& error);

// The errno, or 0.
int set_project(int fd, std::uint32_t project);

// The letters of chattr(1): "ia".
std::string attribute_letters(std::uint32_t attributes);

}  // namespace snapferry::platform
