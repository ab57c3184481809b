#include "simplesnap/request.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace snapferry::simplesnap {
namespace {

bool refuses(std::string_view line) {
  try {
    parse_command(line);
    return false;
  } catch (const Error& error) {
    return error.kind() == ErrorKind::InvalidArgument;
  }
}

TEST(Command, IsWhatTheStockClientSends) {
  EXPECT_EQ(parse_command("simplesnapwrap listfs"), Request{});
  EXPECT_EQ(parse_command("/usr/sbin/simplesnapwrap sendback mainset tank/home"),
            (Request{.verb = Verb::SendBack, .set = "mainset", .dataset = "tank/home"}));
  EXPECT_EQ(parse_command("simplesnapwrap reap mainset tank"),
            (Request{.verb = Verb::Reap, .set = "mainset", .dataset = "tank"}));
}

TEST(Command, MayHoldALimit) {
  EXPECT_EQ(parse_command("w sendback s tank 500k").limit, 512'000U);
  EXPECT_EQ(parse_command("w sendback s tank 7").limit, 7U);
  for (const auto* limit :
       {"0", "k", "-1", "1.5M", "1P", "99999999999999999999", "18446744073709551615T"})
    EXPECT_TRUE(refuses(std::string("w sendback s tank ") + limit)) << limit;
}

TEST(Command, NamesADatasetWithEveryCharacterOfZfsButTheBlank) {
  EXPECT_EQ(parse_command("w reap s tank/a:b_c-d.e/F").dataset, "tank/a:b_c-d.e/F");
}

TEST(Command, IsRefusedWithShellCharacters) {
  for (const char c : std::string(";`$&|<>(){}[]*?!#~%@^=+,\\\"'\t\r\n\0\x7f\xff", 32))
    EXPECT_TRUE(refuses(std::string("simplesnapwrap sendback mainset tank/home") + c)) << int{c};
  EXPECT_TRUE(refuses("simplesnapwrap listfs; id"));
  EXPECT_TRUE(refuses("simplesnapwrap listfs\nsimplesnapwrap listfs"));
  EXPECT_TRUE(refuses("x\nsimplesnapwrap sendback mainset `id`"));
}

TEST(Command, IsRefusedWithOptionsAndOtherVerbs) {
  for (const auto* line :
       {"simplesnapwrap sendback -R tank", "simplesnapwrap sendback mainset -R", "-c listfs",
        "simplesnapwrap reap mainset -r", "simplesnapwrap --help", "simplesnapwrap destroy s tank",
        "simplesnapwrap LISTFS", "simplesnapwrap reinvoked simplesnapwrap listfs", "listfs",
        "simplesnapwrap listfs tank", "simplesnapwrap sendback mainset", "simplesnapwrap reap s",
        "simplesnapwrap reap s tank tank", "simplesnapwrap sendback s tank 1 1"})
    EXPECT_TRUE(refuses(line)) << line;
}

TEST(Command, IsRefusedWithNamesThatLeadElsewhere) {
  for (const auto* line :
       {"w sendback s ../tank", "w sendback s tank/..", "w sendback s tank/../other",
        "w sendback s /tank", "w sendback s tank/", "w sendback s tank//a", "w sendback s tank/.",
        "w sendback s_t tank", "w sendback a.b tank", "w sendback s: tank", "w reap s_t tank"})
    EXPECT_TRUE(refuses(line)) << line;
}

TEST(Command, IsRefusedWithBlanksTooMany) {
  for (const auto* line : {"", " ", " w listfs", "w  listfs", "w listfs ", "w"})
    EXPECT_TRUE(refuses(line)) << line;
}

TEST(Command, IsRefusedAtEveryOtherLength) {
  const std::string whole = "simplesnapwrap sendback mainset tank";
  for (std::size_t length = 0; length < whole.size() - 4; ++length)
    EXPECT_TRUE(refuses(whole.substr(0, length))) << length;
  EXPECT_TRUE(refuses("w sendback s tank/" + std::string(kMaximalCommandLine, 'a')));
}

}  // namespace
}  // namespace snapferry::simplesnap
