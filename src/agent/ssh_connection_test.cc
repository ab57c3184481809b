#include "agent/ssh_connection.h"

#include <gtest/gtest.h>

#include "testing/errors.h"

namespace snapferry::agent {
namespace {

// Runs `script` in place of ssh.
std::vector<std::string> pretending(std::string script) {
  return {"sh", "-c", std::move(script), "sh"};
}

Error failure_of(const std::string& script) {
  try {
    const SshConnection connection(platform::system_commands(), pretending(script), "root@web1");
  } catch (const Error& error) {
    return error;
  }
  return Error(ErrorKind::Internal, "connected");
}

struct Case {
  const char* script;
  ErrorKind kind;
  const char* said;
};

TEST(SshConnection, SaysWhatSshMeansAndWhatToDo) {
  const std::vector<Case> cases = {
      {"echo 'ssh: Could not resolve hostname web1: Name or service not known' >&2; exit 255",
       ErrorKind::NotFound, "no host of this name"},
      {"echo 'root@web1: Permission denied (publickey).' >&2; exit 255",
       ErrorKind::PermissionDenied, "snapferry authorize"},
      {"printf 'Host key verification failed.\\r\\n' >&2; exit 255", ErrorKind::PermissionDenied,
       "host key"},
      {"echo 'ssh: connect to host web1 port 22: Connection refused' >&2; exit 255",
       ErrorKind::Unavailable, "sshd"},
      {"echo 'ssh: connect to host web1 port 22: No route to host' >&2; exit 255",
       ErrorKind::Unavailable, "cannot be reached"},
      {"echo 'bash: line 1: snapferry: command not found' >&2; exit 127", ErrorKind::NotFound,
       "install it"},
      {"echo 'snapferry: no' >&2; exit 2", ErrorKind::Unavailable, "snapferry: no"},
      {"exit 3", ErrorKind::Unavailable, "exit status 3"},
      {"kill -9 $$", ErrorKind::Unavailable, "exit status 137"},
  };
  for (const auto& one : cases) {
    const auto error = failure_of(one.script);
    EXPECT_EQ(to_string(error.kind()), to_string(one.kind)) << error.message();
    EXPECT_NE(error.message().find(one.said), std::string::npos) << error.message();
    EXPECT_TRUE(error.message().starts_with("root@web1: ")) << error.message();
    EXPECT_EQ(error.message().find('\n'), std::string::npos);
  }
}

TEST(SshConnection, ToSomethingElseShowsItsGreetingPrintable) {
  const auto error = failure_of("printf 'Welcome to web1\\n\\033[2J'; cat >/dev/null");
  EXPECT_EQ(to_string(error.kind()), to_string(ErrorKind::Unsupported)) << error.message();
  EXPECT_NE(error.message().find("Welcome"), std::string::npos) << error.message();
  EXPECT_EQ(error.message().find('\033'), std::string::npos);
}

TEST(SshConnection, ShowsNoControlCharactersOfTheFarEnd) {
  const auto error = failure_of("printf '\\033]0;x\\007 evil\\n' >&2; exit 1");
  EXPECT_EQ(error.message().find('\033'), std::string::npos) << error.message();
}

}  // namespace
}  // namespace snapferry::agent
