#include <algorithm>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/context.h"
#include "cli/format.h"
#include "cli/snapshots.h"
#include "cli/store.h"
#include "core/tree_reader.h"

namespace snapferry::cli {
namespace {

constexpr std::size_t kPiece = 1 << 20;

// Bytes at an offset of the file, as they are or as a line of JSON.
void write_piece(Context& context, std::uint64_t offset, std::string_view bytes) {
  if (!context.console.json_mode()) return context.console.raw(bytes);
  context.console.emit(
      JsonObject::line("content").number("offset", offset).text("data_base64", to_base64(bytes)));
}

void write_hole(Context& context, std::uint64_t offset, std::uint64_t length) {
  const std::string zeros(std::min<std::uint64_t>(length, kPiece), '\0');
  while (length > 0) {
    context.io.cancellation.check();
    const auto size = std::min<std::uint64_t>(length, zeros.size());
    write_piece(context, offset, std::string_view(zeros).substr(0, size));
    offset += size;
    length -= size;
  }
}

Entry find_file(const TreeReader& reader, const Snapshot& snapshot, const std::string& path) {
  const auto entry = reader.resolve(snapshot.root, path_in_volume(reader, snapshot, path));
  const std::string shown = printable(path.empty() ? snapshot.volume.text() : path);
  if (!entry) {
    throw Error(ErrorKind::NotFound,
                fmt::format("{}: is not in snapshot {}; look for it with 'snapferry ls' or "
                            "'snapferry find'",
                            shown, snapshot.id.short_hex()));
  }
  if (entry->type != EntryType::File) {
    throw Error(ErrorKind::InvalidArgument,
                fmt::format("{}: is a {}, which has no content; name a file", shown,
                            type_name(entry->type)));
  }
  if (entry->left_out != LeftOut::None) throw LeftOutError(shown, *entry);
  return *entry;
}

ExitCode run_cat(Context& context) {
  const auto store = open_store(context);
  const Snapshot snapshot = find_snapshot(context, *store, context.options.argument(0));
  const TreeReader reader(store->objects());
  const Entry file = find_file(reader, snapshot, context.options.argument(1));
  reader.for_each_run(file.content, [&](std::uint64_t offset, const ContentRun& run) {
    context.io.cancellation.check();
    if (!run.id) return write_hole(context, offset, run.length);
    const Bytes bytes = store->objects().get(ObjectKind::Data, *run.id);
    write_piece(context, offset, as_text(bytes));
  });
  return ExitCode::Success;
}

}  // namespace

const CommandSpec& cat_command() {
  static const CommandSpec spec = {
      .name = "cat",
      .summary = "write a file of a snapshot to standard output",
      .description =
          "Writes the content of the file as it was. Without PATH, the volume itself "
          "must be a file or a stream.",
      .arguments = {{.name = "SNAPSHOT", .help = "which snapshot", .kind = WordKind::Snapshot},
                    {.name = "PATH",
                     .help = "below the root of the volume, or its full path there",
                     .required = false}},
      .examples = {{"snapferry cat /etc@2026-03-01 fstab", "a file as it was on that day"},
                   {"snapferry cat stdin:shop.sql | psql shop", "the newest dump"}},
      .filters_sets = true,
      .only_prints = true,
      .run = run_cat};
  return spec;
}

}  // namespace snapferry::cli
