#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

// What a store remembers beside its snapshots: what was asked for and never arrived, and what is
// no longer expected. Pure.
namespace snapferry {

// How far a volume has come in a store, by the store's own order and not by any clock that says
// when a snapshot was taken.
struct Arrival {
  std::uint64_t order = 0;     // of its newest snapshot there; 0: it has none
  std::int64_t unchanged = 0;  // when a run last found it unchanged; 0: never
  bool operator==(const Arrival&) const = default;
};

// Of one host. Names are those of VolumeName::path, or patterns (core/volume_pattern.h) that
// covered nothing or could not be listed.
struct HostExpectations {
  // By set: asked for by a run, and not there. What has arrived once is judged by its snapshots.
  std::map<std::string, std::set<std::string>> awaited;
  // No longer expected, by how far it had come when it was retired.
  std::map<std::string, Arrival> retired;

  bool empty() const { return awaited.empty() && retired.empty(); }
  bool operator==(const HostExpectations&) const = default;
};

using Expectations = std::map<std::string, HostExpectations>;  // by host

// What a run of `set` found out, or what an administrator decided, about one host.
struct ExpectationChange {
  std::string set = {};
  std::vector<std::string> missing = {};  // asked for, and the store has no snapshot of it
  std::vector<std::string> arrived = {};  // is awaited no more, and its retirement ends
  std::vector<std::string> settled =
      {};  // awaited no more: excluded, or a pattern that covers some
  std::map<std::string, Arrival> retire = {};
  std::vector<std::string> expect_again = {};

  bool tells_nothing() const {
    return missing.empty() && arrived.empty() && settled.empty() && !retires();
  }
  // Only an administrator may.
  bool retires() const { return !retire.empty() || !expect_again.empty(); }
};

// So many names of each kind are kept of one host; others are not taken in, as these say enough.
inline constexpr std::size_t kMostExpected = 4096;
inline constexpr std::size_t kLongestExpected = 4352;  // bytes of a name
// Of the text of one host, where the store has room for any; ZFS has less.
inline constexpr std::size_t kMostExpectedBytes = 256u << 10;

// Runs of one set add to each other, whatever each asks for: a job for each volume is as usual as
// one for all. So what never arrived stays awaited until it arrives, is settled or is retired.
HostExpectations changed(HostExpectations before, const ExpectationChange& change);

// What of `change` changes anything about `before`, so that no more has to be told than that.
ExpectationChange reduced(ExpectationChange change, const HostExpectations& before);

// Both, where two processes wrote at once.
HostExpectations merged(HostExpectations one, const HostExpectations& other);

// Whether `now` is no further than when the volume was retired: a backup ends that by itself.
bool is_still_retired(const Arrival& retired, const Arrival& now);

// Whether a volume of this path is what `awaited` names.
bool is_awaited_as(std::string_view awaited, std::string_view path);

//   text  := entry (";" entry)*
//   entry := "a " SET " " NAME                       awaited
//          | "r " ORDER " " UNCHANGED " " NAME       retired; decimal numbers
//
// In SET and NAME every byte that is no printable ASCII character, and each of " %;", is '%' and
// two hexadecimal digits.
std::string encode_expectations(const HostExpectations& expectations);
// The same in `most` bytes: of what does not fit, awaited names are left out first.
std::string encode_expectations(const HostExpectations& expectations, std::size_t most);
// An entry that cannot be read expects nothing, and hides no other.
HostExpectations decode_expectations(std::string_view text);

}  // namespace snapferry
