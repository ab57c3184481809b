#pragma once

#include <string_view>

#include "cli/context.h"

namespace snapferry::cli {

// Prints a text that is the result itself, such as a man page: as it is, or with --json
// as the member "text" of an object of the given type.
void print_document(Context& context, std::string_view type, std::string_view text);

}  // namespace snapferry::cli
