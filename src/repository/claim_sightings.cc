#include "repository/claim_sightings.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <unistd.h>

#include "core/error.h"
#include "repository/temporary_file.h"

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
  std::string text;
  for (const auto& [claim, sighting] : sightings_) {
    text += claim.hex() + ' ' + std::to_string(sighting.mark.modified) + ' ' +
            std::to_string(sighting.mark.refreshed) + ' ' + std::to_string(sighting.since) + '\n';
  }
  try {
    TemporaryFile file(std::filesystem::path(path_).parent_path());
    file.append(as_bytes(text));
    file.publish(path_);
  } catch (const Error&) {
    // What is not remembered only counts as alive for longer.
  }
}

}  // namespace snapferry::repository
