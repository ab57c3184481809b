#include "wire/ssh_transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "testing/errors.h"
#include "testing/socket_child.h"
#include "wire/test_peer.h"

namespace snapferry::wire {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(SshArguments, AreThoseOfTheSystemsSsh) {
  EXPECT_THAT(ssh_arguments("root@web1", {}),
              ElementsAre("ssh", "-T", "root@web1", "snapferry", "agent"));
  EXPECT_THAT(ssh_arguments("web1", {.batch = true}),
              ElementsAre("ssh", "-T", "-o", "BatchMode=yes", "web1", "snapferry", "agent"));
}

TEST(SshArguments, BelongToWhoeverGivesACommand) {
  EXPECT_THAT(ssh_arguments("web1", {.command = {"dbclient", "-y"}, .batch = true}),
              ElementsAre("dbclient", "-y", "web1", "snapferry", "agent"));
}

TEST(SshArguments, AreQuotedForTheShellAtTheFarEnd) {
  EXPECT_THAT(ssh_arguments("web1", {.remote_command = {"snapferry", "zfs:tank/**", "it's", ""}}),
              ElementsAre("ssh", "-T", "web1", "snapferry", "'zfs:tank/**'", "'it'\\''s'", "''"));
}

TEST(SshArguments, RefuseAHostThatIsAnOption) {
  EXPECT_ERROR(ssh_arguments("-oProxyCommand=x", {}), ErrorKind::InvalidArgument);
  EXPECT_ERROR(ssh_arguments("", {}), ErrorKind::InvalidArgument);
}

// What open() throws where a shell runs `script` in place of ssh.
Error failure_of(const std::string& script, TimeLimits times = {}) {
  SshOptions options;
  options.command = {"/bin/sh", "-c", script};
  options.times = times;
  try {
    SshTransport::open(platform::system_commands(), "web1", options);
  } catch (const Error& error) {
    EXPECT_TRUE(error.message().starts_with("web1: ")) << error.message();
    EXPECT_EQ(error.message().find('\n'), std::string::npos) << error.message();
    return error;
  }
  ADD_FAILURE() << "throws nothing";
  return {ErrorKind::Internal, ""};
}

struct FailureCase {
  const char* script;
  ErrorKind kind;
  const char* text;
};

TEST(SshFailure, IsOneLineThatSaysWhatToDo) {
  for (const FailureCase& one : {
           FailureCase{"echo 'ssh: Could not resolve hostname web1: Name or service not known' "
                       ">&2; exit 255",
                       ErrorKind::NotFound, "unknown host"},
           FailureCase{"echo 'root@web1: Permission denied (publickey).' >&2; exit 255",
                       ErrorKind::PermissionDenied, "refused the key"},
           FailureCase{"echo 'Host key verification failed.' >&2; exit 255",
                       ErrorKind::PermissionDenied, "not known here"},
           FailureCase{"echo 'ssh: connect to host web1 port 22: Connection refused' >&2; exit 255",
                       ErrorKind::Unavailable, "no ssh server answers"},
           FailureCase{"printf 'one\\n\\033[2Jtwo\\n' >&2; exit 255", ErrorKind::Unavailable,
                       "\\x1b[2Jtwo"},
           FailureCase{"echo 'bash: snapferry: command not found' >&2; exit 127",
                       ErrorKind::NotFound, "install it there"},
           FailureCase{"exit 126", ErrorKind::PermissionDenied, "may not run"},
           FailureCase{"echo 'snapferry: no --allow' >&2; exit 2", ErrorKind::Unavailable,
                       "status 2: snapferry: no --allow"},
           FailureCase{"exit 0", ErrorKind::Unsupported, "left without a word"},
           FailureCase{"echo 'This account is not available.'; sleep 60", ErrorKind::Unsupported,
                       "it says \"This account is not available.\""},
       }) {
    const auto error = failure_of(one.script);
    EXPECT_EQ(to_string(error.kind()), to_string(one.kind)) << error.message();
    EXPECT_THAT(error.message(), HasSubstr(one.text));
  }
}

TEST(SshFailure, OfASilentFarEndComesInTime) {
  const auto error = failure_of("exec sleep 60", {.hello = std::chrono::milliseconds(20)});
  EXPECT_EQ(error.kind(), ErrorKind::Unavailable);
  EXPECT_THAT(error.message(), HasSubstr("no greeting"));
}

TEST(SshFailure, OfAMissingProgramNamesIt) {
  SshOptions options;
  options.command = {"/no/such/ssh"};
  EXPECT_ERROR(SshTransport::open(platform::system_commands(), "web1", options),
               ErrorKind::NotFound);
}

class AgentCommands : public platform::Commands {
 public:
  std::unique_ptr<platform::Child> start(const std::vector<std::string>& argv,
                                         const platform::StartOptions& options) override {
    started = argv;
    auto sockets = socket_pair();
    server = connect_to(std::move(sockets[0]), Role::Server);
    const std::string said = "banner\nhalf\x1b";
    (void)!::write(options.errors_to, said.data(), said.size());
    return std::make_unique<testing::SocketChild>(std::move(sockets[1]));
  }
  std::vector<std::string> started;
  std::unique_ptr<Connection> server;
};

TEST(SshTransport, ConnectsAndShowsWhatTheFarEndSaysOnStandardError) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const platform::Fd shown(ends[0]);
  platform::Fd errors(ends[1]);
  AgentCommands commands;
  auto transport = SshTransport::open(commands, "web1", {.errors = errors.get()});
  EXPECT_EQ(commands.started.front(), "ssh");
  auto asked = transport->connection().request(Verb::StoreOpen, {});
  commands.server->accept()->answer({});
  EXPECT_TRUE(asked.message().empty());
  transport.reset();
  EXPECT_FALSE(commands.server->accept());
  errors.reset();
  std::array<char, 200> buffer{};
  const auto size = ::read(shown.get(), buffer.data(), buffer.size());
  EXPECT_EQ(std::string(buffer.data(), static_cast<std::size_t>(size)),
            "web1: banner\nweb1: half\\x1b\n");
}

}  // namespace
}  // namespace snapferry::wire
