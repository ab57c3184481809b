#include <fcntl.h>
#include <gtest/gtest.h>

#include "cli/test_program.h"
#include "platform/fd.h"
#include "testing/temporary_directory.h"

namespace snapferry::cli {
namespace {

// A repository with the password "one", and a second key.
class KeyCommand : public ::testing::Test {
 protected:
  KeyCommand() {
    program_.environment = {{"SNAPFERRY_STORE", "repo:" + (directory_ / "store")},
                            {"SNAPFERRY_CACHE", directory_ / "cache"},
                            {"SNAPFERRY_PASSWORD", "one"}};
    EXPECT_EQ(program_.run({"init"}).code, 0);
    current_ = ids().at(0);
    EXPECT_EQ(program_.run({"key", "recovery", "--label", "paper"}).code, 0);
  }

  // The first word of each line of `key list`.
  std::vector<std::string> ids() {
    std::vector<std::string> ids;
    const std::string out = program_.run({"key", "list"}).out;
    for (std::size_t at = 0; at < out.size(); at = out.find('\n', at) + 1) {
      ids.push_back(out.substr(at, out.find(' ', at) - at));
    }
    return ids;
  }

  std::string other() {
    const auto all = ids();
    return all.at(0) == current_ ? all.at(1) : all.at(0);
  }

  testing::TemporaryDirectory directory_;
  TestProgram program_;
  std::string current_;
};

TEST_F(KeyCommand, KeepsTheKeyInUseUnlessTold) {
  const Outcome refused = program_.run({"key", "remove", current_});
  EXPECT_NE(refused.code, 0);
  EXPECT_NE(refused.err.find("--even-current"), std::string::npos) << refused.err;
  EXPECT_EQ(ids().size(), 2u);
  EXPECT_EQ(program_.run({"key", "remove", "--even-current", current_}).code, 0);
  EXPECT_NE(program_.run({"list"}).code, 0);
}

TEST_F(KeyCommand, KeepsTheLastEvenIfTold) {
  EXPECT_EQ(program_.run({"key", "remove", other()}).code, 0);
  EXPECT_NE(program_.run({"key", "remove", "--even-current", current_}).code, 0);
  EXPECT_EQ(program_.run({"list"}).code, 0);
}

TEST_F(KeyCommand, NamesADamagedKeyAndCanRemoveIt) {
  const std::string path = directory_ / "store/keys/0123456789abcdef";
  platform::write_all(platform::open_path(path, O_WRONLY | O_CREAT, 0600).get(), as_bytes("torn"),
                      path);
  const Outcome listed = program_.run({"key", "list"});
  EXPECT_EQ(listed.code, 0);
  EXPECT_NE(listed.out.find("(damaged)"), std::string::npos) << listed.out;
  EXPECT_EQ(program_.run({"key", "remove", "0123456789abcdef"}).code, 0);
  EXPECT_EQ(ids().size(), 2u);
}

}  // namespace
}  // namespace snapferry::cli
