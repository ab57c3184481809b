#include "zfs/store_places.h"

#include <algorithm>

#include "core/error.h"
#include "zfs/command_failure.h"
#include "zfs/dataset_name.h"
#include "zfs/listing.h"

namespace snapferry::zfs {

using Names = std::vector<std::string>;

std::vector<std::string> never_mounts() { return {"-o", "canmount=off", "-o", "mountpoint=none"}; }

void no_such_store(const StoreLayout& layout) {
  const auto name = volume_of_dataset(layout.store());
  throw NoSuchStore(name + ": there is no such dataset; import its pool with zpool import, or " +
                    "make the store with 'snapferry init --store " + name + "'");
}

// -p would make those in between, too, but with whatever they inherit.
void StorePlaces::make_parents(const std::string& dataset) {
  const std::scoped_lock lock(parents_);
  Names missing;
  for (auto parent = std::string(parent_of(dataset)); parent.size() > layout_.store().size();
       parent = parent_of(parent)) {
    if (known_.dataset(parent)) break;
    missing.push_back(parent);
  }
  if (missing.empty()) return;
  const auto listing = run_list(commands_, {.columns = {"name"},
                                            .types = "filesystem,volume",
                                            .recursive = false,
                                            .roots = {layout_.store(), missing.back()}});
  const auto& gone = listing.missing;
  if (std::find(gone.begin(), gone.end(), layout_.store()) != gone.end()) no_such_store(layout_);
  for (auto parent = missing.rbegin(); parent != missing.rend(); ++parent) {
    make_placeholder(*parent, *parent);
  }
}

void StorePlaces::make_placeholder(const std::string& dataset, const std::string& final_name) {
  Names argv = {"zfs", "create"};
  if (privilege_ == Privilege::Root) {
    for (auto& option : never_mounts()) argv.push_back(std::move(option));
  }
  argv.insert(argv.end(), {"-o", std::string(kPlaceholderProperty) + "=" + final_name, dataset});
  const auto output = commands_.run(argv);
  if (output.exit.ok()) {
    StoreDataset made;
    made.name = dataset;
    made.placeholder = dataset == final_name;
    return known_.remember(std::move(made));
  }
  // Another run may have made it a moment ago; and without the right to mount, `zfs create` fails
  // after it has made it.
  const auto listing = run_list(
      commands_,
      {.columns = {"name"}, .types = "filesystem", .recursive = false, .roots = {dataset}});
  if (listing.rows.empty()) throw command_failure(argv, output.exit);
}

std::vector<std::string> StorePlaces::children_of(const std::string& dataset) {
  const auto listing =
      run_list(commands_,
               {.columns = {"name"}, .types = "filesystem,volume", .depth = 1, .roots = {dataset}});
  Names children;
  for (const auto& row : listing.rows) {
    if (row[0] != dataset) children.push_back(row[0]);
  }
  return children;
}

void StorePlaces::move(const std::vector<std::string>& children, const std::string& from,
                       const std::string& to) {
  for (const auto& child : children) {
    run_command(commands_, {"zfs", "rename", child, to + child.substr(from.size())});
  }
}

// Of a dataset that shall be there no more; what is below it goes to `successor`, which then
// takes its name. Whatever of it was done by a run that ended early is not done again.
void StorePlaces::replace(const std::string& dataset, const std::string& successor) {
  move(children_of(dataset), dataset, successor);
  const Names destroy = {"zfs", "destroy", dataset};
  const auto output = commands_.run(destroy);
  if (!output.exit.ok()) {
    const auto failure = command_failure(destroy, output.exit);
    if (failure.kind() != ErrorKind::NotFound) throw failure;
  }
  run_command(commands_, {"zfs", "rename", successor, dataset});
}

void StorePlaces::put_in_place(const std::string& incoming) {
  const auto place = incoming.substr(0, incoming.size() - kIncoming.size());
  try {
    replace(place, incoming);
  } catch (const Error&) {
  }
  known_.forget_tree(place);
  known_.forget_tree(incoming);
}

void StorePlaces::give_back_children(const std::string& renamed, const std::string& place) {
  const auto children = children_of(renamed);
  if (children.empty()) return;
  make_placeholder(place, place);
  move(children, renamed, place);
}

void StorePlaces::destroy_alone(const std::string& dataset) {
  if (children_of(dataset).empty()) return run_command(commands_, {"zfs", "destroy", dataset});
  const auto place = dataset + std::string(kIncoming);
  make_placeholder(place, dataset);
  replace(dataset, place);
  known_.forget_tree(place);
}

}  // namespace snapferry::zfs
