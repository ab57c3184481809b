#pragma once

#include <string>
#include <utility>

#include "core/snapshot_view.h"
#include "testing/replication_files.h"

namespace snapferry::testing {

// Files in memory as a view. A '/' in a name stands for directories, which are there by the files
// in them.
class FakeView : public SnapshotView {
 public:
  FakeView(PlaceFiles files, std::string name) : files_(std::move(files)), name_(std::move(name)) {}

  Entry root() override;
  DirectoryPart list(const std::string& directory, std::uint32_t first) override;
  std::vector<DataRange> data_in(const FileRange& range) override;
  Bytes read(const FileRange& range) override;

 private:
  const std::string& content(const FileRange& range) const;

  const PlaceFiles files_;
  const std::string name_;
};

}  // namespace snapferry::testing
