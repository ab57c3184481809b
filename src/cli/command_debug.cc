#include <array>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/context.h"
#include "cli/documents.h"
#include "cli/format.h"
#include "cli/store.h"
#include "core/wall_time.h"

namespace snapferry::cli {
namespace {

struct ObjectName {
  std::string kind;
  std::string id;
};

// "KIND ID", or the name as `debug list` shows it: "packs/3f…" is the pack 3f….
ObjectName object_name(const Invocation& options) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 9> places = {
      {{"keys", "key"},
       {"packs", "pack"},
       {"index", "index"},
       {"snapshots", "snapshot"},
       {"claims", "claim"},
       {"condemned", "condemned"},
       {"ended", "ended"},
       {"damaged", "damaged"},
       {"expected", "expected"}}};
  const std::string first = options.argument(0);
  const auto slash = first.find('/');
  if (slash == std::string::npos) return {first, options.argument(1)};
  for (const auto& [place, kind] : places) {
    if (first.substr(0, slash) == place) return {std::string(kind), first.substr(slash + 1)};
  }
  throw Error(
      ErrorKind::InvalidArgument,
      fmt::format("{}: no object has such a name; see 'snapferry debug list'", printable(first)));
}

ExitCode run_debug_cat(Context& context) {
  const auto store = open_repository(context, "debug");
  const auto [kind, id] = object_name(context.options);
  const std::string text = store->repository->debug_text(kind, id);
  context.console.emit(
      JsonObject::line("object").text("kind", kind).text("id", id).text("text", text));
  context.console.print(text);
  // Content is printed byte for byte; what was made for people ends its line.
  if (kind != "data" && !text.ends_with('\n')) context.console.print("\n");
  return ExitCode::Success;
}

ExitCode run_debug_list(Context& context) {
  const auto store = open_repository(context, "debug");
  using enum Table::Align;
  Table table({Right, Left, Left});
  for (const auto& object : store->repository->debug_list()) {
    table.add({std::to_string(object.size), format_local({object.modified, 0}), object.name});
    context.console.emit(JsonObject::line("object")
                             .text("name", object.name)
                             .number("size", object.size)
                             .time("modified", {object.modified, 0}));
  }
  context.console.print(table.text());
  return ExitCode::Success;
}

}  // namespace

const CommandSpec& debug_cat_command() {
  static const CommandSpec spec = {
      .name = "debug cat",
      .summary = "print an internal object of the repository in readable form",
      .description =
          "Prints the object: config, key ID, index ID, pack ID, snapshot ID, tree ID, list ID, "
          "claim ID, condemned ID, ended ID, damaged ID or expected ID as JSON, and data ID as its "
          "bytes. An ID may be a prefix. A "
          "name as 'debug list' shows it does as well. Never prints a key that opens anything.",
      .arguments = {{.name = "OBJECT", .help = "the kind, or the name"},
                    {.name = "ID",
                     .help = "which one, unless OBJECT is a name",
                     .required = false}},
      .examples = {{"snapferry debug cat snapshot 1a2b3c4d", "the manifest of a snapshot"},
                   {"snapferry debug cat config", "what 'init' wrote"}},
      .run = run_debug_cat};
  return spec;
}

const CommandSpec& debug_list_command() {
  static const CommandSpec spec = {
      .name = "debug list",
      .summary = "list all objects in the store with their sizes",
      .description = "Lists what the repository keeps in its storage: size, time and name.",
      .examples = {{"snapferry debug list --store repo:/srv/backups", "every object"}},
      .run = run_debug_list};
  return spec;
}

}  // namespace snapferry::cli
