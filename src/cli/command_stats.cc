#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/context.h"
#include "cli/format.h"
#include "cli/store.h"

namespace snapferry::cli {
namespace {

std::string ratio(std::uint64_t whole, std::uint64_t part) {
  if (part == 0) return "-";
  return fmt::format("{:.2f}", static_cast<double>(whole) / static_cast<double>(part));
}

std::string for_people(const repository::RepositoryStats& stats) {
  using enum Table::Align;
  Table table({Left, Right});
  table.add({"snapshots", human_count(stats.snapshots)});
  table.add({"size of all snapshots", human_size(stats.bytes_referenced)});
  table.add({"packs", human_count(stats.packs)});
  table.add({"pieces of content", human_count(stats.data_objects)});
  table.add({"  before compression", human_size(stats.data_bytes)});
  table.add({"  stored", human_size(stats.data_bytes_stored)});
  table.add({"directories and lists", human_count(stats.tree_objects)});
  table.add({"  before compression", human_size(stats.tree_bytes)});
  table.add({"  stored", human_size(stats.tree_bytes_stored)});
  table.add({"size of the store", human_size(stats.bytes_stored)});
  table.add({"deduplication", ratio(stats.bytes_referenced, stats.data_bytes)});
  table.add({"compression", ratio(stats.data_bytes, stats.data_bytes_stored)});
  table.add({"both together", ratio(stats.bytes_referenced, stats.bytes_stored)});
  return table.text();
}

ExitCode run_stats(Context& context) {
  OpenStore store = open_store(context);
  const auto stats = store.repository->stats();
  context.console.print(for_people(stats));
  context.console.emit(JsonObject::line("stats")
                           .text("store", store.name())
                           .text("repository_id", store.repository->id().hex())
                           .number("snapshots", stats.snapshots)
                           .number("packs", stats.packs)
                           .number("bytes_stored", stats.bytes_stored)
                           .number("data_objects", stats.data_objects)
                           .number("data_bytes", stats.data_bytes)
                           .number("data_bytes_stored", stats.data_bytes_stored)
                           .number("tree_objects", stats.tree_objects)
                           .number("tree_bytes", stats.tree_bytes)
                           .number("tree_bytes_stored", stats.tree_bytes_stored)
                           .number("bytes_referenced", stats.bytes_referenced));
  return ExitCode::Success;
}

}  // namespace

const CommandSpec& stats_command() {
  static const CommandSpec spec = {
      .name = "stats",
      .summary = "show how much is stored, and what deduplication and compression save",
      .description =
          "Counts what the repository holds. 'Size of all snapshots' is what restoring "
          "every one of them would write.",
      .examples = {{"snapferry stats --store repo:/srv/backups", "sizes and ratios"}},
      .run = run_stats};
  return spec;
}

}  // namespace snapferry::cli
