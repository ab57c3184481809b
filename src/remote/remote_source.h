#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/volume.h"
#include "wire/connection.h"

namespace snapferry::remote {

// The volumes of one kind at the far end of a connection, through its agent. What the agent
// answers is believed no further than it was asked: a volume outside the patterns, a name that is
// none, a snapshot that was not ordered are Corrupt. Texts for people come out printable.
class RemoteSource : public Source {
 public:
  // `kind`: "zfs" or "btrfs". Borrows the connection, which may serve others, too.
  // `describes`: the agent has wire::kPropertiesFeature.
  RemoteSource(wire::Connection& connection, std::string kind, bool describes = true)
      : connection_(connection), kind_(std::move(kind)), describes_(describes) {}

  StreamFeatures features() override;  // asked once
  std::vector<VolumeState> inventory(const std::vector<std::string>& patterns) override;
  Freeze freeze(const std::vector<std::string>& volumes, const std::string& name) override;
  std::unique_ptr<Stream> send(const StreamRequest& request) override;
  std::vector<VolumeDescription> describe(const std::vector<std::string>& volumes) override;
  std::vector<VolumeFailure> settle(const std::vector<Settlement>& settlements) override;

 private:
  wire::Connection& connection_;
  const std::string kind_;
  const bool describes_;
  std::optional<StreamFeatures> features_;
};

// `failures` with printable texts.
std::vector<VolumeFailure> printable_failures(std::vector<VolumeFailure> failures);

}  // namespace snapferry::remote
