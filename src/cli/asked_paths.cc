#include "cli/asked_paths.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "cli/expected.h"
#include "cli/format.h"

namespace snapferry::cli {

void AskedPaths::await_listed() {
  if (std::exchange(awaited_, true)) return;
  ExpectationChange change{.set = set_};
  const Arrivals arrivals = store_.arrivals();
  for (const auto& name : names_) {
    const auto found = arrivals.find({own_host(context_), name});
    if (found != arrivals.end() && found->second.contains(set_)) continue;
    change.missing.push_back(name);
  }
  record(change);
}

void AskedPaths::await() {
  if (awaited_) return;
  try {
    std::vector<stores::DamagedObject> named_by_others;
    (void)store_.snapshots(&named_by_others);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::Cancelled) throw;
    return;  // the backup of each PATH tells that its store cannot be listed
  }
  await_listed();
}

void AskedPaths::conclude(const std::vector<std::string>& arrived,
                          const std::vector<std::string>& failed) {
  await();
  ExpectationChange change{.set = set_, .settled = arrived};
  // They are over by themselves; nothing has to remember them.
  if (!arrived.empty()) change.ended[set_] = {arrived.begin(), arrived.end()};
  record(change);
  if (!failed.empty()) warn_of_retired(failed);
}

void AskedPaths::record(const ExpectationChange& change) {
  constexpr std::string_view kTrouble = "what was asked for could not be recorded";
  constexpr std::size_t kNamed = 3;
  if (change.tells_nothing()) return;
  try {
    const auto left_out = store_.change_expectations(own_host(context_), change);
    for (std::size_t i = 0; i < std::min(kNamed, left_out.size()); ++i) {
      context_.console.warn(
          fmt::format("{}: {} {}", kTrouble, printable(left_out[i].volume), left_out[i].message));
    }
    if (left_out.size() > kNamed) {
      context_.console.warn(
          fmt::format("{}: {} more", kTrouble, human_count(left_out.size() - kNamed)));
    }
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::Cancelled) throw;
    context_.console.warn(fmt::format("{}: {}", kTrouble, error.message()));
  }
}

void AskedPaths::warn_of_retired(const std::vector<std::string>& failed) {
  try {
    const auto expected = judge_expected(store_.expectations(), store_.arrivals(), set_);
    for (const auto& name : failed) {
      const VolumeName volume{own_host(context_), name};
      if (!expected.is_retired_in(volume, set_)) continue;
      context_.console.warn(
          fmt::format("{}: is retired, so 'check' does not tell that it is not backed up; to have "
                      "it expected: snapferry retire --undo '{}'",
                      printable(volume.text()), printable(volume.text())));
    }
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::Cancelled) throw;
    context_.console.warn("what is retired is not known: " + error.message());
  }
}

}  // namespace snapferry::cli
