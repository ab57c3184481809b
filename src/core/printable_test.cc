#include "core/printable.h"

#include <gtest/gtest.h>

namespace snapferry {
namespace {

TEST(Printable, EscapesWhatCommandsATerminal) {
  EXPECT_EQ(printable("a\nb\tc"), "a\\nb\\tc");
  EXPECT_EQ(printable("\x1b[2J"), "\\x1b[2J");
  EXPECT_EQ(printable("\xc2\x9b"
                      "1m"),
            "\\xc2\\x9b1m");
  EXPECT_EQ(printable("\x7f"), "\\x7f");
}

TEST(Printable, KeepsTextOfAnyLanguageAndEscapesWhatIsNone) {
  EXPECT_EQ(printable("grün 雪 🚢"), "grün 雪 🚢");
  EXPECT_EQ(printable("a\xff"
                      "b"),
            "a\\xffb");
}

TEST(Printable, ShowsNoTwoNamesAlike) {
  EXPECT_EQ(printable("a\\nb"), "a\\\\nb");
  EXPECT_NE(printable("a\\nb"), printable("a\nb"));
  EXPECT_NE(printable("\\x1b"), printable("\x1b"));
  EXPECT_NE(printable("\\u{202e}"), printable("\u202e"));
}

TEST(Printable, NamesWhatIsInvisibleOrTurnsTheDirection) {
  EXPECT_EQ(printable("evil\u202etxt.exe"), "evil\\u{202e}txt.exe");
  EXPECT_EQ(printable("a\u200bb"), "a\\u{200b}b");
  EXPECT_EQ(printable("\ufeffa"), "\\u{feff}a");
  EXPECT_EQ(printable("a\u2028b"), "a\\u{2028}b");
  EXPECT_EQ(printable("\U000e0041"), "\\u{e0041}");
  EXPECT_EQ(printable("\u00adx"), "\\u{ad}x");
}

TEST(OneLine, LeavesBackslashesOfNamesThatWereMadePrintable) {
  EXPECT_EQ(one_line(printable("a\nb\\") + ": x\n\u202e"), "a\\nb\\\\: x\\n\\u{202e}");
}

TEST(LaidOut, LeavesLinesAndNothingElseThatCommandsATerminal) {
  EXPECT_EQ(laid_out(printable("a\n\\") + "\n\tb\x1b[2J\xff\u202e\n"),
            "a\\n\\\\\n\tb\\x1b[2J\\xff\\u{202e}\n");
}

TEST(Utf8, RefusesOverlongFormsSurrogatesAndCutCharacters) {
  EXPECT_TRUE(is_utf8("grün \xf4\x8f\xbf\xbf"));
  EXPECT_FALSE(is_utf8("\xc0\xaf"));
  EXPECT_FALSE(is_utf8("\xe0\x80\xaf"));
  EXPECT_FALSE(is_utf8("\xed\xa0\x80"));
  EXPECT_FALSE(is_utf8("\xf4\x90\x80\x80"));
  EXPECT_FALSE(is_utf8("\xe2\x82"));
  EXPECT_EQ(to_utf8("a\xffz"), "a\xEF\xBF\xBDz");
}

}  // namespace
}  // namespace snapferry
