#include <fmt/format.h>

#include "agent/inspection.h"
#include "agent/sandbox_plan.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/format.h"
#include "cli/password.h"
#include "cli/store.h"
#include "cli/trial.h"
#include "core/error.h"
#include "remote/remote_source.h"
#include "remote/remote_store.h"
#include "remote/remote_target.h"
#include "stores/endpoints.h"
#include "wire/ssh_transport.h"

namespace snapferry::cli {
namespace {

using wire::Finding;
using wire::Verdict;

std::string_view word_for(Verdict verdict) {
  switch (verdict) {
    case Verdict::Good:
      return "good";
    case Verdict::Warning:
      return "warning";
    case Verdict::Missing:
      return "missing";
  }
  return "";
}

// Prints what is found and remembers whether something is missing.
class Report {
 public:
  explicit Report(Console& console) : console_(console) {}

  void add(const std::string& host, const Finding& finding) {
    if (finding.verdict == Verdict::Missing) complete_ = false;
    const std::string message = printable(finding.message);
    const std::string topic = printable(finding.topic);
    const auto split = finding.verdict == Verdict::Good ? std::string::npos : message.find("; ");
    console_.print(
        fmt::format("{:<8} {}: {}: {}\n", word_for(finding.verdict), host, topic, message));
    auto object = JsonObject::line("finding");
    object.text("host", host)
        .text("subject", topic)
        .text("verdict", word_for(finding.verdict))
        .text("cause", message.substr(0, split));
    if (split != std::string::npos) object.text("next_step", message.substr(split + 2));
    console_.emit(object);
  }
  bool complete() const { return complete_; }

 private:
  Console& console_;
  bool complete_ = true;
};

// What is looked at beside this machine.
struct Subject {
  std::string remote = {};                   // another machine, as ssh takes it
  std::optional<VolumeAddress> native = {};  // volumes or a store, there or here
};

// "root@web1", "root@web1:zfs:tank", "zfs:tank", "" for this machine alone.
Subject subject_of(const std::string& text) {
  if (text.empty()) return {};
  const bool is_host = text.find(':') == std::string::npos && text.find('/') == std::string::npos;
  // By way of an address, for its checks of the host.
  auto parts = AddressParts::parse(is_host ? text + ":/" : text);
  Subject subject{.remote = parts.remote};
  if (find_native_kind(parts.kind)) subject.native = VolumeAddress::of(std::move(parts));
  return subject;
}

// A store is tried as one; everything else as volumes to back up.
std::vector<Finding> try_here(Context& context, const VolumeAddress& subject) {
  const auto endpoints =
      context.io.endpoints ? context.io.endpoints({}) : stores::system_endpoints({});
  try {
    const auto address = StoreAddress::at(subject);
    const auto store = endpoints->store(address);
    (void)store->identity();
    auto findings = try_store(*store, "");
    for (auto& warning : endpoints->store_warnings(address)) {
      findings.push_back({"store", Verdict::Warning, std::move(warning)});
    }
    return findings;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::NotFound) return {{"store", Verdict::Missing, error.message()}};
  }
  return try_source(*endpoints, *endpoints->source(subject), subject.local_text());
}

void inspect_this(const std::string& host, const Subject& subject, Report& report) {
  std::vector<agent::Use> uses;
  if (subject.remote.empty() && subject.native) {
    const auto pattern = VolumePattern::parse(subject.native->local_text());
    for (const auto role : {wire::AgentRole::Source, wire::AgentRole::Store}) {
      uses.push_back({std::string(pattern.kind()), role, pattern.literal_prefix()});
    }
  }
  for (const auto& finding : agent::inspect_machine(uses, platform::system_commands())) {
    report.add(host, finding);
  }
  // What an agent here would be; the policy says only which kernel features are tried.
  const auto plan = agent::plan_sandbox(
      agent::Policy::make({.allow = {"source"}, .set = "doctor", .volumes = {"zfs:doctor"}}), {});
  for (const auto& finding : agent::findings_of(agent::try_sandbox(plan))) {
    report.add(host, finding);
  }
}

// What the key may do there, as the agent's greeting tells.
Finding roles_of(const wire::Hello& peer) {
  std::string roles;
  for (const auto role : {wire::AgentRole::Source, wire::AgentRole::Store, wire::AgentRole::Restore,
                          wire::AgentRole::Target}) {
    if (!peer.has(wire::feature_of(role))) continue;
    roles += (roles.empty() ? "" : ", ") + std::string(wire::to_string(role));
  }
  if (!roles.empty()) return {"roles", Verdict::Good, "the key may be used as " + roles};
  return {"roles", Verdict::Missing,
          "the agent allows nothing that this version knows; update both ends"};
}

// That the policy covers it, and that it is there; or, where the key only makes volumes, that
// nothing is there.
Finding inspect_subject(wire::SshTransport& transport, const VolumeAddress& subject) {
  if (transport.peer().has(wire::feature_of(wire::AgentRole::Source))) {
    remote::RemoteSource source(transport.connection(), std::string(kind_name(subject.kind)));
    const auto found = source.inventory({subject.local_text()});
    return {subject.local_text(), Verdict::Good,
            counted(found.size(), "volume", "volumes") + " to back up"};
  }
  if (transport.peer().has(wire::feature_of(wire::AgentRole::Target)) &&
      !transport.peer().has(wire::feature_of(wire::AgentRole::Store))) {
    remote::RemoteTarget(transport.connection(), std::string(kind_name(subject.kind)))
        .require_free(subject.local_text());
    return {subject.local_text(), Verdict::Good,
            "nothing is there: a volume can be restored to it"};
  }
  remote::RemoteStore store(transport.connection(), subject.text(), subject.local_text());
  return {subject.local_text(), Verdict::Good, "a store, with the identity " + store.identity()};
}

void inspect_remote(Context& context, const Subject& subject, Report& report) {
  const auto host = printable(host_of_remote(subject.remote));
  try {
    wire::SshOptions options;
    if (const auto command = context.options.given("--ssh-command")) {
      options.command = split_words(*command);
    }
    const auto transport =
        wire::SshTransport::open(platform::system_commands(), subject.remote, options);
    report.add(host, {"connection", Verdict::Good, "answers as " + transport->peer().program});
    auto channel = transport->connection().request(
        wire::Verb::AgentReport, wire::encode(wire::Nothing{}), &context.io.cancellation);
    const auto reply = wire::decode<wire::ReportReply>(channel.message(&context.io.cancellation));
    for (const auto& finding : reply.findings) report.add(host, finding);
    report.add(host, roles_of(transport->peer()));
    if (subject.native) report.add(host, inspect_subject(*transport, *subject.native));
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::Cancelled) throw;
    report.add(host, {subject.native ? subject.native->local_text() : "connection",
                      Verdict::Missing, error.message()});
  }
}

ExitCode run_doctor(Context& context) {
  const auto subject = subject_of(context.options.argument(0));
  Report report(context.console);
  // First: trying the sandbox wants a process of one thread.
  inspect_this(context.io.host, subject, report);
  if (subject.remote.empty() && subject.native) {
    for (const auto& finding : try_here(context, *subject.native))
      report.add(context.io.host, finding);
  }
  if (!subject.remote.empty()) inspect_remote(context, subject, report);
  return report.complete() ? ExitCode::Success : ExitCode::Failure;
}

}  // namespace

const CommandSpec& doctor_command() {
  static const CommandSpec spec = {
      .name = "doctor",
      .summary = "check what this machine and another one lack for backups",
      .description =
          "Looks at versions, tools, kernel features and permissions, here and, through its "
          "agent, on another machine; one line for each finding, with what to do. For a user "
          "that is not root it names the exact 'zfs allow' that is missing. Tries what a run would "
          "do, as far as that changes nothing: it lists the volumes, looks whether a snapshot of "
          "each could be made, and opens the store; an agent does so from within its sandbox.\n\n"
          "Returns 1 if something is missing.",
      .arguments = {{.name = "HOST",
                     .help = "another machine as ssh takes it, or an address such as "
                             "root@web1:zfs:tank or btrfs:/home; without it this machine alone",
                     .kind = WordKind::Volume,
                     .required = false}},
      .options = {{.name = "--ssh-command",
                   .value = "COMMAND",
                   .help = "reach the machine with COMMAND (a program and its words, no shell) "
                           "instead of ssh",
                   .kind = WordKind::Command}},
      .examples = {{"snapferry doctor root@web1", "both ends, before the first backup"},
                   {"snapferry doctor zfs:tank", "may this user back up tank?"}},
      .uses_store = false,
      .run = run_doctor};
  return spec;
}

}  // namespace snapferry::cli
