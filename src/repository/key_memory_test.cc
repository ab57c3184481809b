#include "repository/key_memory.h"

#include <algorithm>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "repository/crypto.h"

namespace snapferry::repository {
namespace {

bool is_zero(const std::uint8_t* memory) {
  return std::all_of(memory, memory + kKeyBytes, [](std::uint8_t byte) { return byte == 0; });
}

// The flags of the mapping that holds `address`, as /proc/self/smaps has them ("rd wr … lo dd").
std::string flags_of_mapping(const void* address) {
  const auto wanted = reinterpret_cast<std::uintptr_t>(address);
  std::ifstream maps("/proc/self/smaps");
  bool inside = false;
  for (std::string line; std::getline(maps, line);) {
    std::size_t end = 0;
    const auto dash = line.find('-');
    if (dash != std::string::npos && line.find(':') > line.find(' ')) {
      const auto first = std::stoull(line, &end, 16);
      inside = wanted >= first && wanted < std::stoull(line.substr(dash + 1), nullptr, 16);
    } else if (inside && line.starts_with("VmFlags:")) {
      return line;
    }
  }
  return "";
}

TEST(KeyMemory, IsWipedBeforeItIsTakenAgain) {
  std::uint8_t* const memory = take_key_memory();
  EXPECT_TRUE(is_zero(memory));
  std::fill_n(memory, kKeyBytes, std::uint8_t{7});
  give_back_key_memory(memory);
  EXPECT_TRUE(is_zero(memory));  // it stays mapped
}

TEST(KeyMemory, IsInNoCoreDump) {
  const Key key;
  EXPECT_NE(flags_of_mapping(key.view().data()).find(" dd"), std::string::npos);
}

TEST(KeyMemory, HasRoomForMoreKeysThanAreLocked) {
  std::set<std::uint8_t*> taken;
  for (int i = 0; i < 3000; ++i) taken.insert(take_key_memory());
  EXPECT_EQ(taken.size(), 3000u);
  for (std::uint8_t* memory : taken) give_back_key_memory(memory);
}

TEST(KeyMemory, KeepsCopiesOfAKeyApart) {
  const Bytes bytes(Key::kSize, 9);
  Key one{ByteView(bytes)};
  Key other = one;
  one.data()[0] = 1;
  EXPECT_EQ(other.view()[0], 9);
  other = one;
  EXPECT_EQ(other.view()[0], 1);
}

TEST(Secret, IsWhatItWasMadeOfAndLeavesNothingInItsPlace) {
  std::string text = "a password that is long enough to be on the heap";
  const Secret secret(text);
  wipe(text);
  EXPECT_EQ(secret.view(), "a password that is long enough to be on the heap");
  EXPECT_TRUE(text.empty());
  EXPECT_EQ(Secret("").view(), "");
  EXPECT_NE(flags_of_mapping(secret.view().data()).find(" dd"), std::string::npos);
}

}  // namespace
}  // namespace snapferry::repository
