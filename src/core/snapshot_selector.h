#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/snapshot.h"

namespace snapferry {

// Whose volume a word without a host may mean where this host has none of that name.
enum class WithoutHost {
  AnyHost,  // that of the only host that has one: enough for what only reads
  OwnHost,  // nobody else's: for what judges or removes. Another host's backups are neither proof
            // nor prey
};

// Where a word was said, and what for.
struct Standpoint {
  std::string host;            // the name of this machine
  std::string directory = {};  // which a relative path begins at; empty: none is understood
  WithoutHost without_host = WithoutHost::AnyHost;
  // The path that a backup of the given one would have, where that is not the path as it is
  // written: "link/" is what the link leads to. Empty: every path is taken as it is written.
  std::function<std::optional<std::string>(const std::string&)> led_to = {};
};

// NotFound: this host has no volume of the name, and these others have.
class OnOtherHosts : public Error {
 public:
  OnOtherHosts(std::string_view name, std::string_view this_host, std::vector<VolumeName> volumes);
  const std::vector<VolumeName>& volumes() const { return volumes_; }

 private:
  std::vector<VolumeName> volumes_;
};

// Which snapshot a word on the command line means. Pure. `snapshots` are oldest first,
// as Repository::snapshots gives them.
//
//   "latest"      the newest of all; refused under WithoutHost::OwnHost if that is of another host
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

// VOLUME is "HOST:PATH", or "PATH" alone: that of this host if there is one, else as
// `here.without_host` says; a relative PATH is of this host alone. Trailing slashes do not
// matter, except where the path without them is a link. Throws NotFound, OnOtherHosts under
// WithoutHost::OwnHost, and InvalidArgument for a PATH of several other hosts.
VolumeName select_volume(const std::vector<Snapshot>& snapshots, std::string_view selector,
                         const Standpoint& here);

}  // namespace snapferry
