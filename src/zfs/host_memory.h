#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/expectation.h"
#include "core/snapshot.h"
#include "platform/command.h"
#include "zfs/known_store.h"
#include "zfs/store_layout.h"
#include "zfs/store_look.h"
#include "zfs/store_places.h"

namespace snapferry::zfs {

// What a store remembers of a host beside its replicas, as properties of one snapshot of the host's
// dataset (unchanged_record.h, expected_record.h): which volumes were found unchanged when, and
// what was asked for and never arrived. The methods are those of Store.
class HostMemory {
 public:
  // Borrows everything.
  HostMemory(platform::Commands& commands, const StoreLayout& layout, KnownStore& known,
             StorePlaces& places, StoreLook& look)
      : commands_(commands), layout_(layout), known_(known), places_(places), look_(look) {}

  void record_unchanged(const std::string& set, std::int64_t time,
                        const std::vector<VolumeName>& volumes);
  Expectations expectations(const std::string& host);
  std::vector<VolumeFailure> change_expectations(const std::string& host,
                                                 const ExpectationChange& change);

 private:
  void look_at_memory(const std::string& host);
  void write_expected(const std::string& host, const HostExpectations& before,
                      const HostExpectations& after);

  platform::Commands& commands_;
  const StoreLayout& layout_;
  KnownStore& known_;
  StorePlaces& places_;
  StoreLook& look_;
};

}  // namespace snapferry::zfs
