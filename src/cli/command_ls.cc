#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/context.h"
#include "cli/format.h"
#include "cli/snapshots.h"
#include "cli/store.h"
#include "core/tree_reader.h"
#include "core/volume_path.h"
#include "core/wall_time.h"

namespace snapferry::cli {
namespace {

std::string joined(const std::string& directory, const std::string& name) {
  return directory.empty() ? name : directory + "/" + name;
}

class Listing {
 public:
  Listing(Context& context, ObjectSource& source, const Snapshot& snapshot)
      : context_(context),
        reader_(source),
        snapshot_(snapshot),
        users_(snapshot.users),
        groups_(snapshot.groups),
        recursive_(context.options.has("--recursive")) {}

  void show(const std::string& given) {
    const std::string path = path_in_volume(reader_, snapshot_, given);
    const auto entry = reader_.resolve(snapshot_.root, path);
    if (!entry) {
      throw Error(ErrorKind::NotFound,
                  fmt::format("{}: is not in snapshot {}; see what is with 'snapferry ls {}'",
                              printable(path), snapshot_.id.short_hex(), snapshot_.id.short_hex()));
    }
    if (entry->left_out != LeftOut::None) throw LeftOutError(printable(path), *entry);
    const std::string place = tidy_path(path);
    if (entry->type == EntryType::Directory) {
      show_directory(entry->tree, place, "");
    } else {
      line(*entry, place, place.empty() ? own_name() : place);
    }
  }

 private:
  // The last part of the volume's path, or NAME of a stream.
  std::string own_name() const {
    const auto& path = snapshot_.volume.path;
    return path.substr(path.find_last_of("/:") + 1);
  }

  // `place` is below the root of the volume, `shown` below where the listing began.
  void show_directory(const ObjectId& tree, const std::string& place, const std::string& shown) {
    reader_.for_each(tree, [&](const Entry& entry) {
      context_.io.cancellation.check();
      line(entry, joined(place, entry.name), joined(shown, entry.name));
      if (recursive_ && entry.has_tree()) {
        show_directory(entry.tree, joined(place, entry.name), joined(shown, entry.name));
      }
      return true;
    });
  }

  void line(const Entry& entry, const std::string& place, const std::string& shown) {
    if (context_.console.json_mode()) {
      context_.console.emit(entry_json("entry", place, entry)
                                .text("user", users_.of(entry.uid))
                                .text("group", groups_.of(entry.gid)));
      return;
    }
    if (entry.left_out != LeftOut::None) return left_out_line(entry, shown);
    std::string name = printable(shown);
    if (entry.type == EntryType::Symlink) name += " -> " + printable(entry.target);
    if (entry.unsettled) name += " (not saved as it was)";
    context_.console.print(fmt::format(
        "{} {:<8} {:<8} {:>12} {} {}\n", mode_text(entry.type, entry.mode), users_.of(entry.uid),
        groups_.of(entry.gid), size_text(entry), format_local(entry.mtime), name));
  }

  // As 'ls -l' shows what it cannot look at.
  void left_out_line(const Entry& entry, const std::string& shown) {
    const bool bare = entry.name_only;
    const std::string mode = mode_text(entry.type, entry.mode);
    context_.console.print(fmt::format(
        "{} {:<8} {:<8} {:>12} {} {} (left out: {})\n",
        bare ? mode.substr(0, 1) + "?????????" : mode, bare ? "?" : users_.of(entry.uid),
        bare ? "?" : groups_.of(entry.gid), "?",
        bare ? fmt::format("{:<{}}", "?", format_local({}).size()) : format_local(entry.mtime),
        printable(shown), reason_text(entry.left_out)));
  }

  static std::string size_text(const Entry& entry) {
    if (entry.type == EntryType::CharacterDevice || entry.type == EntryType::BlockDevice) {
      return fmt::format("{},{}", major_of(entry.device), minor_of(entry.device));
    }
    return std::to_string(entry.size);
  }

  // As makedev(3) of Linux packs them.
  static std::uint64_t major_of(std::uint64_t device) {
    return (device >> 8 & 0xfff) | (device >> 32 & ~std::uint64_t{0xfff});
  }
  static std::uint64_t minor_of(std::uint64_t device) {
    return (device & 0xff) | (device >> 12 & ~std::uint64_t{0xff} & 0xffffffff);
  }

  Context& context_;
  const TreeReader reader_;
  const Snapshot& snapshot_;
  const OwnerNames users_;
  const OwnerNames groups_;
  const bool recursive_;
};

ExitCode run_ls(Context& context) {
  const auto store = open_store(context);
  const Snapshot snapshot = find_snapshot(context, *store, context.options.argument(0));
  Listing(context, store->objects(), snapshot).show(context.options.argument(1));
  return ExitCode::Success;
}

}  // namespace

const CommandSpec& ls_command() {
  static const CommandSpec spec = {
      .name = "ls",
      .summary = "list a directory of a snapshot",
      .description =
          "Lists the directory as 'ls -l' does: mode, owner, group, size, time and "
          "name. Control characters in names are shown as \\n or \\x1b; --json gives "
          "names exactly. What the backup left out stands there with the reason; its content is "
          "not in the snapshot. What could not be saved as it was is marked.",
      .arguments = {{.name = "SNAPSHOT", .help = "which snapshot", .kind = WordKind::Snapshot},
                    {.name = "PATH",
                     .help =
                         "below the root of the volume, or its full path there; otherwise the root",
                     .required = false}},
      .options = {{.name = "--recursive",
                   .letter = 'R',
                   .help = "everything below, with its path"}},
      .examples = {{"snapferry ls latest", "the root of the newest snapshot"},
                   {"snapferry ls /home@2026-03-01 alice/Documents -R",
                    "a directory with all below it as it was on that day"}},
      .filters_sets = true,
      .only_prints = true,
      .run = run_ls};
  return spec;
}

}  // namespace snapferry::cli
