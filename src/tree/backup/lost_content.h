#pragma once

#include "core/bytes.h"
#include "core/object_store.h"

namespace snapferry::tree {

// Whether some content of the encoded entry of the base, if it is a file, is not stored any more,
// so that the file has to be read although it did not change. Cheap while the sink has lost
// nothing. `source` gives the lists of big files; one that cannot be read is lost content.
bool has_lost_content(ByteView base_entry, ObjectSource& source, ObjectSink& sink);

}  // namespace snapferry::tree
