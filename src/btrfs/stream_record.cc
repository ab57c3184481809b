#include "btrfs/stream_record.h"

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <limits>

#include "core/error.h"

namespace snapferry::btrfs {
namespace {

using namespace stream_format;
using enum Attribute;

constexpr std::uint32_t mask(std::initializer_list<Attribute> attributes) {
  std::uint32_t bits = 0;
  for (const auto attribute : attributes) bits |= 1u << static_cast<unsigned>(attribute);
  return bits;
}

struct CommandRule {
  const char* name;
  std::uint32_t required;
  std::uint32_t optional = 0;
  bool root = false;  // its path may be empty: the root of the subvolume
  std::uint32_t version = 1;
};

// By the number of the command.
constexpr std::array<CommandRule, kCommandCount> kRules = {{
    {"", 0},
    {"subvol", mask({Path, Uuid, Ctransid})},
    {"snapshot", mask({Path, Uuid, Ctransid, CloneUuid, CloneCtransid})},
    {"mkfile", mask({Path, Ino})},
    {"mkdir", mask({Path, Ino})},
    {"mknod", mask({Path, Ino, Mode, Rdev})},
    {"mkfifo", mask({Path, Ino}), mask({Mode, Rdev})},
    {"mksock", mask({Path, Ino}), mask({Mode, Rdev})},
    {"symlink", mask({Path, Ino, PathLink})},
    {"rename", mask({Path, PathTo})},
    {"link", mask({Path, PathLink})},
    {"unlink", mask({Path})},
    {"rmdir", mask({Path})},
    {"set_xattr", mask({Path, XattrName, XattrData}), 0, true},
    {"remove_xattr", mask({Path, XattrName}), 0, true},
    {"write", mask({Path, FileOffset, Data})},
    {"clone", mask({Path, FileOffset, CloneLen, CloneUuid, CloneCtransid, ClonePath, CloneOffset})},
    {"truncate", mask({Path, Size})},
    {"chmod", mask({Path, Mode}), 0, true},
    {"chown", mask({Path, Uid, Gid}), 0, true},
    {"utimes", mask({Path, Atime, Mtime, Ctime}), mask({Otime}), true},
    {"end", 0},
    {"update_extent", mask({Path, FileOffset, Size})},
    {"fallocate", mask({Path, FallocateMode, FileOffset, Size}), 0, false, 2},
    {"fileattr", mask({Path, FileattrFlags}), 0, true, 2},
    {"encoded_write",
     mask({Path, FileOffset, UnencodedFileLen, UnencodedLen, UnencodedOffset, Compression, Data}),
     mask({Encryption}), false, 2},
}};

// Sizes that are the only right one; 0: any.
constexpr std::array<std::uint8_t, kAttributeCount> kSizes = {0,  16, 8, 8, 8, 8, 8, 8, 8, 12, 12,
                                                              12, 12, 0, 0, 0, 0, 0, 8, 0, 16, 8,
                                                              0,  8,  8, 4, 8, 8, 8, 8, 4, 4};

constexpr std::uint64_t kMaxOffset = std::numeric_limits<std::int64_t>::max();
constexpr std::uint64_t kHighestCompression = 7;  // BTRFS_ENCODED_IO_COMPRESSION_LZO_64K

[[noreturn]] void refuse(std::string message) {
  throw Error(ErrorKind::Corrupt, std::move(message));
}

std::string printable(std::string_view text) {
  constexpr std::size_t kLongest = 200;
  std::string result(text.substr(0, kLongest));
  for (char& byte : result) {
    if (static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f) byte = '?';
  }
  return result;
}

void check_path(std::string_view path) {
  if (path.empty()) refuse("an empty path");
  if (path.size() > kMaxPathSize) refuse("a path that is too long");
  if (path.find('\0') != path.npos) refuse("a path with a zero byte");
  for (std::size_t begin = 0; begin <= path.size();) {
    const auto end = std::min(path.find('/', begin), path.size());
    const auto part = path.substr(begin, end - begin);
    if (part.empty() || part == "." || part == ".." || part.size() > kMaxNameSize) {
      refuse("the path '" + printable(path) + "', which could lead out of the subvolume");
    }
    begin = end + 1;
  }
}

void check_range(std::uint64_t offset, std::uint64_t size) {
  if (offset > kMaxOffset || size > kMaxOffset - offset) refuse("a range beyond any file");
}

void check_name(std::string_view path) {
  check_path(path);
  if (path.find('/') != path.npos) refuse("a subvolume whose name has a slash");
}

// What a symlink points to is text that nobody follows here.
void check_target(std::string_view target) {
  if (target.empty() || target.size() > kMaxPathSize || target.find('\0') != target.npos) {
    refuse("a symlink without a proper target");
  }
}

}  // namespace

std::string command_name(std::uint16_t command) {
  if (command == 0 || command >= kCommandCount) return "command " + std::to_string(command);
  return kRules[command].name;
}

std::uint64_t StreamRecord::number(Attribute attribute) const {
  const auto value = bytes(attribute);
  std::uint64_t number = 0;
  for (std::size_t i = value.size(); i-- > 0;) number = number << 8 | value[i];
  return number;
}

Timespec StreamRecord::time(Attribute attribute) const {
  ByteReader reader(bytes(attribute), "time");
  Timespec time;
  time.seconds = reader.i64();
  time.nanoseconds = reader.u32();
  return time;
}

std::string StreamRecord::summary() const {
  auto text = command_name(static_cast<std::uint16_t>(command_));
  if (has(Path)) text += " " + printable(this->text(Path));
  return text;
}

void StreamRecord::add(std::uint16_t type, ByteView value) {
  const auto& rule = kRules[static_cast<std::size_t>(command_)];
  if (type == 0 || type >= kAttributeCount || ((rule.required | rule.optional) >> type & 1) == 0) {
    refuse("an attribute (" + std::to_string(type) + ") that it cannot have");
  }
  if ((present_ >> type & 1) != 0) {
    refuse("an attribute (" + std::to_string(type) + ") twice");
  }
  if (kSizes[type] != 0 && value.size() != kSizes[type]) {
    refuse("an attribute (" + std::to_string(type) + ") of " + std::to_string(value.size()) +
           " bytes instead of " + std::to_string(kSizes[type]));
  }
  present_ |= 1u << type;
  values_[type] = value;
}

StreamRecord StreamRecord::parse(std::uint16_t command, ByteView attributes,
                                 std::uint32_t version) {
  if (command == 0 || command >= kCommandCount || kRules[command].version > version) {
    refuse("a command that version " + std::to_string(version) + " does not have");
  }
  StreamRecord record;
  record.command_ = static_cast<Command>(command);
  ByteReader reader(attributes, "it");
  while (!reader.at_end()) {
    const std::uint16_t type = reader.u16();
    const bool to_the_end = version >= 2 && type == static_cast<std::uint16_t>(Data);
    const std::size_t size = to_the_end ? reader.remaining() : reader.u16();
    record.add(type, reader.raw(size));
  }
  if ((record.present_ & kRules[command].required) != kRules[command].required) {
    refuse("too few attributes");
  }
  record.check_values();
  return record;
}

void StreamRecord::check_values() const {
  const auto& rule = kRules[static_cast<std::size_t>(command_)];
  if (command_ == Command::Subvol || command_ == Command::Snapshot) return check_name(text(Path));
  if (command_ == Command::UpdateExtent) refuse("no data: it was sent without");
  if (has(Path) && !(rule.root && text(Path).empty())) check_path(text(Path));
  if (has(PathTo)) check_path(text(PathTo));
  if (has(ClonePath)) check_path(text(ClonePath));
  if (has(PathLink)) {
    command_ == Command::Symlink ? check_target(text(PathLink)) : check_path(text(PathLink));
  }
  if (has(XattrName)) {
    const auto name = text(XattrName);
    if (name.empty() || name.size() > kMaxNameSize || name.find('\0') != name.npos) {
      refuse("an extended attribute without a proper name");
    }
  }
  if (command_ == Command::Write) check_range(number(FileOffset), bytes(Data).size());
  if (command_ == Command::Clone) {
    check_range(number(FileOffset), number(CloneLen));
    check_range(number(CloneOffset), number(CloneLen));
  }
  if (command_ == Command::Truncate) check_range(number(Size), 0);
  if (command_ == Command::Fallocate) check_range(number(FileOffset), number(Size));
  if (command_ != Command::EncodedWrite) return;
  check_range(number(FileOffset), number(UnencodedFileLen));
  const auto unpacked = number(UnencodedLen), skipped = number(UnencodedOffset);
  if (bytes(Data).empty() || bytes(Data).size() > kMaxExtentSize || unpacked > kMaxExtentSize ||
      skipped > unpacked || number(UnencodedFileLen) > unpacked - skipped) {
    refuse("a compressed extent of an impossible size");
  }
  const auto compression = number(Compression);
  if (compression == 0 || compression > kHighestCompression) refuse("an unknown compression");
  if (has(Encryption) && number(Encryption) != 0) refuse("encrypted data");
}

}  // namespace snapferry::btrfs
