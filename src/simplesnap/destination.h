#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/volume.h"
#include "platform/command.h"

namespace snapferry::simplesnap {

// What a store of simplesnap holds: STORE/HOST/DATASET for each dataset of a host, snapshots
// named as the source names them. STORE/HOST remembers in a user property what was served and
// never arrived, so that --check can name it:
//
//   value := SET ("," DATASET)* (";" SET ("," DATASET)*)*
//
// No name holds a comma or a semicolon. Earlier versions wrote blanks for the commas, and are read.
inline constexpr const char* kMissingProperty = "snapferry:missing";

struct Replica {
  bool placeholder = false;   // only there to be a parent of others
  std::vector<Point> points;  // snapshots, ascending
};

struct HostListing {
  bool exists = false;                      // STORE/HOST does
  std::map<std::string, Replica> replicas;  // by dataset, whole names; without STORE/HOST itself
  std::map<std::string, std::vector<std::string>> missing;  // by set
};

// One process. `root` is STORE/HOST, or a dataset given by --datasetdest, which is in the result
// then. Throws as zfs::run_list.
HostListing list_host(platform::Commands& commands, const std::string& root,
                      bool root_is_replica = false);

// The hosts below a store, ascending. Throws NotFound if the store is not there.
std::vector<std::string> list_hosts(platform::Commands& commands, const std::string& store);

// Where the store is mounted; empty if it has no place. Throws NotFound.
std::string mount_point_of(platform::Commands& commands, const std::string& store);

// STORE/HOST, mounted as the stock tool expects it.
void make_host(platform::Commands& commands, const std::string& dataset);

// Remembers the datasets of `set` that have never arrived; others' sets stay as they are.
void record_missing(platform::Commands& commands, const std::string& host_dataset,
                    const HostListing& listing, const std::string& set,
                    const std::vector<std::string>& missing);

// The snapshots of `set` but the newest: what the stock tool reaps after each receive.
std::vector<Point> superseded(const std::vector<Point>& points, const std::string& set);

// The set that a replica really follows: `set`, or one with an 'x' and a number behind it, which
// was begun because a stock wrapper could not go on with `set` (simplesnap/pull.h). By the newest
// of its snapshots that are of any of these.
std::string followed_set(const std::vector<Point>& points, const std::string& set);
// "mainsetx2" of "mainset", 2.
std::string other_set(const std::string& set, unsigned number);
bool is_same_chain(std::string_view followed, const std::string& set);

}  // namespace snapferry::simplesnap
