#pragma once

#include "repository/object_reader.h"
#include "repository/session.h"

namespace snapferry::repository {

// Repository::collect: FORMAT.md, "Removing without locks".
CollectReport collect(const SessionContext& context, ObjectReader& reader,
                      const CollectOptions& options);

}  // namespace snapferry::repository
