#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <optional>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "agent/errand.h"
#include "agent/guarded_source.h"
#include "agent/guarded_store.h"
#include "agent/guarded_target.h"
#include "agent/inspection.h"
#include "agent/sandbox_plan.h"
#include "agent/server.h"
#include "agent/view_broker.h"
#include "cli/agent_policy.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/endpoint.h"
#include "cli/format.h"
#include "core/error.h"
#include "platform/fd.h"
#include "zfs/resume_token.h"

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

std::string token_subject(const std::string& token) {
  const auto decoded = zfs::parse_resume_token(token);
  return "zfs:" + decoded.dataset + "@" + decoded.partial.to_name;
}

// The ends that the policy allows, opened before the sandbox closes.
class AgentEnds {
 public:
  AgentEnds(Context& context, const agent::Policy& policy)
      : policy_(policy),
        clock_(context.io.clock),
        endpoints_(context.io.endpoints ? context.io.endpoints({}) : system_endpoints({})) {
    if (policy.has(agent::Role::Store)) open_store();
    if (policy.has(agent::Role::Target)) prepare_targets();
  }

  std::unique_ptr<Source> source(std::string_view kind) {
    if (kind != "zfs" && kind != "btrfs") {
      throw Error(ErrorKind::Unsupported,
                  printable(kind) + ": an agent sends zfs and btrfs volumes");
    }
    const auto of_kind = [&](const VolumePattern& pattern) { return pattern.kind() == kind; };
    if (!policy_.has(agent::Role::Source) || std::ranges::none_of(policy_.volumes(), of_kind)) {
      throw Error(ErrorKind::PermissionDenied,
                  fmt::format("{}: this key sends no volume of this kind; its line in "
                              "authorized_keys says which",
                              kind));
    }
    return std::make_unique<agent::GuardedSource>(policy_, endpoints_->source(address_of(kind)),
                                                  token_subject);
  }

  std::unique_ptr<VolumeTarget> target(std::string_view kind) {
    if (kind != "zfs" && kind != "btrfs") {
      throw Error(ErrorKind::Unsupported,
                  printable(kind) + ": an agent makes zfs and btrfs volumes");
    }
    return std::make_unique<agent::GuardedTarget>(policy_, endpoints_->target(address_of(kind)));
  }

  void init_store(const std::string& store) {
    policy_.may_init(store).require();
    if (making_) return making_->run();
    if (made_) {
      made_ = false;
      return;
    }
    endpoints_->create_store(Address::parse(store));
  }

  std::unique_ptr<Store> store() {
    if (store_failure_) throw Error(*store_failure_);
    return std::make_unique<agent::GuardedStore>(policy_, std::move(store_), clock_);
  }

  // In a process of its own.
  std::unique_ptr<SnapshotView> browse(const VolumeName& volume, const Point& snapshot) {
    return store()->browse(volume, snapshot);
  }

 private:
  static Address address_of(std::string_view kind) {
    Address address;
    address.kind = kind == "zfs" ? AddressKind::Zfs : AddressKind::Btrfs;
    return address;
  }

  void open_store() {
    const auto address = Address::parse(policy_.store());
    const auto make = [this, address] { endpoints_->create_store(address); };
    try {
      // An empty directory becomes a store now, because nothing can be written there later.
      std::error_code error;
      if (address.kind == AddressKind::Btrfs && std::filesystem::is_empty(address.name, error)) {
        make();
        made_ = true;
      }
      store_ = endpoints_->store(address);
      // A btrfs store makes now what it lacks; later it may write below its host alone.
      if (address.kind == AddressKind::Btrfs) (void)store_->identity();
    } catch (const Error& error) {
      store_failure_ = error;
      // A dataset can be made from within the sandbox, a directory not.
      const bool missing = error.kind() == ErrorKind::NotFound;
      if (missing && address.kind == AddressKind::Btrfs) making_.emplace(make);
    }
  }

  void prepare_targets() {
    for (const auto& pattern : policy_.volumes()) {
      if (pattern.has_wildcards()) continue;
      try {
        endpoints_->target(address_of(pattern.kind()))->prepare(pattern.text());
      } catch (const Error&) {
        // Told to whoever wants the volume made.
      }
    }
  }

  const agent::Policy& policy_;
  platform::Clock& clock_;
  std::unique_ptr<Endpoints> endpoints_;
  std::unique_ptr<Store> store_;
  std::optional<Error> store_failure_;   // told to whoever asks for the store
  std::optional<agent::Errand> making_;  // of a store that is missing
  bool made_ = false;                    // the store, by this process
};

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

wire::ConnectionOptions connection_options(const agent::Policy& policy) {
  wire::ConnectionOptions options;
  options.role = wire::Role::Server;
  for (const auto role :
       {agent::Role::Source, agent::Role::Store, agent::Role::Restore, agent::Role::Target}) {
    if (policy.has(role)) options.features.push_back(agent::feature_of(role));
  }
  options.features.emplace_back(wire::kPropertiesFeature);
  return options;
}

ExitCode run_agent(Context& context) {
  check_original_command(context);
  const auto policy = policy_of(context.options);
  const auto mode = agent::parse_sandbox_mode(context.options.text("--sandbox"));
  AgentEnds ends(context, policy);
  std::unique_ptr<agent::ViewBroker> broker;
  if (policy.has(agent::Role::Restore)) {
    const auto browse = [&](const VolumeName& volume, const Point& snapshot) {
      return ends.browse(volume, snapshot);
    };
    broker = std::make_unique<agent::ViewBroker>(browse, agent::plan_view_broker(policy), mode);
  }
  const auto sandbox = agent::enter_sandbox(agent::plan_sandbox(policy), mode);
  for (const auto& finding : agent::findings_of(sandbox)) {
    context.console.explain(fmt::format("{}: {}", finding.topic, finding.message));
  }
  // There is nothing to tidy up that the next run does not see.
  ::signal(SIGTERM, SIG_DFL);
  ::signal(SIGINT, SIG_DFL);
  agent::Served served;
  served.source = [&](std::string_view kind) { return ends.source(kind); };
  if (policy.has(agent::Role::Store)) {
    served.store = [&] { return ends.store(); };
    served.init = [&](const std::string& store) { ends.init_store(store); };
  }
  if (policy.has(agent::Role::Target)) {
    served.target = [&](std::string_view kind) { return ends.target(kind); };
  }
  if (broker) {
    served.view = [&](const wire::SnapshotName& snapshot) { return broker->connect(snapshot); };
  }
  served.report = [&] {
    auto findings = agent::inspect_machine(agent::uses_of(policy), platform::system_commands());
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
                              connection_options(policy));
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
          "command, an option or a path outside.\n\nBefore it reads the first byte it gives up "
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
