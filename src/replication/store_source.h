#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/store.h"
#include "core/volume.h"

namespace snapferry::replication {

// The replicas of one host in a store, as volumes to back up from: what a second tier is made of.
// They keep the names that they have there. Their snapshots are sent with their history; none is
// taken, none destroyed, and nothing is held, so that the first tier goes on as if nobody had
// looked: freeze() throws Unsupported, settle() does nothing. A run goes by
// RunOptions::take_nothing.
class StoreSource : public Source {
 public:
  // Borrows `store`.
  StoreSource(Store& store, std::string host) : store_(store), host_(std::move(host)) {}

  StreamFeatures features() override;
  std::vector<VolumeState> inventory(const std::vector<std::string>& patterns) override;
  Freeze freeze(const std::vector<std::string>& volumes, const std::string& name) override;
  std::unique_ptr<Stream> send(const StreamRequest& request) override;
  std::vector<VolumeFailure> settle(const std::vector<Settlement>& settlements) override;

 private:
  Store& store_;
  const std::string host_;
};

}  // namespace snapferry::replication
