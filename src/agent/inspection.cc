#include "agent/inspection.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <set>

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/error.h"
#include "core/printable.h"
#include "core/volume_kind.h"
#include "platform/fd.h"

namespace snapferry::agent {
namespace {

using sandbox::enter_sandbox;
using sandbox::Grip;
using sandbox::SandboxLayer;
using sandbox::SandboxMode;
using sandbox::SandboxPlan;
using sandbox::SandboxReport;
using wire::AgentRole;
using wire::Finding;
using wire::Verdict;

// zfs-allow(8) and the checks of zfs_ioctl.c: destroying and receiving want `mount` besides, and
// zfs/replica_safety.h says which properties a receive sets without root. A snapshot of the host's
// dataset, with user properties, remembers what was found unchanged; reading back is sending.
const std::vector<std::string> kToSend = {"bookmark", "destroy", "hold",    "mount",
                                          "release",  "send",    "snapshot"};
const std::vector<std::string> kToReceive = {"create",   "destroy",  "devices",  "exec",   "mount",
                                             "readonly", "receive",  "rename",   "send",   "setuid",
                                             "snapdev",  "snapshot", "userprop", "volmode"};
const std::vector<std::string> kToMake = {"create", "mount", "receive"};

const std::vector<std::string>& permissions_for(AgentRole role) {
  if (role == AgentRole::Target) return kToMake;
  return role == AgentRole::Source ? kToSend : kToReceive;
}

bool exists(const char* path) {
  struct ::stat status {};
  return ::stat(path, &status) == 0;
}

std::string user_name() {
  const auto* entry = ::getpwuid(::geteuid());  // NOLINT(concurrency-mt-unsafe)
  return entry != nullptr ? entry->pw_name : std::to_string(::geteuid());
}

std::vector<std::string> group_names() {
  std::vector<::gid_t> ids(static_cast<std::size_t>(std::max(::getgroups(0, nullptr), 0)));
  if (!ids.empty() && ::getgroups(static_cast<int>(ids.size()), ids.data()) < 0) ids.clear();
  ids.push_back(::getegid());
  std::vector<std::string> names;
  for (const auto id : ids) {
    const auto* entry = ::getgrgid(id);  // NOLINT(concurrency-mt-unsafe)
    names.push_back(entry != nullptr ? entry->gr_name : std::to_string(id));
  }
  return names;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ",") + word;
  return text;
}

Finding good(std::string topic, std::string message) {
  return {std::move(topic), Verdict::Good, std::move(message)};
}

Finding missing(std::string topic, std::string message) {
  return {std::move(topic), Verdict::Missing, std::move(message)};
}

Finding inspect_system() {
  ::utsname names{};
  ::uname(&names);
  return good("system", std::string("snapferry ") + SNAPFERRY_VERSION + ", " + names.sysname + " " +
                            names.release + " " + names.machine + ", as " +
                            (::geteuid() == 0 ? "root" : user_name()));
}

// "zfs-2.1.11-1" of the program and "zfs-kmod-2.1.11-1" of the kernel.
Finding compare_versions(std::string_view printed) {
  std::string program, kernel;
  while (!printed.empty()) {
    const auto end = std::min(printed.find('\n'), printed.size());
    const auto line = printed.substr(0, end);
    printed.remove_prefix(std::min(end + 1, printed.size()));
    if (line.starts_with("zfs-kmod-")) {
      kernel = line.substr(9);
    } else if (line.starts_with("zfs-")) {
      program = line.substr(4);
    }
  }
  if (program.empty() || kernel.empty()) {
    return missing("zfs version",
                   "'zfs version' names no version of both the program and the "
                   "kernel; update OpenZFS to 0.8 or later");
  }
  if (program == kernel) return good("zfs version", printable(program));
  return {"zfs version", Verdict::Warning,
          "the program is " + printable(program) + ", the kernel module " + printable(kernel) +
              "; reboot, or load the new module"};
}

void inspect_zfs_permissions(const Use& use, platform::Commands& commands,
                             std::vector<Finding>& findings) {
  constexpr const char* kTopic = "zfs permissions";
  if (::geteuid() == 0) return;
  if (use.name.empty()) {
    findings.push_back({kTopic, Verdict::Warning,
                        "not looked at for all pools; name a dataset to have them checked"});
    return;
  }
  const auto& wanted = permissions_for(use.role);
  const auto output = commands.run({"zfs", "allow", use.name}, {}, 1u << 20);
  if (!output.exit.ok()) {
    findings.push_back(missing(kTopic, command_error({"zfs", "allow", use.name}, output.exit,
                                                     "check the name of the "
                                                     "dataset")
                                           .message()));
    return;
  }
  const auto user = user_name();
  const auto lacking = missing_permissions(output.text, user, group_names(), wanted);
  if (lacking.empty()) {
    findings.push_back(good(kTopic, user + " may do what is needed on " + use.name));
    return;
  }
  findings.push_back(missing(kTopic, user + " may not " + joined(lacking) + " on " + use.name +
                                         "; as root there: zfs allow -u " + user + " " +
                                         joined(lacking) + " " + use.name));
}

void inspect_zfs(const Use& use, platform::Commands& commands, std::vector<Finding>& findings) {
  if (!platform::locate_program("zfs")) {
    findings.push_back(missing("zfs",
                               "the program zfs is not installed; on Debian install "
                               "zfsutils-linux from contrib"));
    return;
  }
  if (!exists("/dev/zfs")) {
    findings.push_back(missing("zfs",
                               "the kernel has no ZFS loaded (no /dev/zfs); run modprobe "
                               "zfs, on Debian after installing zfs-dkms"));
    return;
  }
  const auto output = commands.run({"zfs", "version"}, {}, 1u << 16);
  findings.push_back(output.exit.ok()
                         ? compare_versions(output.text)
                         : missing("zfs version", command_error({"zfs", "version"}, output.exit,
                                                                "update OpenZFS to 0.8 or later")
                                                      .message()));
  inspect_zfs_permissions(use, commands, findings);
}

bool is_older_than(const char* release, int major, int minor) {
  char* end = nullptr;
  const long own_major = std::strtol(release, &end, 10);
  const long own_minor = *end == '.' ? std::strtol(end + 1, nullptr, 10) : 0;
  return own_major < major || (own_major == major && own_minor < minor);
}

Finding inspect_btrfs_stream() {
  std::ifstream file("/sys/fs/btrfs/features/send_stream_version");
  int version = 1;
  if (!(file >> version)) version = 1;
  if (version >= 2) {
    return good("btrfs stream",
                "version " + std::to_string(version) + ", compressed data travels as it is");
  }
  return {"btrfs stream", Verdict::Warning,
          "this kernel sends version 1, so that compressed data travels unpacked; Linux 6.0 and "
          "later send version 2"};
}

void inspect_btrfs(const Use& use, std::vector<Finding>& findings) {
  if (!exists("/sys/fs/btrfs")) {
    findings.push_back(missing("btrfs", "the kernel has no btrfs loaded; run modprobe btrfs"));
    return;
  }
  if (::geteuid() != 0) {
    findings.push_back(missing(
        "btrfs permissions",
        "btrfs lets only root send, receive and list, and this is " + user_name() +
            "; put the key into root's authorized_keys, where its policy holds just as well"));
  }
  ::utsname names{};
  if (::uname(&names) == 0 && is_older_than(names.release, 5, 6)) {
    findings.push_back(missing("btrfs", std::string("Linux ") + names.release +
                                            " has no openat2, which confines what is received; "
                                            "update to 5.6 or later"));
  }
  findings.push_back(inspect_btrfs_stream());
  if (!use.name.empty() && !exists(use.name.c_str()) && use.role != AgentRole::Store) {
    findings.push_back(missing("btrfs volume", printable(use.name) +
                                                   ": nothing is there; check the pattern, or "
                                                   "mount it"));
  }
}

// Lines of `zfs allow`: "\tuser alice create,destroy", "\tgroup staff @set", "\teveryone mount",
// and of permission sets "\t@set create,destroy".
class Allowances {
 public:
  explicit Allowances(std::string_view printed) {
    while (!printed.empty()) {
      const auto end = std::min(printed.find('\n'), printed.size());
      read(printed.substr(0, end));
      printed.remove_prefix(std::min(end + 1, printed.size()));
    }
  }

  std::set<std::string> of(const std::string& who) const {
    const auto found = granted_.find(who);
    return found == granted_.end() ? std::set<std::string>() : expanded(found->second);
  }

 private:
  static std::vector<std::string> words_of(std::string_view line) {
    std::vector<std::string> words;
    while (!line.empty()) {
      const auto start = line.find_first_not_of(" \t");
      if (start == line.npos) break;
      line.remove_prefix(start);
      const auto end = std::min(line.find_first_of(" \t"), line.size());
      words.emplace_back(line.substr(0, end));
      line.remove_prefix(end);
    }
    return words;
  }

  void read(std::string_view line) {
    const auto words = words_of(line);
    if (words.size() < 2) return;
    std::string who;
    if ((words[0] == "user" || words[0] == "group") && words.size() >= 3) {
      who = words[0] + " " + words[1];
    } else if (words[0] == "everyone" || words[0].starts_with('@')) {
      who = words[0];
    } else {
      return;
    }
    std::string_view rest = words.back();
    while (!rest.empty()) {
      const auto comma = std::min(rest.find(','), rest.size());
      granted_[who].insert(std::string(rest.substr(0, comma)));
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }

  // Sets may name sets; each is opened once.
  std::set<std::string> expanded(std::set<std::string> permissions) const {
    std::vector<std::string> open(permissions.begin(), permissions.end());
    while (!open.empty()) {
      const auto name = open.back();
      open.pop_back();
      const auto found = name.starts_with('@') ? granted_.find(name) : granted_.end();
      if (found == granted_.end()) continue;
      for (const auto& permission : found->second) {
        if (permissions.insert(permission).second) open.push_back(permission);
      }
    }
    return permissions;
  }

  std::map<std::string, std::set<std::string>> granted_;
};

// One line for each layer: its number, its grip, its detail.
std::string encoded(const SandboxReport& report) {
  std::string text;
  for (const auto& layer : report.layers) {
    text += static_cast<char>('0' + static_cast<int>(layer.layer));
    text += static_cast<char>('0' + static_cast<int>(layer.grip));
    text += layer.detail + "\n";
  }
  return text;
}

SandboxReport decoded(std::string_view text) {
  SandboxReport report;
  while (text.size() > 2) {
    const auto end = std::min(text.find('\n'), text.size());
    report.layers.push_back({static_cast<SandboxLayer>(text[0] - '0'),
                             static_cast<Grip>(text[1] - '0'),
                             std::string(text.substr(2, end - 2))});
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return report;
}

}  // namespace

std::vector<Use> uses_of(const Policy& policy) {
  std::vector<Use> uses;
  const auto add = [&](Use use) {
    const auto same = [&](const Use& other) {
      return other.kind == use.kind && other.role == use.role && other.name == use.name;
    };
    if (std::ranges::none_of(uses, same)) uses.push_back(std::move(use));
  };
  if (policy.has(AgentRole::Source)) {
    for (const auto& pattern : policy.volumes()) {
      add({std::string(pattern.kind()), AgentRole::Source, pattern.literal_prefix()});
    }
  }
  if (policy.has(AgentRole::Target)) {
    for (const auto& pattern : policy.volumes()) {
      // Where a volume would be made.
      std::string name = pattern.literal_prefix();
      if (!pattern.has_wildcards()) name.resize(std::min(name.rfind('/'), name.size()));
      if (name.empty() && pattern.kind() == "btrfs") name = "/";
      add({std::string(pattern.kind()), AgentRole::Target, name});
    }
  }
  if (policy.has(AgentRole::Store)) {
    const auto [kind, name] = split_local_name(policy.store());
    add({std::string(kind), AgentRole::Store, std::string(name)});
  }
  return uses;
}

std::vector<Finding> inspect_machine(const std::vector<Use>& uses, platform::Commands& commands) {
  std::vector<Finding> findings = {inspect_system()};
  for (const auto& use : uses) {
    std::vector<Finding> found;
    if (use.kind == "zfs") {
      inspect_zfs(use, commands, found);
    } else {
      inspect_btrfs(use, found);
    }
    for (auto& finding : found) {
      if (std::ranges::find(findings, finding) == findings.end()) {
        findings.push_back(std::move(finding));
      }
    }
  }
  return findings;
}

std::vector<Finding> findings_of(const SandboxReport& report) {
  std::vector<Finding> findings;
  for (const auto& layer : report.layers) {
    findings.push_back({"sandbox " + std::string(to_string(layer.layer)),
                        layer.grip == Grip::Full ? Verdict::Good : Verdict::Warning, layer.detail});
  }
  return findings;
}

SandboxReport try_sandbox(const SandboxPlan& plan) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw system_error(errno, "make it", "a pipe");
  const platform::Fd reader(ends[0]);
  platform::Fd writer(ends[1]);
  const ::pid_t child = ::fork();
  if (child < 0) throw system_error(errno, "start it", "a process to try the sandbox in");
  if (child == 0) {
    try {
      const auto text = encoded(enter_sandbox(plan, SandboxMode::BestEffort));
      platform::write_all(writer.get(), as_bytes(text), "the report");
    } catch (const Error&) {
      ::_exit(1);
    }
    ::_exit(0);
  }
  writer.reset();
  std::string text(1u << 16, '\0');
  text.resize(platform::read_up_to(reader.get(), reinterpret_cast<std::uint8_t*>(text.data()),
                                   text.size(), "the report"));
  int status = 0;
  ::waitpid(child, &status, 0);
  if (status != 0 || text.empty()) {
    throw Error(ErrorKind::Unavailable,
                "the sandbox cannot be tried here: the process that did "
                "ended early; see the kernel's log");
  }
  return decoded(text);
}

std::vector<std::string> missing_permissions(std::string_view printed, std::string_view user,
                                             const std::vector<std::string>& groups,
                                             const std::vector<std::string>& wanted) {
  const Allowances allowances(printed);
  auto granted = allowances.of("everyone");
  granted.merge(allowances.of("user " + std::string(user)));
  for (const auto& group : groups) granted.merge(allowances.of("group " + group));
  std::vector<std::string> lacking;
  std::ranges::copy_if(wanted, std::back_inserter(lacking),
                       [&](const std::string& one) { return !granted.contains(one); });
  return lacking;
}

}  // namespace snapferry::agent
