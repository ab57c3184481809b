#pragma once

#include <string_view>

#include "agent/remote_call.h"

namespace snapferry::agent {

// The feature in the greeting of an agent that contained itself before what it would write in was
// there: the directory of its host in a store that is otherwise complete, or where the snapshots of
// a volume belong that is to be restored. It can write nothing then.
inline constexpr std::string_view kUnprepared = "unprepared";

// Has such an agent make it. The connection is to be begun anew after that.
inline void prepare_agent(wire::Connection& connection) {
  remote_call<wire::Nothing>(connection, wire::Verb::AgentPrepare, wire::Nothing{});
}

}  // namespace snapferry::agent
