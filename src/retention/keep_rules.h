#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/entry.h"
#include "core/object_id.h"
#include "core/wall_time.h"

namespace snapferry::retention {

// What to keep. A snapshot stays if any of the rules keeps it.
struct KeepRules {
  std::uint64_t last = 0;                         // the newest N
  std::optional<Duration> within = std::nullopt;  // all that are at most so old
  // The newest of each of the newest N hours, days, … that have a snapshot at
  // all, by the local time zone. Weeks are ISO 8601's and begin on Monday.
  std::uint64_t hourly = 0;
  std::uint64_t daily = 0;
  std::uint64_t weekly = 0;
  std::uint64_t monthly = 0;
  std::uint64_t yearly = 0;
};

struct Candidate {
  ObjectId id;
  Timestamp time;
  bool complete = true;  // everything that was to be saved could be read, and still can be
  // Else only the place in the order is known, which `time` says, too (EffectiveTime).
  bool time_is_known = true;
};

struct Decision {
  ObjectId id;
  Timestamp time;
  bool complete = true;
  bool time_is_known = true;
  bool keep = false;
  // Why it is kept, in the order of the rules: "newest of day 2026-03-01",
  // "within 2d 0h of now"; or the one reason why it is not: "no rule keeps it".
  std::vector<std::string> reasons;
};

// Decides about snapshots of one group, which is what the caller makes it (a
// volume and set). `now` is the time of whoever keeps the snapshots, never of
// whoever made them. A snapshot from the future is kept and no rule counts it:
// so a host with a wrong clock, or one that was taken over, cannot push out the
// others. For the same reason one whose time is not known is kept by rules that
// go by times, and is no one's newest of a period.
//
// An incomplete snapshot never costs a complete one its place: rules that count
// count complete ones, and those that are incomplete beside them. Of a period
// the newest complete one is kept, and the newest of all only where none is
// complete.
//
// Returns one decision for each candidate, newest first; of two with the same
// time the one that comes later in `candidates` counts as newer. The newest
// that is not from the future, and the newest of these that is complete, are
// always kept, too. Pure, except that it asks the system for the local time
// zone.
//
// Throws InvalidArgument for rules that would keep nothing.
std::vector<Decision> decide(std::vector<Candidate> candidates, const KeepRules& rules,
                             Timestamp now);

}  // namespace snapferry::retention
