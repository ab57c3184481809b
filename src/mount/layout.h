#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/snapshot.h"

namespace snapferry::mount {

// The directories under which snapshots are shown:
//
//   HOST/PATH/TIME     and HOST/PATH/latest, a symlink to the newest TIME
//
// PATH is that of the volume as it is, "home/anna" for "/home/anna" and "zfs:tank/home" for a
// native one; of "/" there is none, and its snapshots are in HOST. So a directory may hold the
// snapshots of one volume beside the way to others. TIME is when the backup began, in the local
// time zone with its offset: "2026-03-01T13-00-00+0100". Of several in one second all but the
// first end in "-" and the first eight digits of their id.
//
// A part of PATH that could be taken for something else is escaped with "%" and two digits: "%"
// itself, a first ':' or '%' of a path ("stdin%3Adump" is the directory, "stdin:dump" the stream),
// and the first byte of a part that is called "latest" or like a TIME. Names above 200 bytes that
// grew by that are cut there and end in "~" and 16 digits that depend on the whole name.
//
// A value; immutable.
class Layout {
 public:
  struct Directory {
    std::map<std::string, Directory> directories;
    std::map<std::string, Snapshot> snapshots;
    std::string latest;  // the name of the newest; empty where there are none
  };

  Layout() = default;
  // `snapshots` are oldest first.
  explicit Layout(const std::vector<Snapshot>& snapshots);

  // `path` as names divided by '/', without one at either end; "" is the directory of the hosts.
  // nullptr where there is none.
  const Directory* find(std::string_view path) const;

 private:
  Directory root_;
};

// PATH above with HOST before it.
std::string volume_directory(const VolumeName& volume);

// As TIME above, without an id.
std::string time_directory(Timestamp time);

}  // namespace snapferry::mount
