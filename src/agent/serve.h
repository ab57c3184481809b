#pragma once

#include <functional>

#include "wire/connection.h"

namespace snapferry::agent {

// Answers one request, on its channel. What it throws is told to the client: an Error fails the
// channel, a Violation (violation.h) ends the connection.
using Answer = std::function<void(wire::Channel&)>;

// Serves until the client leaves, with a thread for each request that is under way; as many as a
// connection has channels. Throws as the connection was lost or refused. Either way nothing runs
// any more then, and every stream was abandoned.
void serve(wire::Connection& connection, const Answer& answer);

}  // namespace snapferry::agent
