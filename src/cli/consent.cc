#include "cli/consent.h"

#include <fmt/format.h>

#include "cli/format.h"

namespace snapferry::cli {

const OptionSpec kYesOption = {
    .name = "--yes", .letter = 'y', .help = "do not ask whether it is meant"};

void require_consent(Context& context, const std::string& question, Unattended unattended) {
  if (context.options.has("--yes")) return;
  const auto answer = context.io.ask ? context.io.ask(question + " [y/N] ") : std::nullopt;
  if (!answer) {
    if (unattended == Unattended::GoesOn) return;
    throw Error(ErrorKind::InvalidArgument,
                fmt::format("{} nobody is there to answer; give --yes", question));
  }
  if (*answer == "y" || *answer == "Y" || *answer == "yes" || *answer == "Yes") return;
  throw Error(ErrorKind::Cancelled, "not confirmed; nothing was changed");
}

}  // namespace snapferry::cli
