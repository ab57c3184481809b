#include "cli/restore_wish.h"

#include <fmt/format.h>

#include "cli/format.h"
#include "cli/snapshots.h"
#include "core/volume_path.h"

namespace snapferry::cli {
namespace {

tree::ExcludeRules rules_of(const Context& context, const Snapshot& snapshot, const char* option,
                            const char* noun) {
  std::vector<tree::ExcludePattern> patterns;
  for (const auto& text : context.options.all(option)) patterns.push_back({text, {}});
  std::vector<std::string> roots;
  if (std::string root = host_path(snapshot.volume); !root.empty()) roots.push_back(root);
  return {patterns,
          {.roots = roots, .home = context.io.variable("HOME").value_or(""), .noun = noun}};
}

void warn_of_unused(Context& context, const tree::ExcludeRules& rules, const char* option) {
  const auto patterns = context.options.all(option);
  for (const std::size_t index : rules.unused()) {
    context.console.warn(fmt::format("{} {}: matched nothing", option, printable(patterns[index])));
  }
}

}  // namespace

tree::RestoreWish read_restore_wish(const Context& context, const Snapshot& snapshot,
                                    ObjectSource& objects) {
  tree::RestoreWish wish;
  const TreeReader reader(objects);
  for (std::size_t i = 1; i < context.options.arguments.size(); ++i) {
    wish.paths.push_back(path_in_volume(reader, snapshot, context.options.arguments[i]));
  }
  wish.includes = rules_of(context, snapshot, "--include", "include pattern");
  wish.excludes = rules_of(context, snapshot, "--exclude", "exclude pattern");
  return wish;
}

tree::RestoreChoice choose(Context& context, const Snapshot& snapshot,
                           const tree::RestoreWish& wish, ObjectSource& objects) {
  auto choice = tree::choose_restore(snapshot, wish, objects, &context.io.cancellation);
  for (const auto& [reason, group] : choice.left_out.groups()) {
    std::string names;
    for (const std::string& path : group.paths) {
      names += (names.empty() ? "" : ", ") + printable(path);
    }
    context.console.warn(fmt::format(
        "snapshot {}: what may match there was left out of it ({}): {}{}", snapshot.id.short_hex(),
        reason_text(reason), names, group.paths.size() < group.count ? ", …" : ""));
  }
  return choice;
}

void warn_of_unused(Context& context, const tree::RestoreWish& wish) {
  warn_of_unused(context, wish.includes, "--include");
  warn_of_unused(context, wish.excludes, "--exclude");
}

}  // namespace snapferry::cli
