#pragma once

#include <string>
#include <vector>

#include "core/volume.h"

namespace snapferry::zfs {

// `zfs send` for `request`, of `dataset`: -L -e -c or -w as the features say, -i from a snapshot
// or bookmark, -I where intermediates come along, -t alone to go on with a partial receive.
// Never -p, -R or -b: properties stay where they are. Throws InvalidArgument for names that ZFS
// does not allow, and for intermediates from a bookmark.
std::vector<std::string> send_arguments(const std::string& dataset, const StreamRequest& request);

// "tank/home@a" or "tank/home#a".
std::string point_name(const std::string& dataset, const Point& point);

// `first` and as many of `names` as one process takes, again and again until all are in.
std::vector<std::vector<std::string>> batches(const std::vector<std::string>& first,
                                              const std::vector<std::string>& names);

}  // namespace snapferry::zfs
