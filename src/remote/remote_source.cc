#include "remote/remote_source.h"

#include <algorithm>

#include "core/error.h"
#include "core/printable.h"
#include "core/volume_pattern.h"
#include "remote/remote_call.h"
#include "remote/remote_stream.h"
#include "wire/names.h"

namespace snapferry::remote {
namespace {

[[noreturn]] void disbelieve(std::string_view subject, std::string_view cause) {
  throw Error(ErrorKind::Corrupt, printable(subject) + ": " + std::string(cause) +
                                      "; look for what runs as snapferry at the far end");
}

std::vector<VolumePattern> parse_all(const std::vector<std::string>& texts) {
  std::vector<VolumePattern> patterns;
  patterns.reserve(texts.size());
  for (const auto& text : texts) patterns.push_back(VolumePattern::parse(text));
  return patterns;
}

void check_volume(const VolumeState& volume, const std::vector<VolumePattern>& patterns) {
  if (!wire::is_volume_name(volume.name))
    disbelieve(volume.name, "is listed, but no name of a volume");
  const auto matches = [&](const VolumePattern& pattern) { return pattern.matches(volume.name); };
  if (std::ranges::none_of(patterns, matches)) {
    disbelieve(volume.name, "is listed, though nobody asked for it");
  }
  if (!std::ranges::is_sorted(volume.points, {}, &Point::order)) {
    disbelieve(volume.name, "its snapshots are listed out of order");
  }
}

void check_frozen(const Freeze& freeze, const std::vector<std::string>& volumes,
                  const std::string& name) {
  for (const auto& frozen : freeze.frozen) {
    const bool asked = std::ranges::find(volumes, frozen.volume) != volumes.end();
    if (!asked || frozen.snapshot.name != name || frozen.snapshot.kind != PointKind::Snapshot) {
      disbelieve(frozen.volume, "the snapshot that was taken is not the one that was ordered");
    }
  }
}

}  // namespace

std::vector<VolumeFailure> printable_failures(std::vector<VolumeFailure> failures) {
  for (auto& failure : failures) {
    failure.volume = printable(failure.volume);
    failure.message = printable(failure.message);
  }
  return failures;
}

StreamFeatures RemoteSource::features() {
  if (!features_) {
    features_ = remote_call<wire::FeaturesReply>(connection_, wire::Verb::SourceFeatures,
                                                 wire::FeaturesRequest{kind_})
                    .features;
  }
  return *features_;
}

std::vector<VolumeState> RemoteSource::inventory(const std::vector<std::string>& patterns) {
  const auto parsed = parse_all(patterns);
  auto volumes = remote_call<wire::InventoryReply>(connection_, wire::Verb::SourceInventory,
                                                   wire::InventoryRequest{patterns})
                     .volumes;
  for (const auto& volume : volumes) check_volume(volume, parsed);
  const auto twice = std::ranges::adjacent_find(
      volumes, [](const auto& one, const auto& next) { return one.name >= next.name; });
  if (twice != volumes.end()) disbelieve(twice->name, "is listed twice, or out of order");
  return volumes;
}

Freeze RemoteSource::freeze(const std::vector<std::string>& volumes, const std::string& name) {
  auto freeze = remote_call<wire::FreezeReply>(connection_, wire::Verb::SourceFreeze,
                                               wire::FreezeRequest{volumes, name})
                    .freeze;
  check_frozen(freeze, volumes, name);
  freeze.failed = printable_failures(std::move(freeze.failed));
  return freeze;
}

std::unique_ptr<Stream> RemoteSource::send(const StreamRequest& request) {
  return std::make_unique<RemoteStream>(
      connection_.request(wire::Verb::SourceSend, wire::encode(wire::SendRequest{request})));
}

std::vector<VolumeDescription> RemoteSource::describe(const std::vector<std::string>& volumes) {
  if (!describes_ || volumes.empty()) return {};
  auto descriptions = remote_call<wire::DescribeReply>(connection_, wire::Verb::SourceDescribe,
                                                       wire::DescribeRequest{volumes})
                          .descriptions;
  for (const auto& description : descriptions) {
    if (std::ranges::find(volumes, description.volume) != volumes.end()) continue;
    disbelieve(description.volume, "is described, though nobody asked for it");
  }
  return descriptions;
}

std::vector<VolumeFailure> RemoteSource::settle(const std::vector<Settlement>& settlements) {
  return printable_failures(remote_call<wire::FailuresReply>(connection_, wire::Verb::SourceSettle,
                                                             wire::SettleRequest{settlements})
                                .failures);
}

}  // namespace snapferry::remote
