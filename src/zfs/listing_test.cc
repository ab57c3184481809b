#include "zfs/listing.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "testing/errors.h"
#include "testing/fake_commands.h"

namespace snapferry::zfs {
namespace {

using testing::FakeAnswer;
using testing::FakeCommands;

ListRequest request(std::vector<std::string> roots) {
  ListRequest request;
  request.columns = {"name", "guid"};
  request.types = "snapshot";
  request.roots = std::move(roots);
  return request;
}

TEST(ListRows, AreDividedByTabsSoThatNamesMayHaveBlanks) {
  const auto rows = parse_rows("tank/my files@a\t1\ntank\t-\n", 2);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0], (std::vector<std::string>{"tank/my files@a", "1"}));
  EXPECT_EQ(rows[1][1], "-");
  EXPECT_TRUE(parse_rows("", 2).empty());
  EXPECT_EQ(parse_rows("a\t\n", 2)[0][1], "");
}

TEST(ListRows, WithAnotherNumberOfColumnsAreCorrupt) {
  EXPECT_ERROR(parse_rows("a\n", 2), ErrorKind::Corrupt);
  EXPECT_ERROR(parse_rows("a\tb\tc\n", 2), ErrorKind::Corrupt);
  EXPECT_ERROR(parse_rows("\n", 2), ErrorKind::Corrupt);
}

TEST(ListRows, CutOffAnywhereAreCorruptOrFewer) {
  const std::string text = "tank@a\t1\ntank@b\t2\n";
  for (std::size_t size = 0; size < text.size(); ++size) {
    if (size == 0 || text[size - 1] == '\n') continue;
    EXPECT_ERROR(parse_rows(text.substr(0, size), 2), ErrorKind::Corrupt);
  }
}

// What is behind the column `exclude` of tank/home, and which name the message must have.
void expect_refused(const std::string& value, const std::string& name) {
  FakeCommands commands;
  auto listing = request({"tank"});
  listing.columns = {"name", "exclude", "more"};
  commands.expect("zfs list -Hp -r -t snapshot -o name,exclude,more tank",
                  {"tank\t-\t-\ntank/home\t" + value + "\t-\ntank/secret\ton\t-\n"});
  try {
    run_list(commands, listing);
    FAIL() << "taken for rows: " << value;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Corrupt);
    EXPECT_NE(error.message().find(name), std::string::npos) << error.message();
    EXPECT_EQ(error.message().find('\n'), std::string::npos) << error.message();
  }
}

TEST(RunList, RefusesAValueThatBreaksItsRowAndNamesIt) {
  expect_refused("a\tb", "tank/home");
  expect_refused("a\nb", "tank/home");
  expect_refused("\n", "tank/home");
  expect_refused("a\t\x1b[31m\nb", "tank/home");
  expect_refused("-\t-\nb", "tank/home");
}

TEST(RunList, RefusesAValueThatSpeaksForAnotherDataset) {
  expect_refused("-\t-\ntank/secret\toff", "tank/secret");
  expect_refused("-\t-\ntank/home\toff", "tank/home");
}

TEST(ListNumber, IsDecimalAndWhole) {
  EXPECT_EQ(parse_number("18446744073709551615"), 18446744073709551615u);
  for (const char* text : {"-", "", "1K", "0x1", "-1", " 1", "18446744073709551616"}) {
    EXPECT_FALSE(parse_number(text)) << text;
  }
}

TEST(ListArguments, SayHowDeep) {
  auto one = request({"tank"});
  EXPECT_EQ(list_arguments(one), (std::vector<std::string>{"zfs", "list", "-Hp", "-r", "-t",
                                                           "snapshot", "-o", "name,guid", "tank"}));
  one.depth = 2;
  EXPECT_EQ(list_arguments(one)[3], "-d");
  EXPECT_EQ(list_arguments(one)[4], "2");
  one.recursive = false;
  EXPECT_EQ(list_arguments(one)[3], "-t");
}

TEST(RunList, TellsWhichRootsAreMissing) {
  FakeCommands commands;
  commands.expect("zfs list -Hp -r -t snapshot -o name,guid tank gone",
                  {"tank@a\t1\n", 1, "cannot open 'gone': dataset does not exist\n"});
  const auto listing = run_list(commands, request({"tank", "gone"}));
  EXPECT_EQ(listing.rows.size(), 1u);
  EXPECT_EQ(listing.missing, std::vector<std::string>{"gone"});
}

TEST(RunList, ThatFailedIsNeverAnEmptyListing) {
  const std::pair<FakeAnswer, ErrorKind> cases[] = {
      {{"", 1, "cannot open 'tank': I/O error\n"}, ErrorKind::Unavailable},
      {{"", 1, ""}, ErrorKind::Unavailable},
      {{"", 137, ""}, ErrorKind::Unavailable},
      {{"tank@a\t1\n", 1, "internal error: out of memory\n"}, ErrorKind::Unavailable},
      {{"", 1, "cannot open 'other': dataset does not exist\n"}, ErrorKind::NotFound},
      {{"", 1, "cannot open 'tank': permission denied\n"}, ErrorKind::PermissionDenied}};
  for (const auto& [answer, kind] : cases) {
    FakeCommands commands;
    commands.expect("zfs list -Hp -r -t snapshot -o name,guid tank", answer);
    EXPECT_ERROR(run_list(commands, request({"tank"})), kind);
  }
}

}  // namespace
}  // namespace snapferry::zfs
