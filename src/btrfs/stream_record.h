#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "btrfs/stream_format.h"
#include "core/bytes.h"
#include "core/guid.h"

namespace snapferry::btrfs {

struct Timespec {
  std::int64_t seconds = 0;
  std::uint32_t nanoseconds = 0;
};

// One record of a stream whose form was checked: it has the attributes that its command needs, no
// others, none twice, each of its size; paths are relative and without "", "." and "..". The views
// live as long as the bytes that it was parsed from.
class StreamRecord {
 public:
  using Command = stream_format::Command;
  using Attribute = stream_format::Attribute;

  // `attributes` is the record behind its header. Throws Corrupt, with a message that names the
  // fault alone; the caller knows where.
  static StreamRecord parse(std::uint16_t command, ByteView attributes, std::uint32_t version);

  Command command() const { return command_; }
  bool has(Attribute attribute) const { return (present_ >> index(attribute) & 1) != 0; }
  ByteView bytes(Attribute attribute) const { return values_[index(attribute)]; }
  std::string_view text(Attribute attribute) const { return as_text(bytes(attribute)); }
  // Of eight bytes, or of four.
  std::uint64_t number(Attribute attribute) const;
  Guid guid(Attribute attribute) const { return Guid::from_bytes(bytes(attribute)); }
  Timespec time(Attribute attribute) const;

  // "write home/file"; bytes that cannot be printed are shown as '?'.
  std::string summary() const;

 private:
  static std::size_t index(Attribute attribute) { return static_cast<std::size_t>(attribute); }
  void add(std::uint16_t type, ByteView value);
  void check_values() const;

  Command command_ = Command::End;
  std::uint32_t present_ = 0;
  std::array<ByteView, stream_format::kAttributeCount> values_;
};

// "write"; "command 77" if there is none of that number.
std::string command_name(std::uint16_t command);

}  // namespace snapferry::btrfs
