#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/snapshot_view.h"
#include "tree/backup/file_source.h"

namespace snapferry::tree {

// The files of a native snapshot, read through its view, which may be that of another machine: so a
// tree is backed up from where it is to wherever a sink is.
//
// What a view does not give, and a snapshot made through one does not have:
// - inode attributes (chattr) and project ids: not known, and left alone by a restore;
// - what is mounted in it, or a subvolume: its files are not shown, and it is left out as
//   OtherFilesystem. A subvolume that was in a snapshotted one of btrfs is left out as
//   NestedVolume. Views of programs that do not tell of mounts show an empty directory there;
// - devices: BackupOptions::skip finds nothing, and hard links are told apart by inode alone;
// - the names of users and groups: those of this machine say nothing of another one's numbers,
// which
//   alone count then;
// - why extended attributes are missing.
// A file is taken as it was when its directory was listed, and read again if it is another one by
// then; a view never mixes two states of it.
//
// Memory: a part of a listing (SnapshotView::kFilesInPart entries) for each directory that is being
// looked at; names of a directory as with any source. A directory of several parts is asked for
// twice.
class ViewFiles : public FileSource {
 public:
  // Borrows the view. `name` for messages.
  ViewFiles(SnapshotView& view, std::string name) : view_(view), name_(std::move(name)) {}

  const std::string& name() const override { return name_; }
  std::shared_ptr<SourceDirectory> above() override;
  bool holds_mounts() const override { return false; }
  // A lost connection may look like any failure to read: then the root cannot be had, either.
  bool is_gone(const Error& error) override;
  std::vector<OwnerName> user_names(const OwnerIds&) override { return {}; }
  std::vector<OwnerName> group_names(const OwnerIds&) override { return {}; }

 private:
  SnapshotView& view_;
  const std::string name_;
};

}  // namespace snapferry::tree
