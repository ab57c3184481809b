#include <algorithm>
#include <csignal>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "agent/inspection.h"
#include "agent/sandbox_plan.h"
#include "agent/server.h"
#include "agent/view_broker.h"
#include "cli/agent_ends.h"
#include "cli/agent_policy.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/format.h"
#include "core/error.h"
#include "platform/fd.h"
#include "remote/preparation.h"
#include "stores/endpoints.h"

namespace snapferry::cli {
namespace {

// What the client asked ssh for. The forced command ran in its place; a client that wanted
// something else should not be left waiting for an answer that it cannot read.
void check_original_command(Context& context) {
  const auto asked = context.io.variable("SSH_ORIGINAL_COMMAND");
  if (!asked) return;
  const auto blank = std::min(asked->find(' '), asked->size());
  const std::string_view program = std::string_view(*asked).substr(0, blank);
  const auto name = program.substr(program.rfind('/') + 1);
  const std::string_view rest = std::string_view(*asked).substr(blank);
  // What stands behind is nothing to us: the policy is on our own command line.
  if (name == "snapferry" && (rest == " agent" || rest.starts_with(" agent "))) return;
  throw Error(ErrorKind::PermissionDenied,
              fmt::format("{}: this key runs 'snapferry agent' and nothing else; use another key",
                          printable(asked->substr(0, 100))));
}

platform::Fd duplicate(int fd) {
  platform::Fd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (!copy.valid()) throw system_error(errno, "duplicate it", "standard input or output");
  return copy;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + printable(word);
  return text;
}

wire::ConnectionOptions connection_options(const agent::Policy& policy, const AgentEnds& ends) {
  wire::ConnectionOptions options;
  options.role = wire::Role::Server;
  for (const auto role : {wire::AgentRole::Source, wire::AgentRole::Store, wire::AgentRole::Restore,
                          wire::AgentRole::Target}) {
    if (policy.has(role)) options.features.push_back(wire::feature_of(role));
  }
  for (const auto feature : {wire::kPropertiesFeature, wire::kChangedFeature, wire::kMoveFeature,
                             wire::kGiveUpFeature, wire::kExpectationsFeature}) {
    options.features.emplace_back(feature);
  }
  if (ends.is_unprepared()) options.features.emplace_back(wire::kUnprepared);
  return options;
}

ExitCode run_agent(Context& context) {
  check_original_command(context);
  const auto policy = policy_of(context.options);
  const auto mode = sandbox::parse_sandbox_mode(context.options.text("--sandbox"));
  AgentEnds ends(context.io.endpoints ? context.io.endpoints({}) : stores::system_endpoints({}),
                 policy, context.io.clock);
  std::unique_ptr<agent::ViewBroker> broker;
  if (policy.has(wire::AgentRole::Restore)) {
    const auto browse = [&](const VolumeName& volume, const Point& snapshot) {
      return ends.browse(volume, snapshot);
    };
    broker = std::make_unique<agent::ViewBroker>(browse, agent::plan_view_broker(policy), mode);
  }
  const auto sandbox = sandbox::enter_sandbox(agent::plan_sandbox(policy, ends.reached()), mode);
  for (const auto& finding : agent::findings_of(sandbox)) {
    context.console.explain(fmt::format("{}: {}", finding.topic, finding.message));
  }
  // There is nothing to tidy up that the next run does not see.
  ::signal(SIGTERM, SIG_DFL);
  ::signal(SIGINT, SIG_DFL);
  agent::Served served;
  served.source = [&](std::string_view kind) { return ends.source(kind); };
  if (policy.has(wire::AgentRole::Store)) {
    served.store = [&] { return ends.store(); };
    served.init = [&](const std::string& store) { ends.init_store(store); };
  }
  if (policy.has(wire::AgentRole::Target)) {
    served.target = [&](std::string_view kind) { return ends.target(kind); };
  }
  if (broker) {
    served.view = [&](const wire::SnapshotName& snapshot) { return broker->connect(snapshot); };
  }
  if (ends.is_unprepared()) served.prepare = [&] { ends.prepare(); };
  served.report = [&] {
    auto findings = agent::inspect_machine(agent::uses_of(policy), platform::system_commands());
    for (auto& finding : ends.try_out()) findings.push_back(std::move(finding));
    for (auto& finding : agent::findings_of(sandbox)) findings.push_back(std::move(finding));
    if (broker) {
      for (auto& finding : agent::findings_of(broker->report())) {
        finding.topic += " of what shows files";
        findings.push_back(std::move(finding));
      }
    }
    findings.push_back({"policy", wire::Verdict::Good, joined(policy.arguments())});
    return findings;
  };
  agent::Server server(std::move(served));
  wire::Connection connection(duplicate(STDIN_FILENO), duplicate(STDOUT_FILENO),
                              connection_options(policy, ends));
  server.run(connection);
  return ExitCode::Success;
}

}  // namespace

const CommandSpec& agent_command_spec() {
  static const CommandSpec spec = {
      .name = "agent",
      .summary = "serve backups over standard input and output, as far as its options allow",
      .description =
          "Runs as the forced command of a key in authorized_keys; 'snapferry authorize' prints "
          "such a line. It speaks the protocol of snapferry with whoever connected, and does "
          "nothing that its own options do not allow: what the other side asks for is never a "
          "command, an option or a path outside. It makes nothing by being connected to: not a "
          "store on the mount point of a disk that is away, nor a directory in one.\n\nBefore it "
          "reads the first byte it gives up "
          "what it does not need: new privileges, capabilities, files outside, system calls. "
          "'snapferry doctor HOST' shows how far that goes on its machine, --verbose here.",
      .options = policy_options(),
      .examples = {{"snapferry agent --allow source --set main --volume 'zfs:tank/**'",
                    "lets a backup server pull tank and all below"},
                   {"snapferry agent --allow store --set main --store btrfs:/srv/backup --host "
                    "laptop",
                    "lets the laptop add to its own backups"},
                   {"snapferry agent --allow target --set main --volume zfs:tank/home-restored",
                    "lets a backup server restore that one volume here"}},
      .uses_store = false,
      .run = run_agent};
  return spec;
}

}  // namespace snapferry::cli
