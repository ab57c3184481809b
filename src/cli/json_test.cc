#include "cli/json.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace snapferry::cli {
namespace {

TEST(JsonObject, IsReadBackByAnotherParser) {
  const std::string text = JsonObject::line("test")
                               .text("quotes", "a\"b\\c\n\x01\x7f")
                               .number("big", ~std::uint64_t{0})
                               .signed_number("negative", -5)
                               .boolean("yes", true)
                               .real("part", 0.5)
                               .time("time", {1'772'366'400, 0})
                               .list("list", {"a", "b"})
                               .objects("objects", {JsonObject().text("x", "y")})
                               .dump();
  const auto json = nlohmann::json::parse(text);
  EXPECT_EQ(json["schema_version"], 1);
  EXPECT_EQ(json["type"], "test");
  EXPECT_EQ(json["quotes"], "a\"b\\c\n\x01\x7f");
  EXPECT_EQ(json["big"], ~std::uint64_t{0});
  EXPECT_EQ(json["negative"], -5);
  EXPECT_EQ(json["yes"], true);
  EXPECT_EQ(json["part"], 0.5);
  EXPECT_EQ(json["time"], "2026-03-01T12:00:00Z");
  EXPECT_EQ(json["list"], nlohmann::json({"a", "b"}));
  EXPECT_EQ(json["objects"][0]["x"], "y");
  EXPECT_EQ(text.find('\n'), std::string::npos);
}

TEST(JsonObject, GivesBytesThatAreNoTextExactlyBesideAReadableForm) {
  const auto json = nlohmann::json::parse(JsonObject().text("path", "a\xff").dump());
  EXPECT_EQ(json["path"], "a\xEF\xBF\xBD");
  EXPECT_EQ(json["path_base64"], "Yf8=");
  const auto plain = nlohmann::json::parse(JsonObject().text("path", "grün").dump());
  EXPECT_FALSE(plain.contains("path_base64"));
}

TEST(JsonObject, GivesListsWithSuchBytesExactlyToo) {
  const auto json = nlohmann::json::parse(JsonObject().list("p", {"a", "\xff"}).dump());
  EXPECT_EQ(json["p_base64"], nlohmann::json({"YQ==", "/w=="}));
}

}  // namespace
}  // namespace snapferry::cli
