#pragma once

#include <string>
#include <vector>

#include "core/expectation.h"

namespace snapferry::btrfs {

// What is expected of one host beside its snapshots, as core/expectation.h writes it, and a
// newline:
//
//   DIRECTORY/HOST/.expected
//
// Of the open directory of a host; `path` names it. Where there is none, where something else than
// a file is in its place, and of what is torn, nothing is expected: so much whoever may write for
// one host can do. Throws as read_small_file() does otherwise: what cannot be read may say
// anything.
HostExpectations read_expected(int host, const std::string& path);

// Makes the change, one process after the other, and returns what was not taken in; without
// anything left to expect there is no file. Does nothing where that changes nothing, but removes
// what a process that was killed left half written. Throws as read_expected() and
// replace_small_file() do, and then nothing was changed.
std::vector<VolumeFailure> change_expected(int host, const ExpectationChange& change,
                                           const std::string& path);

}  // namespace snapferry::btrfs
