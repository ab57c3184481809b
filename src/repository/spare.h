#pragma once

#include "blob/storage.h"

// The object `spare` (FORMAT.md, "Spare room"): it says nothing, and goes when a full storage has
// no room for what has to be written before anything can be removed.
namespace snapferry::repository {

// Writes it where it is missing or short, if there is room. Throws what the storage throws, but
// NoSpace.
void keep_spare(blob::Storage& storage);

// False if there is none.
bool give_up_spare(blob::Storage& storage);

}  // namespace snapferry::repository
