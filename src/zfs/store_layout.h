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
// A part with INCOMING is a replica that was received beside a dataset without snapshots that
// stood at its place as the parent of other replicas, and that has not taken its place yet.
inline constexpr std::string_view kIncoming = ":snapferry-incoming";
inline constexpr std::string_view kMemory = "snapferry-unchanged";

// Of a dataset without snapshots that this program made to have a parent for replicas: its own
// name. Children inherit it, and it is not theirs.
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

}  // namespace snapferry::zfs
