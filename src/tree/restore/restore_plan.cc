#include "tree/restore/restore_plan.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "core/tree_node.h"

namespace snapferry::tree {
namespace {

std::vector<std::string> split(const std::string& path) {
  std::vector<std::string> parts;
  for (std::size_t position = 0; position < path.size();) {
    const std::size_t end = std::min(path.find('/', position), path.size());
    std::string part = path.substr(position, end - position);
    position = end + 1;
    if (part == "..") {
      throw Error(ErrorKind::InvalidArgument,
                  path + ": must not contain '..'; give the path without it");
    }
    if (!part.empty() && part != ".") parts.push_back(std::move(part));
  }
  return parts;
}

[[noreturn]] void not_found(const std::string& path) {
  throw Error(ErrorKind::NotFound,
              path + ": is not in the snapshot; list what is with 'snapferry ls'");
}

// The child `name` of `plan`, added where it belongs if it is new.
RestorePlan& child(RestorePlan& plan, const std::string& name, const std::string& path,
                   const TreeReader& reader) {
  const auto place =
      std::lower_bound(plan.children.begin(), plan.children.end(), name,
                       [](const RestorePlan& a, const std::string& b) { return a.entry.name < b; });
  if (place != plan.children.end() && place->entry.name == name) return *place;
  if (plan.entry.left_out != LeftOut::None) throw LeftOutError(path, plan.entry);
  if (plan.entry.type != EntryType::Directory) not_found(path);
  std::optional<Entry> found = reader.find(plan.entry.tree, name);
  if (!found) not_found(path);
  return *plan.children.insert(place, RestorePlan{std::move(*found), false, {}});
}

void choose(RestorePlan& root, const std::string& path, const TreeReader& reader) {
  RestorePlan* plan = &root;
  for (const std::string& name : split(path)) plan = &child(*plan, name, path, reader);
  if (plan->entry.left_out != LeftOut::None) throw LeftOutError(path, plan->entry);
  plan->whole = true;
}

// A part that is wholly chosen needs no list of parts below it.
void drop_covered(RestorePlan& plan) {
  if (plan.whole) plan.children.clear();
  for (RestorePlan& part : plan.children) drop_covered(part);
}

std::string last_part(const std::string& volume_path) {
  std::string_view path = volume_path;
  constexpr std::string_view kStream = "stdin:";
  if (path.starts_with(kStream)) path.remove_prefix(kStream.size());
  while (path.ends_with('/')) path.remove_suffix(1);
  const std::size_t slash = path.rfind('/');
  if (slash != std::string_view::npos) path.remove_prefix(slash + 1);
  return is_valid_name(path) ? std::string(path) : "restored";
}

RestorePlan plan_single(const Snapshot& snapshot, const std::vector<std::string>& paths) {
  Entry file = snapshot.root;
  file.name = last_part(snapshot.volume.path);
  for (const std::string& path : paths) {
    const std::vector<std::string> parts = split(path);
    if (parts.size() > 1 || (parts.size() == 1 && parts[0] != file.name)) not_found(path);
  }
  RestorePlan plan;
  plan.entry.type = EntryType::Directory;
  plan.entry.mode = 0700;
  plan.children.push_back({std::move(file), true, {}});
  return plan;
}

}  // namespace

RestorePlan plan_restore(const Snapshot& snapshot, const std::vector<std::string>& paths,
                         const TreeReader& reader) {
  if (snapshot.root.type != EntryType::Directory) return plan_single(snapshot, paths);
  RestorePlan root{snapshot.root, paths.empty(), {}};
  for (const std::string& path : paths) choose(root, path, reader);
  drop_covered(root);
  return root;
}

}  // namespace snapferry::tree
