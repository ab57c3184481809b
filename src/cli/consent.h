#pragma once

#include <string>

#include "cli/command.h"
#include "cli/context.h"

namespace snapferry::cli {

// "--yes": what is asked counts as answered.
extern const OptionSpec kYesOption;

// What happens where nobody can be asked, as in a script.
enum class Unattended { GoesOn, NeedsYes };

// Asks `question`, such as "Forget 12 snapshots of web1:/etc?", on the terminal, unless --yes was
// given. Throws Cancelled where the answer is not yes, and InvalidArgument where nobody can be
// asked and that needs --yes. Nothing was changed then.
void require_consent(Context& context, const std::string& question, Unattended unattended);

}  // namespace snapferry::cli
