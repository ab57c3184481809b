#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "cli/test_program.h"
#include "testing/temporary_directory.h"

namespace snapferry::cli {
namespace {

const std::string kKey =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEf+i7GLKz/tRhtq2/EKn36vDNHj6Knsqz3PVsKE7IfT me@here\n";
const std::vector<std::string> kSource = {"--allow", "source",   "--set",
                                          "main",    "--volume", "zfs:tank/**"};

std::vector<std::string> with(std::vector<std::string> words,
                              const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

TEST(AgentCommand, RefusesToStandInForAnythingElse) {
  TestProgram program;
  for (const auto* asked :
       {"id", "scp -f /etc/shadow", "snapferry", "snapferry agents", "/usr/lib/openssh/sftp-server",
        "snapferry  agent", "agent", "snapferry agent; id"}) {
    program.environment["SSH_ORIGINAL_COMMAND"] = asked;
    const auto outcome = program.run(with({"agent"}, kSource));
    EXPECT_EQ(outcome.code, 1) << asked;
    EXPECT_NE(outcome.err.find("nothing else"), std::string::npos) << outcome.err;
    EXPECT_EQ(outcome.out, "");
  }
}

TEST(AgentCommand, IsNotStartedWithoutAPolicy) {
  TestProgram program;
  EXPECT_EQ(program.run({"agent"}).code, 2);
  EXPECT_EQ(program.run({"agent", "--allow", "source", "--set", "main"}).code, 2);
  EXPECT_EQ(program.run({"agent", "--allow", "all", "--set", "main"}).code, 2);
  EXPECT_EQ(program.run(with({"agent", "zfs:tank"}, kSource)).code, 2);
}

class AuthorizeCommand : public ::testing::Test {
 protected:
  void SetUp() override { std::ofstream(key_) << kKey; }
  testing::TemporaryDirectory directory_;
  const std::string key_ = directory_ / "key.pub";
  TestProgram program_;
};

TEST_F(AuthorizeCommand, PrintsTheLine) {
  const auto outcome = program_.run(with({"authorize", "--key", key_}, kSource));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out,
            "command=\"snapferry agent --allow source --set main --volume "
            "'zfs:tank/**'\",restrict " +
                kKey);
}

TEST_F(AuthorizeCommand, WritesTheLineOnce) {
  const std::string file = directory_ / "authorized_keys";
  const auto words = with({"authorize", "--key", key_, "--write", file}, kSource);
  EXPECT_EQ(program_.run(words).code, 0);
  const auto again = program_.run(words);
  EXPECT_EQ(again.code, 0);
  EXPECT_NE(again.out.find("already"), std::string::npos) << again.out;
  std::stringstream text;
  text << std::ifstream(file).rdbuf();
  EXPECT_EQ(text.str(), program_.run(with({"authorize", "--key", key_}, kSource)).out);
}

TEST_F(AuthorizeCommand, SaysWhatIsWrongWithAKey) {
  std::ofstream(key_) << "-----BEGIN OPENSSH PRIVATE KEY-----\n";
  const auto outcome = program_.run(with({"authorize", "--key", key_}, kSource));
  EXPECT_EQ(outcome.code, 2);
  EXPECT_NE(outcome.err.find("private key"), std::string::npos) << outcome.err;
  EXPECT_EQ(program_.run(with({"authorize"}, kSource)).code, 2) << "no key";
}

TEST(DoctorCommand, HasALineForEachFindingAndAnObjectForEach) {
  TestProgram program;
  const auto text = program.run({"doctor"});
  EXPECT_EQ(text.code, 0) << text.out;
  EXPECT_NE(text.out.find("good     box: system: snapferry "), std::string::npos) << text.out;
  EXPECT_NE(text.out.find("sandbox system-calls"), std::string::npos) << text.out;
  const auto json = program.run({"doctor", "--json"});
  EXPECT_NE(json.out.find(R"("subject":"system","verdict":"good")"), std::string::npos) << json.out;
}

TEST(DoctorCommand, ReturnsOneWithTheNextStepWhereSomethingIsMissing) {
  TestProgram program;
  const auto outcome = program.run({"doctor", "btrfs:/no/such/place", "--json"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.out.find("\"next_step\":"), std::string::npos) << outcome.out;
}

TEST(DoctorCommand, SaysWhyAMachineCannotBeReached) {
  TestProgram program;
  const auto outcome = program.run({"doctor", "web1", "--ssh-command", "false"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.out.find("missing  web1: connection: "), std::string::npos) << outcome.out;
  EXPECT_EQ(program.run({"doctor", "-oProxyCommand=x"}).code, 2);
}

}  // namespace
}  // namespace snapferry::cli
