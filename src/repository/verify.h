#pragma once

#include "repository/object_reader.h"
#include "repository/session.h"

namespace snapferry::repository {

// Repository::verify.
VerifyReport verify(const SessionContext& context, const VerifyOptions& options);

}  // namespace snapferry::repository
