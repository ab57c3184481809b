#include "core/expectation.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "core/volume_kind.h"
#include "core/volume_pattern.h"

namespace snapferry {
namespace {

using NamesBySet = std::map<std::string, std::set<std::string>>;

template <typename BySet>
bool has(const BySet& sets, const std::string& set, const std::string& name) {
  const auto found = sets.find(set);
  return found != sets.end() && found->second.contains(name);
}

template <typename BySet>
bool take_out(BySet& sets, const std::string& set, const std::string& name) {
  const auto found = sets.find(set);
  if (found == sets.end() || found->second.erase(name) == 0) return false;
  if (found->second.empty()) sets.erase(found);
  return true;
}

template <typename BySet>
std::size_t count_of(const BySet& sets) {
  std::size_t count = 0;
  for (const auto& [set, names] : sets) count += names.size();
  return count;
}

// Without a snapshot: nothing else than that says that it is not awaited.
bool is_retired_unseen(const HostExpectations& host, const std::string& set,
                       const std::string& name) {
  if (!has(host.retired, set, name)) return false;
  return host.retired.at(set).at(name) == Arrival{};
}

// With what separates it from the next.
std::size_t size_of(const HostExpectations& entry) { return encode_expectations(entry).size() + 1; }

std::size_t size_of_awaited(const std::string& set, const std::string& name) {
  HostExpectations entry;
  entry.awaited[set] = {name};
  return size_of(entry);
}

std::size_t size_of_retired(const std::string& set, const std::string& name,
                            const Arrival& arrival) {
  HostExpectations entry;
  entry.retired[set] = {{name, arrival}};
  return size_of(entry);
}

// Makes a change within the room that there is.
class Editor {
 public:
  Editor(HostExpectations host, const ExpectationRoom& room)
      : host_(std::move(host)),
        room_(room),
        awaited_(count_of(host_.awaited)),
        retired_(count_of(host_.retired)),
        bytes_(size_of(host_) + kFullMark) {}

  void await(const std::string& set, const std::string& name) {
    if (has(host_.awaited, set, name) || is_retired_unseen(host_, set, name)) return;
    const std::size_t size = size_of_awaited(set, name);
    if (!fits(set, name, awaited_, size)) {
      host_.full = true;
      return leave_out(name, "is not remembered as asked for", awaited_);
    }
    host_.awaited[set].insert(name);
    ++awaited_;
    bytes_ += size;
  }

  void settle(const std::string& set, const std::string& name) {
    if (!take_out(host_.awaited, set, name)) return;
    --awaited_;
    bytes_ -= size_of_awaited(set, name);
    host_.full = false;
  }

  // Takes the place of what is awaited.
  void retire(const std::string& set, const std::string& name, const Arrival& arrival) {
    end(set, name);
    const bool was_awaited = has(host_.awaited, set, name);
    const std::size_t freed = was_awaited ? size_of_awaited(set, name) : 0;
    const std::size_t size = size_of_retired(set, name, arrival);
    if (!fits(set, name, retired_, size > freed ? size - freed : 0)) {
      return leave_out(name, "cannot be retired", retired_);
    }
    settle(set, name);
    host_.retired[set][name] = arrival;
    ++retired_;
    bytes_ += size;
  }

  void end(const std::string& set, const std::string& name) {
    const auto found = host_.retired.find(set);
    if (found == host_.retired.end() || !found->second.contains(name)) return;
    bytes_ -= size_of_retired(set, name, found->second.at(name));
    take_out(host_.retired, set, name);
    --retired_;
    host_.full = false;
  }

  void expect_again(const std::string& set, const std::string& name) {
    const bool never_came = is_retired_unseen(host_, set, name);
    end(set, name);
    if (never_came) await(set, name);
  }

  ChangedExpectations result() && { return {std::move(host_), std::move(left_out_)}; }

 private:
  static constexpr std::size_t kFullMark = 2;

  bool fits(const std::string& set, const std::string& name, std::size_t names,
            std::size_t size) const {
    return !name.empty() && name.size() <= kLongestExpected && set.size() <= kLongestExpected &&
           names < room_.names && bytes_ + size <= room_.bytes;
  }

  void leave_out(const std::string& name, const std::string& what, std::size_t names) {
    const std::string cause =
        name.size() > kLongestExpected || name.empty()
            ? "its name is too long"
            : "the record of its host is full, with " + std::to_string(names) + " names; " +
                  "'snapferry check' names them: retire what will never arrive, and forget what "
                  "is gone";
    left_out_.push_back({name.substr(0, kLongestExpected), what + ": " + cause});
  }

  HostExpectations host_;
  const ExpectationRoom room_;
  std::size_t awaited_;
  std::size_t retired_;
  std::size_t bytes_;
  std::vector<VolumeFailure> left_out_;
};

}  // namespace

ChangedExpectations changed(HostExpectations before, const ExpectationChange& change,
                            const ExpectationRoom& room) {
  Editor editor(std::move(before), room);
  for (const auto& name : change.settled) editor.settle(change.set, name);
  for (const auto& [set, names] : change.ended) {
    for (const auto& name : names) editor.end(set, name);
  }
  for (const auto& [set, names] : change.expect_again) {
    for (const auto& name : names) editor.expect_again(set, name);
  }
  for (const auto& [set, names] : change.retire) {
    for (const auto& [name, arrival] : names) editor.retire(set, name, arrival);
  }
  for (const auto& name : change.missing) editor.await(change.set, name);
  return std::move(editor).result();
}

ExpectationChange reduced(ExpectationChange change, const HostExpectations& before) {
  const auto is_awaited = [&](const std::string& name) {
    return has(before.awaited, change.set, name);
  };
  std::erase_if(change.missing, [&](const std::string& name) {
    return is_awaited(name) || is_retired_unseen(before, change.set, name);
  });
  std::erase_if(change.settled, [&](const std::string& name) { return !is_awaited(name); });
  return change;
}

HostExpectations merged(HostExpectations one, const HostExpectations& other) {
  one.full = one.full || other.full;
  for (const auto& [set, names] : other.awaited)
    one.awaited[set].insert(names.begin(), names.end());
  for (const auto& [set, names] : other.retired) {
    for (const auto& [name, arrival] : names) {
      // Which one was later, nothing tells; one that is over makes nobody silent.
      Arrival& known = one.retired[set][name];
      known = std::max(known, arrival);
    }
  }
  NamesBySet awaited = std::move(one.awaited);
  one.awaited.clear();
  for (const auto& [set, names] : awaited) {
    for (const auto& name : names) {
      if (!is_retired_unseen(one, set, name)) one.awaited[set].insert(name);
    }
  }
  return one;
}

bool is_still_retired(const Arrival& retired, const Arrival& now) {
  return now.newest == retired.newest && (now.unchanged == 0 || now.unchanged == retired.unchanged);
}

bool is_awaited_as(std::string_view awaited, std::string_view path) {
  if (awaited == path) return true;
  if (!native_kind_of(awaited)) return false;
  try {
    return VolumePattern::parse(awaited).matches(path);
  } catch (const Error&) {
    return false;
  }
}

}  // namespace snapferry
