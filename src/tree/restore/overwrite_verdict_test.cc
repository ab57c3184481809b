#include "tree/restore/overwrite_verdict.h"

#include <gtest/gtest.h>
#include <sys/sysmacros.h>

namespace snapferry::tree {
namespace {

Existing existing(unsigned type, std::uint64_t size = 0) {
  Existing there{};
  there.stat.stx_mode = static_cast<std::uint16_t>(type | 0644);
  there.stat.stx_size = size;
  there.stat.stx_nlink = 1;
  there.stat.stx_mtime.tv_sec = 5;
  there.stat.stx_mtime.tv_nsec = 6;
  return there;
}

Entry entry(EntryType type, std::uint64_t size = 0) {
  Entry wanted;
  wanted.type = type;
  wanted.size = size;
  wanted.mtime = {5, 6};
  return wanted;
}

TEST(OverwriteVerdict, CreatesWhatIsNotThere) {
  for (Overwrite overwrite : {Overwrite::Never, Overwrite::Changed, Overwrite::Always}) {
    EXPECT_EQ(judge(entry(EntryType::File), std::nullopt, overwrite), Verdict::Create);
  }
}

TEST(OverwriteVerdict, DependsOnTheMode) {
  const Entry same = entry(EntryType::File, 9);
  EXPECT_EQ(judge(same, existing(S_IFREG, 9), Overwrite::Never), Verdict::Leave);
  EXPECT_EQ(judge(same, existing(S_IFIFO), Overwrite::Never), Verdict::Leave);
  EXPECT_EQ(judge(same, existing(S_IFREG, 9), Overwrite::Changed), Verdict::Check);
  EXPECT_EQ(judge(same, existing(S_IFREG, 9), Overwrite::Always), Verdict::Replace);
}

TEST(OverwriteVerdict, ChangedIsTypeSizeOrTime) {
  const Entry wanted = entry(EntryType::File, 9);
  EXPECT_EQ(judge(wanted, existing(S_IFREG, 8), Overwrite::Changed), Verdict::Replace);
  EXPECT_EQ(judge(wanted, existing(S_IFLNK, 9), Overwrite::Changed), Verdict::Replace);
  EXPECT_EQ(judge(wanted, existing(S_IFDIR, 9), Overwrite::Changed), Verdict::Replace);
  Existing later = existing(S_IFREG, 9);
  later.stat.stx_mtime.tv_nsec = 7;
  EXPECT_EQ(judge(wanted, later, Overwrite::Changed), Verdict::Replace);
}

TEST(OverwriteVerdict, OfSpecialFilesIsWhatTheyAre) {
  Entry symlink = entry(EntryType::Symlink);
  symlink.target = "a";
  Existing there = existing(S_IFLNK, 1);
  there.target = "a";
  EXPECT_EQ(judge(symlink, there, Overwrite::Changed), Verdict::Check);
  there.target = "b";
  EXPECT_EQ(judge(symlink, there, Overwrite::Changed), Verdict::Replace);
  Entry device = entry(EntryType::BlockDevice);
  device.device = makedev(8, 1);
  there = existing(S_IFBLK);
  there.stat.stx_rdev_major = 8;
  there.stat.stx_rdev_minor = 1;
  EXPECT_EQ(judge(device, there, Overwrite::Changed), Verdict::Check);
  there.stat.stx_rdev_minor = 2;
  EXPECT_EQ(judge(device, there, Overwrite::Changed), Verdict::Replace);
  EXPECT_EQ(judge(entry(EntryType::Fifo), existing(S_IFIFO), Overwrite::Changed), Verdict::Check);
}

TEST(OverwriteVerdict, AFileWithUnknownNamesIsAnotherOne) {
  Entry wanted = entry(EntryType::File);
  Existing there = existing(S_IFREG);
  there.stat.stx_nlink = 2;
  EXPECT_EQ(judge(wanted, there, Overwrite::Changed), Verdict::Replace);
  wanted.link_device = 1;
  EXPECT_EQ(judge(wanted, there, Overwrite::Changed), Verdict::Check);
}

}  // namespace
}  // namespace snapferry::tree
