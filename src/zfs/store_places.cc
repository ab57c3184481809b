#include "zfs/store_places.h"

#include <cerrno>

#include "core/error.h"
#include "zfs/command_failure.h"
#include "zfs/dataset_name.h"
#include "zfs/listing.h"
#include "zfs/pool_changes.h"

namespace snapferry::zfs {

using Names = std::vector<std::string>;

namespace {

bool is_beside_its_place(std::string_view dataset) { return dataset.ends_with(kIncoming); }
std::string place_of(const std::string& incoming) {
  return incoming.substr(0, incoming.size() - kIncoming.size());
}
std::string beside(const std::string& place) { return place + std::string(kIncoming); }

}  // namespace

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
    make_placeholder(*parent);
  }
}

// Without root the properties cannot be set, and the place is inherited from the store.
void StorePlaces::make_placeholder(const std::string& dataset) {
  const int error =
      calls_.create({.name = dataset,
                     .never_mounts = privilege_ == Privilege::Root,
                     .user_properties = {{kPlaceholderProperty, without_incoming(dataset)}}});
  if (error == EEXIST) return;  // maybe another run made it a moment ago
  if (error == ENOENT && parent_of(dataset) == layout_.store()) no_such_store(layout_);
  if (error != 0) throw pool_error(error, "made", dataset);
  StoreDataset made;
  made.name = dataset;
  made.placeholder = true;
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

void StorePlaces::run(const Names& argv) { run_command(commands_, argv); }

// What is there under that name already, was made by a run that ended early, or since: then all
// that is below goes, and what is left of it is destroyed, which ZFS refuses where it has a
// snapshot.
void StorePlaces::move_below(const std::string& from, const std::string& to) {
  move(children_of(from), from, to);
}

void StorePlaces::move(const Names& children, const std::string& from, const std::string& to) {
  for (const auto& child : children) {
    const auto name = to + child.substr(from.size());
    try {
      run({"zfs", "rename", child, name});
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::AlreadyExists) throw;
      move_below(child, name);
      run({"zfs", "destroy", child});
    }
  }
}

void StorePlaces::give_back_below(const std::string& incoming) {
  const auto children = children_of(incoming);
  if (children.empty()) return;
  make_placeholder(place_of(incoming));
  move(children, incoming, place_of(incoming));
}

// Does `step` with the dataset while what is below it waits beside its place.
template <class Step>
void StorePlaces::with_it_alone(const std::string& dataset, Step step) {
  const auto children = children_of(dataset);
  if (children.empty()) return step();
  make_placeholder(beside(dataset));
  try {
    move(children, dataset, beside(dataset));
    step();
  } catch (const Error&) {
    bring_home(beside(dataset));
    throw;
  }
  bring_home(beside(dataset));
}

// Of a replica. Whatever of it was done by a run that ended early is not done again.
void StorePlaces::take_place(const std::string& incoming) {
  const auto place = place_of(incoming);
  move_below(place, incoming);
  try {
    run({"zfs", "destroy", place});
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::NotFound) throw;
  }
  run({"zfs", "rename", incoming, place});
}

// Of a parent of others. Where it cannot go, it is found where it is.
void StorePlaces::bring_home(const std::string& waiting) {
  const auto place = place_of(waiting);
  try {
    run({"zfs", "rename", waiting, place});
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::AlreadyExists) return;
    try {
      move_below(waiting, place);
      run({"zfs", "destroy", waiting});
    } catch (const Error&) {
    }
  }
  known_.forget_tree(place);
  known_.forget_tree(waiting);
}

bool StorePlaces::has_waiting(const std::string& place) const {
  const auto waiting = known_.dataset(beside(place));
  return waiting && waiting->placeholder;
}

void StorePlaces::put_in_place(const std::string& dataset) {
  for (auto name = dataset; name.size() > layout_.store().size(); name = parent_of(name)) {
    if (!is_beside_its_place(name)) continue;
    const auto place = place_of(name);
    if (has_waiting(place)) {
      bring_home(name);
      continue;
    }
    if (name != dataset && !known_.dataset(name)) continue;
    try {
      take_place(name);
    } catch (const Error&) {
    }
    known_.forget_tree(place);
    known_.forget_tree(name);
  }
}

void StorePlaces::rename(const std::string& dataset, const std::string& name) {
  const Names argv = {"zfs", "rename", dataset, name};
  if (name == beside(dataset)) {
    run(argv);
    give_back_below(name);
  } else if (is_beside_its_place(dataset)) {
    give_back_below(dataset);
    run(argv);
  } else {
    with_it_alone(dataset, [&] { run(argv); });
  }
  known_.forget_tree(dataset);
  known_.forget_tree(name);
}

void StorePlaces::destroy_alone(const std::string& dataset) {
  const Names argv = {"zfs", "destroy", dataset};
  if (is_beside_its_place(dataset)) {
    give_back_below(dataset);
    run(argv);
  } else {
    with_it_alone(dataset, [&] { run(argv); });
  }
  known_.forget_tree(dataset);
}

}  // namespace snapferry::zfs
