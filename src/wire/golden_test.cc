// The bytes of every frame and message, as golden.txt keeps them: what is there must never change
// within a protocol version. SNAPFERRY_WRITE_GOLDEN=1 writes the file anew.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include <gtest/gtest.h>

#include "wire/frame.h"
#include "wire/test_messages.h"
#include "wire/verb.h"

namespace snapferry::wire {
namespace {

using Golden = std::map<std::string, std::string>;

std::filesystem::path golden_path() {
  return std::filesystem::path(__FILE__).parent_path() / "golden.txt";
}

Golden read_golden() {
  std::ifstream file(golden_path());
  Golden golden;
  for (std::string name, hex; file >> name >> hex;) golden[name] = hex;
  return golden;
}

// "-" stands for no bytes.
std::string hex_of(ByteView bytes) { return bytes.empty() ? "-" : to_hex(bytes); }

Golden current() {
  Golden golden;
  golden["magic"] = hex_of(as_bytes(kMagic));
  for (const auto& message : all_test_messages()) {
    golden["message." + message.name] = hex_of(message.bytes);
  }
  const std::map<FrameType, std::uint32_t> lengths = {
      {FrameType::Hello, 20}, {FrameType::Request, 2},  {FrameType::Message, 65536},
      {FrameType::Last, 0},   {FrameType::Data, 65536}, {FrameType::Failure, 5},
      {FrameType::Credit, 4}, {FrameType::Goodbye, 5}};
  for (int number = 1; number <= 13; ++number) {
    const auto type = static_cast<FrameType>(number);
    const bool in_channel = type != FrameType::Hello && type != FrameType::Ping &&
                            type != FrameType::Pong && type != FrameType::Goodbye;
    const auto length = lengths.contains(type) ? lengths.at(type) : 0;
    golden["frame." + std::string(to_string(type))] =
        hex_of(encode_header({type, in_channel ? 0x01020304u : 0, length}));
  }
  for (std::uint16_t number = 0; number < 256; ++number) {
    if (const auto verb = find_verb(number)) {
      golden["verb." + std::string(verb->name)] = std::to_string(number);
    }
  }
  return golden;
}

TEST(Golden, EveryFrameAndMessageHasTheBytesOfItsVersion) {
  if (std::getenv("SNAPFERRY_WRITE_GOLDEN") != nullptr) {
    std::ofstream file(golden_path());
    for (const auto& [name, hex] : current()) file << name << ' ' << hex << '\n';
  }
  EXPECT_EQ(read_golden(), current());
}

}  // namespace
}  // namespace snapferry::wire
