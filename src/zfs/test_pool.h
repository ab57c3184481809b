#pragma once

#include <cerrno>
#include <cstdint>
#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "platform/command.h"
#include "testing/fake_commands.h"
#include "zfs/dataset_name.h"
#include "zfs/pool_calls.h"

namespace snapferry::zfs {

// The tree of datasets of a pool in memory, with snapshots and user properties, as far as a store
// renames and destroys in it: `zfs list`, `get`, `set`, `rename`, `destroy`, `receive` of one
// snapshot whose data it passes over, and the calls that make filesystems and destroy snapshots.
// What else is asked of it throws.
class FakePool : public platform::Commands, public PoolCalls {
 public:
  using Values = std::map<std::string, std::string>;

  // Datasets as "b/s/a", with what is above them; snapshots as "b/s/a@one".
  void make(const std::string& name, Values properties = {}) {
    const auto above = owner_of(name);
    if (!above.empty() && !nodes_.contains(above)) make(above);
    nodes_.emplace(name, Node{++last_guid_, std::move(properties)});
  }
  // The next snapshot that is received.
  void receives(std::uint64_t guid) { received_guid_ = guid; }
  bool has(const std::string& name) const { return nodes_.contains(name); }
  std::uint64_t guid(const std::string& name) const { return nodes_.at(name).guid; }
  std::vector<std::string> datasets() const {
    std::vector<std::string> names;
    for (const auto& [name, node] : nodes_) {
      if (!is_snapshot(name)) names.push_back(name);
    }
    return names;
  }

  std::unique_ptr<platform::Child> start(const std::vector<std::string>& argv,
                                         const platform::StartOptions& options) override {
    if (argv.at(1) != "receive") throw std::logic_error(argv[1] + ": not known to a FakePool");
    std::string command;
    for (const auto& word : argv) command += (command.empty() ? "" : " ") + word;
    receiver_.expect(command, receive(argv.back()));
    return receiver_.start(argv, options);
  }
  platform::Output run(const std::vector<std::string>& argv, std::string_view, std::size_t,
                       const Cancellation*) override {
    const auto& verb = argv.at(1);
    if (verb == "list") return list(argv);
    if (verb == "get") return get(argv);
    if (verb == "set") return set(argv);
    if (verb == "rename") return rename(argv.at(2), argv.at(3));
    if (verb == "destroy") return destroy(argv.at(2));
    throw std::logic_error(verb + ": not known to a FakePool");
  }

  PoolOutcome change(PoolChange change, const std::vector<PoolItem>& items) override {
    if (change != PoolChange::DestroySnapshots) throw std::logic_error("not known to a FakePool");
    for (const auto& item : items) nodes_.erase(item.name);
    return {};
  }
  int create(const NewFilesystem& filesystem) override {
    if (nodes_.contains(filesystem.name)) return EEXIST;
    if (!nodes_.contains(owner_of(filesystem.name))) return ENOENT;
    make(filesystem.name, filesystem.user_properties);
    return 0;
  }

 private:
  struct Node {
    std::uint64_t guid = 0;
    Values properties;  // its own
  };

  static bool is_snapshot(const std::string& name) { return name.find('@') != name.npos; }
  // The dataset of a snapshot, the parent of a dataset.
  static std::string owner_of(const std::string& name) {
    const auto at = name.find('@');
    return at == name.npos ? std::string(parent_of(name)) : name.substr(0, at);
  }
  static bool is_below(const std::string& name, const std::string& root) {
    return name.starts_with(root + "/") || name.starts_with(root + "@");
  }
  static platform::Output failure(const std::string& errors) { return {{1, errors + "\n"}, {}}; }
  static platform::Output missing(const std::string& name) {
    return failure("cannot open '" + name + "': dataset does not exist");
  }

  // As `zfs list -d` counts: a snapshot is one level below its dataset.
  static unsigned depth_below(const std::string& name, const std::string& root) {
    unsigned depth = 0;
    for (auto at = name; at != root; at = owner_of(at)) ++depth;
    return depth;
  }

  std::string value(const std::string& name, const std::string& column) const {
    const auto& node = nodes_.at(name);
    if (column == "name") return name;
    if (column == "type") return is_snapshot(name) ? "snapshot" : "filesystem";
    if (column == "guid" || column == "createtxg") return std::to_string(node.guid);
    if (column == "encryption") return "off";
    if (const auto own = node.properties.find(column); own != node.properties.end()) {
      return own->second;
    }
    if (column.starts_with("usedby") || column == "userrefs") return "0";
    if (column.find(':') == column.npos) return "-";
    for (auto at = name; !at.empty(); at = owner_of(at)) {
      const auto& own = nodes_.at(at).properties;
      if (const auto found = own.find(column); found != own.end()) return found->second;
    }
    return "-";
  }

  static std::vector<std::string> split(const std::string& text) {
    std::vector<std::string> parts;
    std::istringstream in(text);
    for (std::string part; std::getline(in, part, ',');) parts.push_back(part);
    return parts;
  }

  platform::Output list(const std::vector<std::string>& argv) const {
    unsigned depth = 0;
    std::string types;
    std::vector<std::string> columns;
    std::size_t at = 2;
    for (; at < argv.size() && argv[at].starts_with("-"); ++at) {
      if (argv[at] == "-r") depth = ~0u;
      if (argv[at] == "-d") depth = static_cast<unsigned>(std::stoul(argv.at(++at)));
      if (argv[at] == "-t") types = argv.at(++at);
      if (argv[at] == "-o") columns = split(argv.at(++at));
    }
    platform::Output output;
    for (; at < argv.size(); ++at) {
      if (!nodes_.contains(argv[at])) {
        output.exit.status = 1;
        output.exit.errors += missing(argv[at]).exit.errors;
        continue;
      }
      for (const auto& [name, node] : nodes_) {
        if (name != argv[at] && !is_below(name, argv[at])) continue;
        if (depth_below(name, argv[at]) > depth) continue;
        if (types.find(value(name, "type")) == types.npos) continue;
        for (const auto& column : columns) {
          output.text += value(name, column) + (&column == &columns.back() ? "\n" : "\t");
        }
      }
    }
    return output;
  }

  // With -s local, of a dataset and its snapshots.
  platform::Output get(const std::vector<std::string>& argv) const {
    if (!nodes_.contains(argv.back())) return missing(argv.back());
    platform::Output output;
    for (const auto& [name, node] : nodes_) {
      if (name != argv.back() && owner_of(name) != argv.back()) continue;
      for (const auto& property : split(argv.end()[-2])) {
        const auto found = node.properties.find(property);
        if (found == node.properties.end()) continue;
        output.text += name + "\t" + property + "\t" + found->second + "\n";
      }
    }
    return output;
  }

  platform::Output set(const std::vector<std::string>& argv) {
    const auto found = nodes_.find(argv.back());
    if (found == nodes_.end()) return missing(argv.back());
    for (auto one = argv.begin() + 2; one != argv.end() - 1; ++one) {
      const auto equals = one->find('=');
      found->second.properties[one->substr(0, equals)] = one->substr(equals + 1);
    }
    return {};
  }

  platform::Output rename(const std::string& from, const std::string& to) {
    if (!nodes_.contains(from)) return missing(from);
    if (nodes_.contains(to)) return failure("cannot rename '" + from + "': dataset already exists");
    if (is_below(to, from)) return failure("cannot rename to '" + to + "': is below itself");
    if (!nodes_.contains(owner_of(to))) {
      return failure("cannot create '" + to + "': parent does not exist");
    }
    std::map<std::string, Node> renamed;
    for (auto& [name, node] : nodes_) {
      const bool goes = name == from || is_below(name, from);
      renamed.emplace(goes ? to + name.substr(from.size()) : name, std::move(node));
    }
    nodes_ = std::move(renamed);
    return {};
  }

  // The first snapshot of a dataset needs that there is none.
  testing::FakeAnswer receive(const std::string& snapshot) {
    const auto dataset = owner_of(snapshot);
    bool has_base = false;
    for (const auto& [name, node] : nodes_) has_base |= name.starts_with(dataset + "@");
    if (nodes_.contains(dataset) && !has_base) {
      return {"", 1, "cannot receive new filesystem stream: must specify -F to overwrite it\n"};
    }
    if (!nodes_.contains(owner_of(dataset))) {
      return {"", 1, "cannot receive: dataset does not exist\n"};
    }
    nodes_.try_emplace(dataset, Node{++last_guid_, {}});
    nodes_.emplace(snapshot, Node{received_guid_, {}});
    return {};
  }

  platform::Output destroy(const std::string& name) {
    if (!nodes_.contains(name)) return missing(name);
    for (const auto& [other, node] : nodes_) {
      if (is_below(other, name)) {
        return failure("cannot destroy '" + name + "': filesystem has children");
      }
    }
    nodes_.erase(name);
    return {};
  }

  std::map<std::string, Node> nodes_;
  std::uint64_t last_guid_ = 0;
  std::uint64_t received_guid_ = 0;
  testing::FakeCommands receiver_;
};

}  // namespace snapferry::zfs
