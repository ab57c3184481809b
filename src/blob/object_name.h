#pragma once

#include <cstdint>
#include <string_view>

namespace snapferry::blob {

// What a name may be is said in blob/storage.h.
bool is_object_name(std::string_view name);
bool is_object_name_part(std::string_view part);

// Throws InvalidArgument unless `name` is one.
void check_object_name(std::string_view name);

// Throws InvalidArgument unless `prefix` is one part, or empty: the names of one part.
void check_list_prefix(std::string_view prefix);

// Throws Corrupt if an object has more bytes than any may have that the reader asks for.
void require_size(std::string_view subject, std::uint64_t size, std::uint64_t limit);

}  // namespace snapferry::blob
