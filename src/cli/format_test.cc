#include "cli/format.h"

#include <gtest/gtest.h>

namespace snapferry::cli {
namespace {

TEST(HumanSize, HasOneDigitBehindThePointAboveBytes) {
  EXPECT_EQ(human_size(0), "0 B");
  EXPECT_EQ(human_size(1023), "1023 B");
  EXPECT_EQ(human_size(1536), "1.5 KiB");
  EXPECT_EQ(human_size((1u << 20) - 1), "1.0 MiB");
  EXPECT_EQ(human_size(~std::uint64_t{0}), "16.0 EiB");
}

TEST(HumanCount, GroupsDigits) {
  EXPECT_EQ(human_count(0), "0");
  EXPECT_EQ(human_count(999), "999");
  EXPECT_EQ(human_count(1234567), "1,234,567");
}

TEST(ModeText, ShowsSpecialBitsAsLsDoes) {
  EXPECT_EQ(mode_text(EntryType::File, 0644), "-rw-r--r--");
  EXPECT_EQ(mode_text(EntryType::Directory, 01777), "drwxrwxrwt");
  EXPECT_EQ(mode_text(EntryType::File, 06644), "-rwSr-Sr--");
  EXPECT_EQ(mode_text(EntryType::File, 04755), "-rwsr-xr-x");
  EXPECT_EQ(mode_text(EntryType::BlockDevice, 0660), "brw-rw----");
}

TEST(Base64, PadsAsRfc4648Shows) {
  EXPECT_EQ(to_base64(""), "");
  EXPECT_EQ(to_base64("f"), "Zg==");
  EXPECT_EQ(to_base64("fo"), "Zm8=");
  EXPECT_EQ(to_base64("foo"), "Zm9v");
  EXPECT_EQ(to_base64("foob"), "Zm9vYg==");
  EXPECT_EQ(to_base64("\xff\xfe"), "//4=");
}

TEST(TableText, KeepsEachRowOnALineWhateverIsInIt) {
  Table table({Table::Align::Left, Table::Align::Left});
  table.add({"set\n\xff", "next"});
  EXPECT_EQ(table.text(), "set\\n\\xff  next\n");
}

TEST(TableText, AlignsByTheColumnsOfCharacters) {
  using enum Table::Align;
  Table table({Left, Right, Left});
  table.add({"ü", "5", "x"});
  table.add({"abc", "100", "y"});
  EXPECT_EQ(table.text(), "ü      5  x\nabc  100  y\n");
}

TEST(Wrap, BreaksAtWordsAndKeepsParagraphs) {
  EXPECT_EQ(wrap("one two three\n\nfour", 9, 1), " one two\n three\n\n four\n");
}

}  // namespace
}  // namespace snapferry::cli
