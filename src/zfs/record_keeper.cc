#include "zfs/record_keeper.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "zfs/arguments.h"
#include "zfs/command_failure.h"
#include "zfs/listing.h"
#include "zfs/property_rules.h"

namespace snapferry::zfs {
namespace {

using Values = std::map<std::string, std::string>;

// Those that the dataset and its snapshots have of their own, by their names.
std::map<std::string, Values> own_records(platform::Commands& commands,
                                          const std::string& dataset) {
  std::string names;
  for (const auto& name : SourceRecord::property_names())
    names += (names.empty() ? "" : ",") + name;
  const std::vector<std::string> argv = {"zfs",
                                         "get",
                                         "-Hp",
                                         "-d",
                                         "1",
                                         "-t",
                                         "filesystem,volume,snapshot",
                                         "-s",
                                         "local,received",
                                         "-o",
                                         "name,property,value",
                                         names,
                                         dataset};
  const auto output = commands.run(argv);
  if (!output.exit.ok()) throw command_failure(argv, output.exit);
  std::map<std::string, Values> records;
  for (auto& row : parse_rows(output.text, 3)) records[row[0]][row[1]] = std::move(row[2]);
  return records;
}

void set_all(platform::Commands& commands, const std::vector<std::string>& assignments,
             const std::string& name) {
  std::vector<std::string> argv = {"zfs", "set"};
  argv.insert(argv.end(), assignments.begin(), assignments.end());
  argv.push_back(name);
  run_command(commands, argv);
}

std::string same_for_all(const std::string& value) {
  // "posix" and "posixacl", "off" and "noacl" are the same to every version that knows both.
  if (value == "posix") return "posixacl";
  return value == "noacl" ? "off" : value;
}

}  // namespace

VolumeProperties recorded_description(platform::Commands& commands, const std::string& volume,
                                      const StoreDataset& replica, const Point& snapshot) {
  const auto records = own_records(commands, replica.name);
  const auto record_of = [&](const std::string& name) -> std::optional<VolumeProperties> {
    const auto found = records.find(name);
    return found == records.end() ? std::nullopt : SourceRecord::parse(volume, found->second);
  };
  auto point = std::ranges::find(replica.points, snapshot.guid, &Point::guid);
  for (; point != replica.points.end(); ++point) {
    if (const auto record = record_of(point_name(replica.name, *point))) return *record;
  }
  return record_of(replica.name).value_or(VolumeProperties{});
}

void supersede_description(platform::Commands& commands, const std::string& volume,
                           const StoreDataset& replica, const VolumeProperties& properties) {
  if (!replica.record.empty() && !replica.points.empty()) {
    const auto records = own_records(commands, replica.name);
    const auto newest = point_name(replica.name, replica.points.back());
    const auto old = records.find(replica.name);
    if (old != records.end() && !records.contains(newest)) {
      std::vector<std::string> assignments;
      for (const auto& [name, value] : old->second) assignments.push_back(name + "=" + value);
      set_all(commands, assignments, newest);
    }
  }
  auto assignments = SourceRecord(volume, properties).assignments();
  for (auto& one : reading_assignments(replica.type, &properties)) {
    assignments.push_back(std::move(one));
  }
  set_all(commands, assignments, replica.name);
}

void rename_records(platform::Commands& commands, const std::string& from, const std::string& to,
                    const std::string& dataset) {
  for (const auto& [name, values] : own_records(commands, dataset)) {
    if (const auto properties = SourceRecord::parse(from, values)) {
      set_all(commands, SourceRecord(to, *properties).assignments(), name);
    }
  }
}

std::vector<std::string> misread_properties(platform::Commands& commands, const std::string& volume,
                                            const StoreDataset& replica) {
  if (replica.type == VolumeType::Zvol || replica.points.empty()) return {};
  const auto described = recorded_description(commands, volume, replica, replica.points.back());
  const auto acl = described.find("acltype");
  if (acl == described.end() || acl->second == "nfsv4") return {};
  const auto listing = run_list(commands, {.columns = {"name", "acltype"},
                                           .types = "filesystem",
                                           .recursive = false,
                                           .roots = {replica.name}});
  if (listing.rows.empty() || same_for_all(listing.rows[0][1]) == same_for_all(acl->second)) {
    return {};
  }
  return {"acltype is " + listing.rows[0][1] +
          ", which hides the ACLs of its files; run 'zfs set " + "acltype=" + acl->second + " " +
          replica.name + "'"};
}

}  // namespace snapferry::zfs
