#pragma once

#include <string>

#include "core/volume_target.h"
#include "testing/fake_source.h"

namespace snapferry::testing {

// Makes volumes of a FakeHost out of what a FakeStore sends.
class FakeTarget : public VolumeTarget {
 public:
  explicit FakeTarget(FakeHost& host) : host_(host) {}

  StreamFeatures features(const std::string&) override { return features_of(host_.kind_); }
  // What a volume is in is another one, or "zfs:pool", "btrfs:/pool".
  void require_free(const std::string& volume) override;
  // As btrfs does, reads nothing where another volume of the host has the snapshot, if
  // `reads_what_it_has` is false.
  void restore(const std::string& volume, VolumeType type, const StreamRequest& request,
               Stream& stream, Progress* progress, const Cancellation* cancellation) override;

  Completion complete(const std::string& volume, VolumeType type,
                      const VolumeProperties& properties) override;

  bool reads_what_it_has = true;

 private:
  bool takes_over(const std::string& volume, const Point& point);

  FakeHost& host_;
};

}  // namespace snapferry::testing
