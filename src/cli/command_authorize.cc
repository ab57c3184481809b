#include <fmt/format.h>
#include <unistd.h>

#include "agent/authorized_keys.h"
#include "agent/public_key.h"
#include "cli/agent_policy.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/format.h"
#include "core/error.h"
#include "platform/fd.h"

namespace snapferry::cli {
namespace {

constexpr std::size_t kLargestKey = 64u << 10;

std::string read_key(const std::string& path) {
  const auto bytes = platform::read_file(path, kLargestKey);
  return std::string(as_text(bytes));
}

ExitCode run_authorize(Context& context) {
  const Invocation& given = context.options;
  const auto policy = policy_of(given);
  const auto path = given.text("--key");
  if (path.empty()) {
    throw Error(ErrorKind::InvalidArgument,
                "no key given; use --key FILE, such as --key ~/.ssh/id_ed25519.pub");
  }
  const auto key = agent::parse_public_key(read_key(path), path);
  const auto line = agent::authorized_line(
      key, agent::agent_command(given.text("--program"), policy,
                                sandbox::parse_sandbox_mode(given.text("--sandbox"))));
  const auto file = given.given("--write");
  if (!file) {
    context.console.print(line + "\n");
    context.console.emit(JsonObject::line("authorized_line").text("line", line));
    return ExitCode::Success;
  }
  const bool added = agent::authorize(*file, line, key) == agent::Authorized::Added;
  context.console.say(fmt::format("{} {}\n", added ? "added the key to" : "the key is already in",
                                  printable(*file)));
  context.console.emit(JsonObject::line("authorized")
                           .text("file", *file)
                           .text("line", line)
                           .boolean("added", added));
  return ExitCode::Success;
}

}  // namespace

const CommandSpec& authorize_command() {
  static const CommandSpec spec = [] {
    CommandSpec authorize = {
        .name = "authorize",
        .summary = "print the line of authorized_keys that lets a key do backups alone",
        .description =
            "Prints a line for ~/.ssh/authorized_keys of the machine that is backed up (--allow "
            "source), that keeps backups (--allow store) or that volumes are restored to (--allow "
            "target). Whoever connects with the key gets "
            "the agent of snapferry with just this policy, whatever they ask for: no shell, no "
            "file transfer, no forwarding, no volume besides.\n\nWith --write the line is "
            "appended to a file on this machine, once. If the key is there with other options, "
            "nothing is changed: sshd would obey the first line.",
        .options = policy_options(),
        .examples = {{"snapferry authorize --key backup.pub --allow source --set main --volume "
                      "'zfs:tank/**'",
                      "a key that a backup server pulls tank with"},
                     {"snapferry authorize --key laptop.pub --allow store --set main --store "
                      "btrfs:/srv/backup --host laptop --write /root/.ssh/authorized_keys",
                      "a key that the laptop pushes with and can destroy nothing with"},
                     {"snapferry authorize --key laptop.pub --allow store --allow restore --set "
                      "main --store btrfs:/srv/backup --host laptop",
                      "the same, and the laptop can look at its backups and get files back"}},
        .uses_store = false,
        .run = run_authorize};
    authorize.options.insert(
        authorize.options.begin(),
        {{.name = "--key",
          .value = "FILE",
          .help = "the public key, one line as ssh-keygen writes it",
          .kind = WordKind::File},
         {.name = "--write",
          .value = "FILE",
          .help = "append the line to this authorized_keys instead of printing it",
          .kind = WordKind::File},
         {.name = "--program",
          .value = "PATH",
          .help = "snapferry at the far end, where it is not in the PATH of sshd",
          .fallback = "snapferry"}});
    return authorize;
  }();
  return spec;
}

}  // namespace snapferry::cli
