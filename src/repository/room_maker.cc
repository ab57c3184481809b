#include "repository/room_maker.h"

#include <algorithm>

#include "repository/index_object.h"
#include "repository/spare.h"

namespace snapferry::repository {

RoomMaker::~RoomMaker() {
  try {
    if (!taken_.empty()) {
      objects_.put(ObjectType::Index, random_id(), encode_index(taken_));
      storage_.sync();
    }
    if (gave_up_spare_) keep_spare(storage_);
  } catch (const Error&) {
    // The next prune reads the packs instead.
  }
}

bool RoomMaker::make() {
  if (!give_up_spare(storage_)) return take_index_object();
  gave_up_spare_ = true;
  return true;
}

bool RoomMaker::take_index_object() {
  auto infos = objects_.infos(ObjectType::Index);
  std::ranges::sort(infos, {}, &blob::ObjectInfo::size);
  for (const blob::ObjectInfo& info : infos) {
    try {
      const ObjectId id = *id_of_name(ObjectType::Index, info.name);
      auto packs = decode_index(objects_.get(ObjectType::Index, id), info.name);
      std::ranges::move(packs, std::back_inserter(taken_));
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::NotFound && error.kind() != ErrorKind::Corrupt) throw;
      continue;  // gone, or damaged: it may be asked for what it says
    }
    storage_.remove(info.name);
    storage_.sync();
    return true;
  }
  return false;
}

void RoomMaker::complete(ObjectIndex& index) const {
  if (!taken_.empty()) index.add(taken_, random_id());
}

}  // namespace snapferry::repository
