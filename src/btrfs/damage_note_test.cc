#include "btrfs/damage_note.h"

#include <gtest/gtest.h>

namespace snapferry::btrfs {
namespace {

TEST(DamageNote, IsReadAsItWasWritten) {
  const DamageNote note = {Guid::from_number(1), Guid::from_number(2)};
  EXPECT_EQ(decode_damage(encode_damage(note)), note);
  EXPECT_EQ(encode_damage({}), "");
  EXPECT_TRUE(decode_damage("").empty());
}

TEST(DamageNote, PassesOverWhatIsNoIdentity) {
  const DamageNote note = {Guid::from_number(1)};
  EXPECT_EQ(decode_damage("x\n\n" + encode_damage(note) + "0123"), note);
}

}  // namespace
}  // namespace snapferry::btrfs
