#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <string>

#include <sys/stat.h>

#include "core/snapshot_view.h"
#include "platform/directory_listing.h"
#include "platform/fd.h"

namespace snapferry::view {

// A directory of this machine as a view. Every step is relative to an open directory.
//
// Memory: descriptors of the directories last used, and the names of the four big ones last used.
class DirectoryView : public SnapshotView {
 public:
  // `name` for messages. `mount` is kept open as long: what the directory lies on.
  DirectoryView(platform::Fd root, std::string name, platform::Fd mount = {});

  Entry root() override;
  DirectoryPart list(const std::string& directory, std::uint32_t first) override;
  std::vector<DataRange> data_in(const FileRange& range) override;
  Bytes read(const FileRange& range) override;
  int descriptor() const override { return root_.get(); }

 private:
  using Descriptor = std::shared_ptr<const platform::Fd>;
  using Listing = std::shared_ptr<const platform::DirectoryListing>;

  struct CachedDirectory {
    std::string path;
    Descriptor descriptor;
    Listing listing;  // of big directories only
  };
  struct OpenFile {
    platform::Fd fd;
    std::uint64_t size;
  };

  Descriptor open_directory(const std::string& path);
  CachedDirectory& cached(const std::string& path);     // needs mutex_
  CachedDirectory* find_cached(std::string_view path);  // needs mutex_
  Listing names_in(const std::string& path, int directory);
  // Not of a file system or a subvolume that was mounted below.
  bool is_own(const struct statx& stat) const;
  ViewedFile look_at_file(int directory, const platform::DirectoryListing::Name& name) const;
  OpenFile open_file(const FileRange& range);
  std::string text(std::string_view path) const;

  const platform::Fd mount_;
  const platform::Fd root_;
  const std::string name_;
  std::uint64_t device_ = 0;
  std::uint64_t mount_id_ = 0;              // before Linux 5.8 always 0
  std::mutex mutex_;                        // guards what follows
  std::list<CachedDirectory> directories_;  // last used first
};

}  // namespace snapferry::view
