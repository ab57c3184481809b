#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "repository/object_reader.h"
#include "repository/session.h"

namespace snapferry::repository {

// Repository::debug_text and debug_list.
std::string debug_text(const SessionContext& context, ObjectReader& reader, std::string_view kind,
                       std::string_view id);
std::vector<blob::ObjectInfo> all_objects(blob::Storage& storage);

}  // namespace snapferry::repository
