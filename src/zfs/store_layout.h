#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/snapshot.h"

namespace snapferry::zfs {

// Where a store keeps what, the layout of simplesnap:
//
//   replica      := STORE "/" HOST "/" DATASET                        of the volume zfs:DATASET
//   incoming     := replica with INCOMING behind one of its parts
//   memory       := STORE "/" HOST "@snapferry-unchanged"             zfs/unchanged_record.h and
//                                                                     zfs/expected_record.h
//
// A part with INCOMING stands beside its place and has not taken it yet: a replica that was
// received while a dataset without snapshots stood there as the parent of others, or the parent of
// others while the replica at its place is renamed or destroyed. With all that is below it, it
// counts as if it were in its place; so what is renamed in several steps is of the same volume
// after each of them.
inline constexpr std::string_view kIncoming = ":snapferry-incoming";
inline constexpr std::string_view kMemory = "snapferry-unchanged";

// Of a dataset without snapshots that this program made to have a parent for replicas, or of which
// it has destroyed the snapshots: its own name, without INCOMING. Children inherit it, and it is
// not theirs.
inline constexpr const char* kPlaceholderProperty = "snapferry:placeholder";
// Of the store: its guid in hexadecimal, '@', its name, so that every listing below it tells.
inline constexpr const char* kIdentityProperty = "snapferry:identity";

// Of a snapshot in which verify found data that cannot be read: when, in UTC. Own ones only.
inline constexpr const char* kDamagedProperty = "snapferry:damaged";

class StoreLayout {
 public:
  // Throws InvalidArgument if `store` is no name of a dataset.
  explicit StoreLayout(std::string store);

  const std::string& store() const { return store_; }
  // Throws InvalidArgument for a host that cannot be part of a name.
  std::string host_dataset(const std::string& host) const;
  // Throws InvalidArgument for a volume that is not of ZFS, or a name that becomes too long.
  std::string replica(const VolumeName& volume) const;
  // The host in the name of a dataset below the store; nullopt for the store itself and others.
  std::optional<std::string> host_of(std::string_view dataset) const;
  // The volume that a dataset below a host is the replica of, also one with INCOMING.
  std::optional<VolumeName> volume_of(std::string_view dataset) const;

 private:
  std::string store_;
};

bool is_incoming(std::string_view dataset);
// The name that it has once all of it is in its place.
std::string without_incoming(std::string_view dataset);

}  // namespace snapferry::zfs
