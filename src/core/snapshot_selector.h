#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/snapshot.h"

namespace snapferry {

// Where a word was said.
struct Standpoint {
  std::string host;            // the name of this machine
  std::string directory = {};  // which a relative path begins at; empty: none is understood
};

// Which snapshot a word on the command line means. Pure. `snapshots` are oldest first,
// as Repository::snapshots gives them.
//
//   "latest"      the newest of all
//   ID            64 hexadecimal digits, or fewer where one id alone begins with
//                 them; either case
//   VOLUME        its newest; as select_volume reads it
//   VOLUME@TIME   its newest from TIME or earlier, TIME as parse_time accepts it and
//                 in whole seconds, as snapshots are listed. Split at the last '@'
//                 that has a volume before it, so that a volume may hold '@' itself
//
// Whole names of volumes hold a '/' or a ':', which ids and "latest" do not; a relative path may
// look like either ("cafe", "2024"). Then it is the volume where it means nothing else, and
// refused where it does: nobody is to get the files of another volume without a word.
// Throws NotFound, and InvalidArgument for a word of two meanings, a prefix of several ids, a PATH
// of several hosts, or what is no time. The result refers into `snapshots`.
const Snapshot& select_snapshot(const std::vector<Snapshot>& snapshots, std::string_view selector,
                                const Standpoint& here);

// VOLUME is "HOST:PATH", or "PATH" alone: that of this host if there is one, else of the
// only host that has it; a relative PATH is of this host alone. Trailing slashes do not
// matter. Throws NotFound, and InvalidArgument for a PATH of several other hosts.
VolumeName select_volume(const std::vector<Snapshot>& snapshots, std::string_view selector,
                         const Standpoint& here);

}  // namespace snapferry
