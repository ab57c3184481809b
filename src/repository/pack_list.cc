#include "repository/pack_list.h"

#include <algorithm>

#include "repository/object_name.h"

namespace snapferry::repository {

PackList::PackList(const std::vector<blob::ObjectInfo>& listed) {
  packs_.reserve(listed.size());
  for (const blob::ObjectInfo& info : listed) {
    const auto id = id_of_name(ObjectType::Pack, info.name);
    if (id && info.is_file) packs_.push_back({*id, info.size});
  }
  std::ranges::sort(packs_, {}, &Listed::id);
}

std::optional<std::uint64_t> PackList::size(const ObjectId& pack) const {
  const auto found = std::ranges::lower_bound(packs_, pack, {}, &Listed::id);
  if (found == packs_.end() || found->id != pack) return std::nullopt;
  return found->size;
}

void PackList::add(const std::vector<NamedPack>& packs) {
  for (const NamedPack& pack : packs) packs_.push_back({pack.id, pack.size});
  // Of two that are the same the later one counts: what was stored last.
  std::ranges::stable_sort(packs_, {}, &Listed::id);
  const auto later = [](const Listed& a, const Listed& b) { return a.id == b.id; };
  packs_.erase(packs_.begin(), std::unique(packs_.rbegin(), packs_.rend(), later).base());
}

}  // namespace snapferry::repository
