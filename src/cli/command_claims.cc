#include <fmt/format.h>

#include "cli/claims.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/format.h"
#include "cli/store.h"
#include "core/wall_time.h"

namespace snapferry::cli {
namespace {

std::vector<std::string> row(const stores::StoreClaim& claim) {
  const std::string refreshed =
      claim.refreshed == Timestamp{} ? "-" : format_local(claim.refreshed);
  const std::string state = (claim.counts ? "counts: " : "ended by the next prune: ") + claim.state;
  if (!claim.is_readable) {
    return {claim.id.short_hex(), "?", "?", "?", "?", refreshed, state};
  }
  return {claim.id.short_hex(),
          claim.is_prune ? "prune" : "backup",
          printable(claim.host),
          std::to_string(claim.pid),
          format_local(claim.started),
          refreshed,
          state};
}

ExitCode list_claims(Context& context) {
  const auto store = open_repository(context, "claims");
  const auto claims = store->claims();
  using enum Table::Align;
  Table table({Left, Left, Left, Right, Left, Left, Left});
  if (!context.console.quiet()) {
    table.add({"ID", "TYPE", "HOST", "PROCESS", "STARTED", "REFRESHED", "STATE"});
  }
  for (const auto& claim : claims) {
    table.add(row(claim));
    context.console.emit(claim_json("claim", claim));
  }
  if (claims.empty()) {
    context.console.say("no claims: no backup or prune runs, and none was left behind\n");
  } else {
    context.console.print(table.text());
  }
  return ExitCode::Success;
}

ExitCode remove_claim(Context& context, const std::string& id) {
  if (id.empty()) {
    throw Error(ErrorKind::InvalidArgument,
                "claims remove: no claim is given; give the ID that 'snapferry claims' shows");
  }
  const std::string reason = context.options.text("--reason");
  if (reason.empty()) {
    throw Error(ErrorKind::InvalidArgument,
                "claims remove: a reason is needed, which is kept in the repository; give one with "
                "--reason TEXT");
  }
  const auto store = open_repository(context, "claims");
  const auto claim = store->remove_claim(id, reason);
  context.console.say(fmt::format("removed claim {} of {}{}\n", claim.id.short_hex(),
                                  printable(claim_owner(claim)),
                                  claim.counts ? "; if it runs after all, it fails in the end and "
                                                 "has to be run again"
                                               : ""));
  context.console.emit(claim_json("claim_removed", claim).text("reason", reason));
  return ExitCode::Success;
}

ExitCode run_claims(Context& context) {
  const std::string id = context.options.argument(1);
  if (!context.options.argument(0).empty()) return remove_claim(context, id);
  if (!context.options.has("--reason")) return list_claims(context);
  throw Error(ErrorKind::InvalidArgument,
              "--reason: is for 'claims remove ID'; leave it out to list claims");
}

}  // namespace

const CommandSpec& claims_command() {
  static const CommandSpec spec = {
      .name = "claims",
      .summary = "show which backups and prunes use a repository, and remove dead ones",
      .description =
          "Every backup and prune leaves a claim in the repository while it runs, so that no prune "
          "removes what it needs. One that was killed leaves it behind; a prune ends those of "
          "which "
          "it knows that their process is gone, and those that were not refreshed for a day. STATE "
          "says which count, and why. STARTED is what the clock of HOST said, REFRESHED what that "
          "of the storage says; what is dated in the future, or torn, is named.\n\n"
          "With 'remove' it ends a claim that counts although its process is dead: of a machine "
          "that is gone, or dated in the future. Nothing can be lost by it: if the process runs "
          "after all, it notices in the end, commits nothing and has to be run again. The reason "
          "is kept in the repository.",
      .arguments = {{.name = "remove",
                     .help = "remove a claim instead of listing all",
                     .required = false,
                     .choices = {"remove"}},
                    {.name = "ID",
                     .help =
                         "the claim to remove, as the list shows it, or the beginning of its ID",
                     .required = false}},
      .options = {{.name = "--reason",
                   .value = "TEXT",
                   .help = "with 'remove': why it is known to be dead"}},
      .examples = {{"snapferry claims --store repo:/srv/backups",
                    "why prune left something for later"},
                   {"snapferry claims remove 1a2b3c4d --reason 'that laptop was stolen'",
                    "nothing waits for it any more"}},
      .run = run_claims};
  return spec;
}

}  // namespace snapferry::cli
