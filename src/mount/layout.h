#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/snapshot.h"

namespace snapferry::mount {

// The names under which snapshots are shown, in three levels:
//
//   HOST/VOLUME/TIME     and HOST/VOLUME/latest, a symlink to the newest TIME
//
// HOST is the name of the host. VOLUME is its path without the leading slash, with
// "%2F" for '/', "%25" for '%' and "%3A" for ':': "/home/anna" is "home%2Fanna" and "/"
// is "%2F". A volume that is no path keeps its colon: "stdin:dump". A leading '.' is
// "%2E". Names above 200 bytes are cut there and end in "~" and 16 digits that depend
// on the whole name.
// TIME is when the backup began, in UTC: "2026-03-01T12-00-00Z". Of several in one
// second all but the first end in "-" and the first eight digits of their id.
//
// A value; immutable.
class Layout {
 public:
  struct Volume {
    std::map<std::string, Snapshot> snapshots;
    std::string latest;  // the name of the newest
  };
  using Volumes = std::map<std::string, Volume>;

  Layout() = default;
  // `snapshots` are oldest first.
  explicit Layout(const std::vector<Snapshot>& snapshots);

  const std::map<std::string, Volumes>& hosts() const { return hosts_; }
  // nullptr where there is none.
  const Volumes* host(std::string_view name) const;
  const Volume* volume(std::string_view host, std::string_view name) const;

 private:
  std::map<std::string, Volumes> hosts_;
};

// As VOLUME above.
std::string volume_directory(std::string_view path);

// As TIME above, without an id.
std::string time_directory(Timestamp time);

}  // namespace snapferry::mount
