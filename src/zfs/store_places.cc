#include "zfs/store_places.h"

#include <cerrno>

#include "core/error.h"
#include "zfs/command_failure.h"
#include "zfs/dataset_name.h"
#include "zfs/listing.h"
#include "zfs/pool_changes.h"

namespace snapferry::zfs {

using Names = std::vector<std::string>;

void no_such_store(const StoreLayout& layout) {
  const auto name = volume_of_dataset(layout.store());
  throw NoSuchStore(name + ": there is no such dataset; import its pool with zpool import, or " +
                    "make the store with 'snapferry init --store " + name + "'");
}

// Each by itself, so that none of them mounts, whatever it inherits.
void StorePlaces::make_parents(const std::string& dataset) {
  const std::scoped_lock lock(parents_);
  Names missing;
  for (auto parent = std::string(parent_of(dataset)); parent.size() > layout_.store().size();
       parent = parent_of(parent)) {
    if (known_.dataset(parent)) break;
    missing.push_back(parent);
  }
  for (auto parent = missing.rbegin(); parent != missing.rend(); ++parent) {
    make_placeholder(*parent, *parent);
  }
}

// Without root the properties cannot be set, and the place is inherited from the store.
void StorePlaces::make_placeholder(const std::string& dataset, const std::string& final_name) {
  const int error = calls_.create({.name = dataset,
                                   .never_mounts = privilege_ == Privilege::Root,
                                   .user_properties = {{kPlaceholderProperty, final_name}}});
  if (error == EEXIST) return;  // maybe another run made it a moment ago
  if (error == ENOENT && parent_of(dataset) == layout_.store()) no_such_store(layout_);
  if (error != 0) throw pool_error(error, "made", dataset);
  StoreDataset made;
  made.name = dataset;
  made.placeholder = dataset == final_name;
  known_.remember(std::move(made));
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
