#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/context.h"
#include "cli/format.h"
#include "cli/store.h"

namespace snapferry::cli {
namespace {

std::string ratio(const stores::StoreFigure& figure) {
  if (figure.part == 0) return "-";
  return fmt::format("{:.2f}",
                     static_cast<double>(figure.number) / static_cast<double>(figure.part));
}

std::string in_words(const stores::StoreFigure& figure) {
  switch (figure.unit) {
    case stores::StoreFigure::Unit::Count:
      return human_count(figure.number);
    case stores::StoreFigure::Unit::Bytes:
      return human_size(figure.number);
    case stores::StoreFigure::Unit::Ratio:
      return ratio(figure);
    case stores::StoreFigure::Unit::Text:
      break;
  }
  return figure.text;
}

ExitCode run_stats(Context& context) {
  const auto store = open_store(context);
  using enum Table::Align;
  Table table({Left, Right});
  JsonObject object = JsonObject::line("stats");
  object.text("store", store->name());
  for (const auto& figure : store->figures()) {
    if (!figure.label.empty()) table.add({figure.label, in_words(figure)});
    if (figure.key.empty()) continue;
    if (figure.unit == stores::StoreFigure::Unit::Text) {
      object.text(figure.key, figure.text);
    } else {
      object.number(figure.key, figure.number);
    }
  }
  context.console.print(table.text());
  context.console.emit(object);
  return ExitCode::Success;
}

}  // namespace

const CommandSpec& stats_command() {
  static const CommandSpec spec = {
      .name = "stats",
      .summary = "show how much is stored, and what deduplication and compression save",
      .description =
          "Counts what the store holds. 'Size of all snapshots' is what restoring "
          "every one of them would write.",
      .examples = {{"snapferry stats --store repo:/srv/backups", "sizes and ratios"}},
      .run = run_stats};
  return spec;
}

}  // namespace snapferry::cli
