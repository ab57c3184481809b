#pragma once

#include <string_view>

#include "remote/remote_call.h"

namespace snapferry::remote {

// Has such an agent make it. The connection is to be begun anew after that.
inline void prepare_agent(wire::Connection& connection) {
  remote_call<wire::Nothing>(connection, wire::Verb::AgentPrepare, wire::Nothing{});
}

}  // namespace snapferry::remote
