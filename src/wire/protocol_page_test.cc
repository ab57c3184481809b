// PROTOCOL.md says what the code does: its tables against the enumerations here.

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/entry.h"
#include "wire/failure.h"
#include "wire/frame.h"
#include "wire/messages.h"
#include "wire/verb.h"

namespace snapferry::wire {
namespace {

using ::testing::HasSubstr;
using Table = std::map<int, std::string>;

std::string page() {
  std::ifstream file(std::filesystem::path(__FILE__).parent_path() / "PROTOCOL.md");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// What `row` finds in the page: a number and what it means.
Table table_of(const char* row) {
  Table table;
  const auto text = page();
  const std::regex form(row, std::regex::multiline);
  for (std::sregex_iterator found(text.begin(), text.end(), form), end; found != end; ++found) {
    const auto [place, is_new] = table.emplace(std::stoi((*found)[1]), (*found)[2]);
    EXPECT_TRUE(is_new) << place->first << " is there twice";
  }
  return table;
}

template <typename Enumeration>
std::string numbered(std::initializer_list<std::pair<Enumeration, const char*>> names) {
  std::string text;
  for (const auto& [value, name] : names) {
    text += (text.empty() ? "" : ", ") + std::to_string(static_cast<int>(value)) + " " + name;
  }
  return "| " + text + " |";
}

TEST(ProtocolPage, HasEveryFrame) {
  Table frames;
  for (int number = 0; number < 256; ++number) {
    const auto name = to_string(static_cast<FrameType>(number));
    if (name != "?") frames.emplace(number, name);
  }
  EXPECT_EQ(table_of("^\\| (\\d+) \\| ([A-Z][a-z]+) \\| (?:0|new|open) \\|"), frames);
}

TEST(ProtocolPage, HasEveryVerb) {
  Table verbs;
  for (std::uint16_t number = 0; number < 1024; ++number) {
    if (const auto verb = find_verb(number)) verbs.emplace(number, verb->name);
  }
  EXPECT_EQ(table_of("^\\| (\\d+) \\| ([a-z]+\\.[a-z_]+) \\|"), verbs);
}

TEST(ProtocolPage, HasEveryKindOfError) {
  Table kinds;
  for (int number = 1; number < 256; ++number) {
    Bytes bytes = {static_cast<std::uint8_t>(number), 0, 0, 0, 0};
    try {
      kinds.emplace(number, to_string(decode_failure(bytes).kind()));
    } catch (const Error&) {
      break;
    }
  }
  const auto text = page();
  for (const auto& [number, name] : kinds) {
    EXPECT_THAT(text, HasSubstr("| " + std::to_string(number) + " | " + name + " |"));
  }
  EXPECT_EQ(kinds.size(), 13u);
}

TEST(ProtocolPage, HasEveryEnumeration) {
  const auto text = page();
  EXPECT_THAT(text, HasSubstr(numbered<PointKind>(
                        {{PointKind::Snapshot, "snapshot"}, {PointKind::Bookmark, "bookmark"}})));
  EXPECT_THAT(text, HasSubstr(numbered<VolumeType>({{VolumeType::Filesystem, "filesystem"},
                                                    {VolumeType::Zvol, "zvol"},
                                                    {VolumeType::Subvolume, "subvolume"}})));
  EXPECT_THAT(text, HasSubstr(numbered<EntryType>({{EntryType::File, "file"},
                                                   {EntryType::Directory, "directory"},
                                                   {EntryType::Symlink, "symlink"},
                                                   {EntryType::Fifo, "fifo"},
                                                   {EntryType::Socket, "socket"},
                                                   {EntryType::CharacterDevice, "character_device"},
                                                   {EntryType::BlockDevice, "block_device"}})));
  EXPECT_THAT(text, HasSubstr(numbered<Verdict>({{Verdict::Good, "good"},
                                                 {Verdict::Warning, "warning"},
                                                 {Verdict::Missing, "missing"}})));
}

TEST(ProtocolPage, HasEveryFeatureOfStreams) {
  const std::map<std::string, bool StreamFeatures::*> features = {
      {"large_blocks", &StreamFeatures::large_blocks},  {"embedded", &StreamFeatures::embedded},
      {"compressed", &StreamFeatures::compressed},      {"raw", &StreamFeatures::raw},
      {"resumable", &StreamFeatures::resumable},        {"bookmarks", &StreamFeatures::bookmarks},
      {"atomic_freeze", &StreamFeatures::atomic_freeze}};
  const auto text = page();
  for (const auto& [name, member] : features) {
    FeaturesReply reply;
    reply.features.*member = true;
    EXPECT_THAT(text, HasSubstr(std::to_string(encode(reply).at(0)) + " " + name));
  }
}

}  // namespace
}  // namespace snapferry::wire
