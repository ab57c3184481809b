#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/policy.h"
#include "platform/command.h"
#include "sandbox/sandbox.h"
#include "wire/agent_role.h"
#include "wire/messages.h"

namespace snapferry::agent {

// What one machine is asked about: one kind, "zfs" or "btrfs", and what shall be done with it.
struct Use {
  std::string kind;
  wire::AgentRole role = wire::AgentRole::Source;  // Source, Store or Target
  std::string name;  // the dataset or directory where it begins; empty: none in particular
};

// What an agent with this policy uses, or what one command with this address does.
std::vector<Use> uses_of(const Policy& policy);

// What this machine has and lacks for `uses`: versions, tools, kernel features, permissions. The
// message of what is missing or could be better is "CAUSE; NEXT STEP". Starts at most two short
// processes for each use of zfs, none for btrfs; works inside the sandbox of these uses.
std::vector<wire::Finding> inspect_machine(const std::vector<Use>& uses,
                                           platform::Commands& commands);

// One finding for each layer.
std::vector<wire::Finding> findings_of(const sandbox::SandboxReport& report);

// What a sandbox for `plan` would be here: tried in a child process, so that this one stays free.
// Call it while no other thread runs. Throws Unavailable if the child tells nothing.
sandbox::SandboxReport try_sandbox(const sandbox::SandboxPlan& plan);

// The permissions of `wanted` that zfs(8) gives to neither the user nor one of the groups nor
// everyone, by what `zfs allow DATASET` printed.
std::vector<std::string> missing_permissions(std::string_view printed, std::string_view user,
                                             const std::vector<std::string>& groups,
                                             const std::vector<std::string>& wanted);

}  // namespace snapferry::agent
