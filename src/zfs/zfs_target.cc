#include "zfs/zfs_target.h"

#include <algorithm>

#include "core/error.h"
#include "zfs/arguments.h"
#include "zfs/command_failure.h"
#include "zfs/dataset_name.h"
#include "zfs/listing.h"
#include "zfs/pool_features.h"
#include "zfs/property_rules.h"
#include "zfs/source_record.h"
#include "zfs/store_listing.h"
#include "zfs/stream_transfer.h"
#include "zfs/zfs_version.h"

namespace snapferry::zfs {
namespace {

Listing look_at(platform::Commands& commands, const std::string& types,
                std::vector<std::string> names) {
  return run_list(
      commands,
      {.columns = {"name", "guid"}, .types = types, .recursive = false, .roots = std::move(names)});
}

}  // namespace

// A new dataset is encrypted where its parent is, and then takes nothing that is embedded. Where it
// is to be is not known to those who ask for the kind alone.
StreamFeatures ZfsTarget::features(const std::string& volume) {
  auto features = features_of(installed_version(commands_));
  const auto dataset = volume.ends_with(':') ? std::string() : dataset_of_volume(volume);
  const std::string parent(parent_of(dataset));
  features.embedded = !parent.empty();
  if (parent.empty()) return features;
  features = receivable(commands_, std::string(pool_of(dataset)), features);
  const auto listing = run_list(commands_, {.columns = {"name", "encryption"},
                                            .types = "filesystem,volume",
                                            .recursive = false,
                                            .roots = {parent}});
  features.embedded &= !listing.rows.empty() && !is_encryption(listing.rows[0][1]);
  return features;
}

void ZfsTarget::require_free(const std::string& volume) {
  const auto dataset = dataset_of_volume(volume);
  const std::string parent(parent_of(dataset));
  if (parent.empty()) {
    throw Error(ErrorKind::InvalidArgument,
                volume + ": is a whole pool; restore to a dataset within one");
  }
  const auto listing = look_at(commands_, "filesystem,volume", {parent, dataset});
  auto is_there = [&](const std::string& name) {
    return std::any_of(listing.rows.begin(), listing.rows.end(),
                       [&](const auto& row) { return row[0] == name; });
  };
  if (is_there(dataset)) {
    throw Error(
        ErrorKind::AlreadyExists,
        volume + ": is there already; restore to another name, or rename it with zfs rename");
  }
  if (!is_there(parent)) {
    throw Error(ErrorKind::NotFound, volume_of_dataset(parent) +
                                         ": no such dataset; make it with zfs create, or import "
                                         "its pool");
  }
}

void ZfsTarget::restore(const std::string& volume, VolumeType type, const StreamRequest& request,
                        Stream& stream, Progress* progress, const Cancellation* cancellation) {
  require_free(volume);
  const auto dataset = dataset_of_volume(volume);
  const auto snapshot = point_name(dataset, request.to);
  std::vector<std::string> argv = {"zfs", "receive", "-u"};
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& one : initial_[volume]) argv.insert(argv.end(), {"-o", one});
  }
  argv.push_back(snapshot);
  StreamInspector inspector(request, type, ChecksumMode::Skip);
  const auto child = commands_.start(argv, {.input = true});
  auto end = TransferEnd::Whole;
  try {
    end = transfer(stream, inspector, *child, progress, cancellation);
  } catch (const Error&) {
    child->wait();
    throw;
  }
  const auto exit = child->wait();
  if (!exit.ok()) throw command_failure(argv, exit);
  const auto listing = look_at(commands_, "snapshot", {snapshot});
  const bool whole = end == TransferEnd::Whole && !listing.rows.empty() &&
                     parse_number(listing.rows[0][1]) == request.to.guid.number();
  if (!whole) {
    throw Error(ErrorKind::Unavailable,
                snapshot + ": zfs receive ended well and the snapshot is not there; run it again");
  }
}

void ZfsTarget::describe(const std::string& volume, VolumeType type,
                         const VolumeProperties& properties) {
  const std::scoped_lock lock(mutex_);
  initial_[volume] = initial_assignments(type, properties);
}

Completion ZfsTarget::complete(const std::string& volume, VolumeType type,
                               const VolumeProperties& properties) {
  const auto dataset = dataset_of_volume(volume);
  Completion completion;
  std::vector<std::string> names;
  for (const auto& [name, value] : properties) {
    const auto use = use_of(name);
    if (use == PropertyUse::Stays) completion.left.push_back(name + "=" + value);
    if (use == PropertyUse::Reads || use == PropertyUse::Restores) names.push_back(name);
    if (name == SourceRecord::kIncomplete) {
      completion.failed.emplace_back("user properties: were too large to be recorded");
    }
  }
  std::vector<std::string> assignments;
  const auto values = values_of(dataset, names);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto wanted = portable_value(names[i], properties.at(names[i]));
    // An agent in its sandbox may set nothing; what is so by now, it need not.
    if (portable_value(names[i], values[i]) != wanted)
      assignments.push_back(names[i] + "=" + wanted);
  }
  assign(dataset, assignments, completion);
  compare(dataset, properties, completion);
  // One that has no place to be mounted, or no key here, waits for its administrator.
  if (type == VolumeType::Filesystem) commands_.run({"zfs", "mount", dataset});
  return completion;
}

// "" for what cannot be told.
std::vector<std::string> ZfsTarget::values_of(const std::string& dataset,
                                              const std::vector<std::string>& names) {
  std::vector<std::string> values(names.size());
  if (names.empty()) return values;
  auto columns = names;
  columns.insert(columns.begin(), "name");
  try {
    const auto listing = run_list(
        commands_,
        {.columns = columns, .types = "filesystem,volume", .recursive = false, .roots = {dataset}});
    if (!listing.rows.empty()) values.assign(listing.rows[0].begin() + 1, listing.rows[0].end());
  } catch (const Error&) {
  }
  return values;
}

// All at once; where that fails, each by itself, to tell which it was.
void ZfsTarget::assign(const std::string& dataset, const std::vector<std::string>& assignments,
                       Completion& completion) {
  const auto set = [&](const std::vector<std::string>& some) {
    std::vector<std::string> argv = {"zfs", "set"};
    argv.insert(argv.end(), some.begin(), some.end());
    argv.push_back(dataset);
    run_command(commands_, argv);
  };
  if (assignments.empty()) return;
  try {
    return set(assignments);
  } catch (const Error&) {
  }
  for (const auto& one : assignments) {
    try {
      set({one});
    } catch (const Error& error) {
      const bool contained = error.message().find("not implemented") != std::string::npos;
      completion.failed.push_back(one + ": " +
                                  (contained ? "the agent there may not set it; run 'zfs set " +
                                                   one + " " + dataset + "' there"
                                             : error.message()));
    }
  }
}

// What came with the stream is as it was, or is said not to be.
void ZfsTarget::compare(const std::string& dataset, const VolumeProperties& properties,
                        Completion& completion) {
  std::vector<std::string> columns = {"name"};
  for (const auto& [name, value] : properties) {
    if (use_of(name) == PropertyUse::Streams) columns.push_back(name);
  }
  if (columns.size() == 1) return;
  const auto listing = run_list(
      commands_,
      {.columns = columns, .types = "filesystem,volume", .recursive = false, .roots = {dataset}});
  for (const auto& row : listing.rows) {
    for (std::size_t i = 1; i < columns.size(); ++i) {
      const auto& was = properties.at(columns[i]);
      if (row[i] == was) continue;
      completion.failed.push_back(columns[i] + ": is " + row[i] + ", and was " + was);
    }
  }
}

}  // namespace snapferry::zfs
