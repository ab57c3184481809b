#pragma once

#include <string>

#include "core/expectation.h"

namespace snapferry::btrfs {

// What is expected of one host beside its snapshots, as core/expectation.h writes it, and a
// newline:
//
//   DIRECTORY/HOST/.expected
//
// Of the open directory of a host; `path` names it. What cannot be read expects nothing: what one
// host wrote fails no command for the others.
HostExpectations read_expected(int host, const std::string& path);

// Makes the change, one process after the other; without anything left to expect there is no file.
// Does nothing where that changes nothing. Throws as replace_small_file() does.
void change_expected(int host, const ExpectationChange& change, const std::string& path);

}  // namespace snapferry::btrfs
