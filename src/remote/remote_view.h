#pragma once

#include <memory>

#include "core/snapshot_view.h"
#include "remote/content_ahead.h"
#include "remote/listing_ahead.h"
#include "remote/view_requests.h"
#include "wire/view_messages.h"

namespace snapferry::remote {

// The files of a snapshot in a store at the far end of a connection. Every request means the same
// to whatever connection it goes by, so a view lives on when one is lost. What comes back is
// checked: its names, its order, its lengths. Asks for what is likely to be needed next together
// with what is (listing_ahead.h, content_ahead.h).
class RemoteView : public SnapshotView {
 public:
  // Asks for nothing yet.
  RemoteView(std::unique_ptr<ViewRequests> requests, const wire::SnapshotName& snapshot)
      : requests_(std::move(requests)),
        snapshot_(snapshot),
        listings_(*requests_, snapshot),
        contents_(*requests_, snapshot, listings_) {}

  Entry root() override;
  DirectoryPart list(const std::string& directory, std::uint32_t first) override {
    return listings_.list(directory, first);
  }
  std::vector<DataRange> data_in(const FileRange& range) override;
  Bytes read(const FileRange& range) override { return contents_.read(range); }

 private:
  const std::unique_ptr<ViewRequests> requests_;
  const wire::SnapshotName snapshot_;
  ListingAhead listings_;
  ContentAhead contents_;
};

}  // namespace snapferry::remote
