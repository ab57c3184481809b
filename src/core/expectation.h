#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/snapshot.h"
#include "core/volume.h"

// What a store remembers beside its snapshots: what was asked for and never arrived, and what is
// no longer expected. Pure.
namespace snapferry {

// What a store has of a volume in one set of snapshots.
struct Arrival {
  std::string newest = {};     // the id of its newest snapshot there; empty: it has none
  std::int64_t unchanged = 0;  // when a run of the set last found it unchanged; 0: never
  auto operator<=>(const Arrival&) const = default;
};

using Arrivals = std::map<VolumeName, std::map<std::string, Arrival>>;  // by volume and set

// Of one host, by set. Names are those of VolumeName::path, or patterns (core/volume_pattern.h)
// that covered nothing or could not be listed.
struct HostExpectations {
  // Asked for by a run, and not there. What has arrived once is judged by its snapshots.
  std::map<std::string, std::set<std::string>> awaited;
  // No longer expected, with what there was when it was retired; the set "" is that of snapshots
  // which are of none.
  std::map<std::string, std::map<std::string, Arrival>> retired;
  // Something was asked for that there was no room for.
  bool full = false;

  bool empty() const { return awaited.empty() && retired.empty() && !full; }
  bool operator==(const HostExpectations&) const = default;
};

using Expectations = std::map<std::string, HostExpectations>;  // by host

// What a run of `set` found out, or what an administrator decided, about one host.
struct ExpectationChange {
  std::string set = {};
  std::vector<std::string> missing = {};  // asked for, and the set has no snapshot of it
  // Awaited no more: it has arrived, it is excluded, or a pattern that covers some.
  std::vector<std::string> settled = {};
  // By set, as are the others below.
  std::map<std::string, std::map<std::string, Arrival>> retire = {};
  std::map<std::string, std::set<std::string>> expect_again = {};
  std::map<std::string, std::set<std::string>> ended = {};  // retirements that are over

  bool tells_nothing() const { return missing.empty() && settled.empty() && !retires(); }
  // Only an administrator may.
  bool retires() const { return !retire.empty() || !expect_again.empty() || !ended.empty(); }
};

inline constexpr std::size_t kMostExpected = 4096;     // names of each kind of one host
inline constexpr std::size_t kLongestExpected = 4352;  // bytes of a name

// What a store has room for of one host; what is more is not taken in, and said.
struct ExpectationRoom {
  std::size_t names = kMostExpected;  // awaited, and as many that are retired
  std::size_t bytes = 256u << 10;     // of the text
};

struct ChangedExpectations {
  HostExpectations now;
  // What was not taken in, and why: nothing that was there before makes way for it.
  std::vector<VolumeFailure> left_out;
};

// Runs of one set add to each other, whatever each asks for: a job for each volume is as usual as
// one for all. So what never arrived stays awaited until it arrives, is settled or is retired.
// What is retired without a snapshot is awaited no more, however often a run asks for it again,
// and is awaited at once when it is to be expected again.
ChangedExpectations changed(HostExpectations before, const ExpectationChange& change,
                            const ExpectationRoom& room = {});

// What of a run's `change` is new to `before`, so that no more has to be told than that.
ExpectationChange reduced(ExpectationChange change, const HostExpectations& before);

// Both, where two processes wrote at once.
HostExpectations merged(HostExpectations one, const HostExpectations& other);

// Whether nothing has come since the volume was retired: a snapshot that was not there then, or a
// run that found it unchanged, ends that by itself. So does the removal of its newest snapshot,
// since what is newest then cannot be told from what came later. Sequences and clocks decide
// nothing, because both may begin again.
bool is_still_retired(const Arrival& retired, const Arrival& now);

// Whether a volume of this path is what `awaited` names.
bool is_awaited_as(std::string_view awaited, std::string_view path);

//   text  := entry (";" entry)*
//   entry := "a " SET " " NAME                              awaited
//          | "r " SET " " NEWEST " " UNCHANGED " " NAME     retired; SET may be empty
//          | "f"                                            full
//
// In SET and NAME every byte that is no printable ASCII character, and each of " %;", is '%' and
// two hexadecimal digits. NEWEST is the id of a snapshot in hexadecimal digits, or empty;
// UNCHANGED is a decimal number.
std::string encode_expectations(const HostExpectations& expectations);
// An entry that cannot be read expects nothing, and hides no other.
HostExpectations decode_expectations(std::string_view text);

}  // namespace snapferry
