#pragma once

#include "repository/object_reader.h"
#include "repository/session.h"

namespace snapferry::repository {

// Repository::repair. Everything is written beside what it replaces and made durable before that
// goes, so that an interruption at any point leaves what can be repaired again. Runs beside backups
// and prunes, under a claim; what has to be removed from its place waits until no other claim is
// there.
RepairReport repair(const SessionContext& context, const RepairOptions& options);

}  // namespace snapferry::repository
