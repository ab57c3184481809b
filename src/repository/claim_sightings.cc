#include "repository/claim_sightings.h"

#include <cstdio>
#include <fstream>
#include <sstream>

#include <unistd.h>

namespace snapferry::repository {

ClaimSightings::ClaimSightings(std::string path) : path_(std::move(path)) { load(); }

void ClaimSightings::load() {
  std::ifstream file(path_);
  std::string line;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string id;
    Sighting sighting;
    words >> id >> sighting.mark.modified >> sighting.mark.refreshed >> sighting.since;
    const auto claim = ObjectId::from_hex(id);
    if (claim && words) sightings_.emplace(*claim, sighting);
  }
}

std::int64_t ClaimSightings::unchanged_for(const ObjectId& claim, const Mark& mark,
                                           std::int64_t now) {
  Sighting& sighting = sightings_[claim];
  const bool is_known = sighting.since != 0 && sighting.mark == mark && sighting.since <= now;
  if (!is_known) sighting = {mark, now, false};
  sighting.asked = true;
  return now - sighting.since;
}

void ClaimSightings::keep_only_seen() {
  std::erase_if(sightings_, [](const auto& item) { return !item.second.asked; });
  for (auto& [claim, sighting] : sightings_) sighting.asked = false;
  if (path_.empty()) return;
  if (sightings_.empty()) {
    ::unlink(path_.c_str());
    return;
  }
  const std::string temporary = path_ + ".new";
  {
    std::ofstream file(temporary, std::ios::trunc);
    for (const auto& [claim, sighting] : sightings_) {
      file << claim.hex() << ' ' << sighting.mark.modified << ' ' << sighting.mark.refreshed << ' '
           << sighting.since << '\n';
    }
    file.close();
    if (!file) return;
  }
  std::rename(temporary.c_str(), path_.c_str());
}

}  // namespace snapferry::repository
