#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "blob/storage.h"
#include "core/object_id.h"
#include "repository/index_table.h"

namespace snapferry::repository {

// The packs that a storage lists, and how long each is: what exists, whatever an index says. 40
// bytes for each. Not safe from several threads.
class PackList {
 public:
  PackList() = default;
  // Of what list("packs") returned; names that are none of packs are left out, and
  // so is what is no file.
  explicit PackList(const std::vector<blob::ObjectInfo>& listed);

  // nullopt: there is no such pack.
  std::optional<std::uint64_t> size(const ObjectId& pack) const;
  // It is there, and as long as whoever named it says.
  bool is_whole(const NamedPack& pack) const { return size(pack.id) == std::uint64_t{pack.size}; }
  // Takes in packs that were stored since.
  void add(const std::vector<NamedPack>& packs);

  std::size_t count() const { return packs_.size(); }
  template <typename Visit>
  void for_each(const Visit& visit) const {
    for (const Listed& pack : packs_) visit(pack.id, pack.size);
  }

 private:
  struct Listed {
    ObjectId id;
    std::uint64_t size;
  };

  std::vector<Listed> packs_;  // by id
};

}  // namespace snapferry::repository
