#include "agent/authorized_keys.h"

#include <fstream>
#include <sstream>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/command.h"
#include "testing/errors.h"
#include "testing/temporary_directory.h"

namespace snapferry::agent {
namespace {

using sandbox::SandboxMode;

const PublicKey kKey = {"ssh-ed25519",
                        "AAAAC3NzaC1lZDI1NTE5AAAAIEf+i7GLKz/tRhtq2/EKn36vDNHj6Knsqz3PVsKE7IfT",
                        "me@here"};

Policy policy_of(std::vector<std::string> volumes) {
  return Policy::make({.allow = {"source"}, .set = "main", .volumes = std::move(volumes)});
}

// What sshd makes of the value of an option (OpenSSH 9.2, misc.c, opt_dequote).
std::string dequoted(const std::string& line) {
  std::string value;
  std::size_t i = line.find('"') + 1;
  for (; i < line.size() && line[i] != '"'; ++i) {
    if (line[i] == '\\' && i + 1 < line.size() && line[i + 1] == '"') ++i;
    value += line[i];
  }
  EXPECT_EQ(line.substr(i, 10), "\",restrict");
  return value;
}

std::string content(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(AuthorizedLine, SaysTheCommandAndForbidsTheRest) {
  EXPECT_EQ(authorized_line(
                kKey, agent_command("snapferry", policy_of({"zfs:tank/**"}), SandboxMode::Require)),
            "command=\"snapferry agent --allow source --set main --volume 'zfs:tank/**' "
            "--sandbox require\",restrict ssh-ed25519 " +
                kKey.blob + " me@here");
}

TEST(AuthorizedLine, RefusesWhatALineCannotHold) {
  EXPECT_ERROR(agent_command("snapferry", policy_of({"btrfs:/a\nb"}), SandboxMode::BestEffort),
               ErrorKind::InvalidArgument);
}

TEST(AuthorizedLine, GivesTheShellTheVeryArgumentsOfThePolicy) {
  const auto policy = policy_of({"btrfs:/it's \"here\"/$(id)/`id`/\\/*", "btrfs:/a b;c|d&e<f>g\\\"",
                                 "btrfs:/$HOME", "zfs:**"});
  const auto line =
      authorized_line(kKey, agent_command("printf '%s\\n'", policy, SandboxMode::BestEffort));
  // What sshd does: the login shell gets the value as its -c.
  auto command = dequoted(line);
  const std::string program = shell_word("printf '%s\\n'");
  ASSERT_TRUE(command.starts_with(program));
  command.replace(0, program.size(), "printf '%s\\n'");
  std::string expected = "agent\n";
  for (const auto& argument : policy.arguments()) expected += argument + "\n";
  EXPECT_EQ(platform::system_commands().run({"sh", "-c", command}).text, expected);
}

RC_GTEST_PROP(AuthorizedLineProperty, EveryWordPassesSshdAndTheShellUnchanged, ()) {
  auto word = *rc::gen::container<std::string>(
      rc::gen::elementOf(std::string("ab'\"\\ $`*?;|&<>()#~!\xc3\xa4")));
  const auto line = authorized_line(kKey, "printf %s " + shell_word(word));
  const auto output = platform::system_commands().run({"sh", "-c", dequoted(line)}).text;
  RC_ASSERT(output == word);
}

class AuthorizedKeys : public ::testing::Test {
 protected:
  std::string path() const { return directory_ / "ssh/authorized_keys"; }
  void write(const std::string& text) const {
    ::mkdir((directory_ / "ssh").c_str(), 0700);
    std::ofstream(path()) << text;
  }
  testing::TemporaryDirectory directory_;
  const std::string line_ = authorized_line(kKey, "snapferry agent");
};

TEST_F(AuthorizedKeys, AreMadeForTheirOwnerAlone) {
  EXPECT_EQ(authorize(path(), line_, kKey), Authorized::Added);
  EXPECT_EQ(content(path()), line_ + "\n");
  struct ::stat status {};
  ASSERT_EQ(::stat(path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
  ASSERT_EQ(::stat((directory_ / "ssh").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0700u);
}

TEST_F(AuthorizedKeys, KeepWhatTheyHaveAndGetALineOnce) {
  write("# mine\nssh-rsa AAAA other");
  EXPECT_EQ(authorize(path(), line_, kKey), Authorized::Added);
  EXPECT_EQ(authorize(path(), line_, kKey), Authorized::WasThere);
  EXPECT_EQ(content(path()), "# mine\nssh-rsa AAAA other\n" + line_ + "\n");
}

TEST_F(AuthorizedKeys, NeverGetAKeyASecondTimeWithOtherOptions) {
  const std::vector<std::string> contents = {kKey.type + " " + kKey.blob + "\n",
                                             "restrict ssh-ed25519 " + kKey.blob + " x\n",
                                             "a\n" + authorized_line(kKey, "other") + "\r\n"};
  for (const auto& there : contents) {
    write(there);
    EXPECT_ERROR(authorize(path(), line_, kKey), ErrorKind::Conflict);
    EXPECT_EQ(content(path()), there);
  }
}

TEST_F(AuthorizedKeys, MindNoCommentAndNoLongerKey) {
  write("# ssh-ed25519 " + kKey.blob + "\nssh-ed25519 " + kKey.blob + "AAAA\n");
  EXPECT_EQ(authorize(path(), line_, kKey), Authorized::Added);
}

TEST_F(AuthorizedKeys, AreNotFollowedThroughALink) {
  write("");
  const auto link = directory_ / "link";
  ASSERT_EQ(::symlink(path().c_str(), link.c_str()), 0);
  EXPECT_THROW((void)authorize(link, line_, kKey), Error);
  EXPECT_EQ(content(path()), "");
}

}  // namespace
}  // namespace snapferry::agent
