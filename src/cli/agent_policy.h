#pragma once

#include "agent/policy.h"
#include "cli/command.h"
#include "sandbox/sandbox.h"

namespace snapferry::cli {

// The options that make a policy, the same for `agent` and `authorize`: --allow, --set, --volume,
// --store, --host, --sandbox.
std::vector<OptionSpec> policy_options();

// Throws InvalidArgument as Policy::make() does.
agent::Policy policy_of(const Invocation& options);

}  // namespace snapferry::cli
