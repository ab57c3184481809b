#pragma once

#include <string>
#include <vector>

#include "core/bytes.h"
#include "wire/frame.h"

namespace snapferry::wire {

inline constexpr std::uint16_t kOldestVersion = 1;
inline constexpr std::uint16_t kNewestVersion = 1;

// The feature of a peer that knows the frame Working.
inline constexpr std::string_view kWorking = "working";

// What each side says of itself first.
struct Hello {
  std::uint16_t oldest = kOldestVersion;  // versions of the protocol that it speaks
  std::uint16_t newest = kNewestVersion;
  std::string program;                  // "snapferry 0.1.0"
  std::vector<std::string> features{};  // names; those unknown here are to be ignored
  bool operator==(const Hello&) const = default;

  bool has(std::string_view feature) const;
};

// Throws InvalidArgument for a feature's name or a number of them that cannot cross.
Payload encode_hello(const Hello& hello);
// Throws Corrupt. The program's name comes out printable.
Hello decode_hello(ByteView bytes);

// The version that both speak. Throws Unsupported, naming the program to update.
std::uint16_t agree_on_version(const Hello& own, const Hello& peer);

}  // namespace snapferry::wire
