#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/expectation.h"
#include "core/store.h"
#include "core/volume.h"
#include "core/volume_properties.h"
#include "wire/codec.h"

namespace snapferry::wire {

// The forms of the values that messages are made of, and their limits, as PROTOCOL.md has them: for
// those who describe a message. A Value is const for an Encoder.

inline constexpr std::size_t kMaxName = 255;
inline constexpr std::size_t kMaxVolume = 4352;
inline constexpr std::size_t kMaxToken = 16384;
inline constexpr std::size_t kMaxMessage = 4096;
inline constexpr std::size_t kMaxPropertyName = 256;  // ZAP_MAXNAMELEN
inline constexpr std::size_t kMaxPropertyValue = 8192;
inline constexpr std::size_t kMaxProperties = 1024;
inline constexpr std::size_t kMaxPatterns = 4096;
inline constexpr std::size_t kMaxItems = 200'000;
inline constexpr std::size_t kMaxPoints = kMostItems;

// The bytes of the shortest item of each list.
inline constexpr std::size_t kLeastText = 4;
inline constexpr std::size_t kLeastPoint = 1 + 4 + Guid::kSize + 8 + 8 + 4;
inline constexpr std::size_t kLeastVolumeState = 4 + 1 + Guid::kSize + 3 + 1 + 4;
inline constexpr std::size_t kLeastSettlement = 4 + 4 + 1 + 1 + 4 + 4 + 4;
inline constexpr std::size_t kLeastVolumeName = 8;
inline constexpr std::size_t kLeastReplica = kLeastVolumeName + 1 + 1 + 4 + 1 + 4 + 8;

inline bool is_point_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == name.npos;
}

template <typename Coder, typename Value>
void code_features(Coder& coder, Value& features) {
  constexpr std::array kBits = {&StreamFeatures::large_blocks, &StreamFeatures::embedded,
                                &StreamFeatures::compressed,   &StreamFeatures::raw,
                                &StreamFeatures::resumable,    &StreamFeatures::bookmarks,
                                &StreamFeatures::atomic_freeze};
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < kBits.size(); ++i) bits |= (features.*kBits[i] ? 1u : 0u) << i;
  coder.u32(bits);
  coder.check(bits < 1u << kBits.size(), "holds an unknown feature of streams");
  if constexpr (!std::is_const_v<Value>) {
    for (std::size_t i = 0; i < kBits.size(); ++i) features.*kBits[i] = (bits >> i & 1u) != 0;
  }
}

template <typename Coder, typename Value>
void code_point(Coder& coder, Value& point) {
  coder.enumeration(point.kind, PointKind::Snapshot, PointKind::Bookmark);
  coder.text(point.name, kMaxName);
  coder.check(is_point_name(point.name), "holds a name that no snapshot can have");
  coder.guid(point.guid);
  coder.u64(point.order);
  coder.i64(point.created);
  coder.u32(point.holds);
}

template <typename Coder, typename Value>
void code_points(Coder& coder, Value& points) {
  coder.list(points, kMaxPoints, kLeastPoint, [&](auto& point) { code_point(coder, point); });
}

template <typename Coder, typename Value>
void code_optional_point(Coder& coder, Value& point) {
  coder.optional(point, [&](auto& value) { code_point(coder, value); });
}

template <typename Coder, typename Value>
void code_type(Coder& coder, Value& type) {
  coder.enumeration(type, VolumeType::Filesystem, VolumeType::Subvolume);
}

template <typename Coder, typename Value>
void code_volume_name(Coder& coder, Value& volume) {
  coder.text(volume.host, kMaxName);
  coder.text(volume.path, kMaxVolume);
}

template <typename Coder, typename Value>
void code_volume_names(Coder& coder, Value& volumes) {
  coder.list(volumes, kMaxItems, kLeastVolumeName,
             [&](auto& volume) { code_volume_name(coder, volume); });
}

template <typename Coder, typename Value>
void code_volumes(Coder& coder, Value& volumes, std::size_t limit) {
  coder.list(volumes, limit, kLeastText, [&](auto& volume) { coder.text(volume, kMaxVolume); });
}

template <typename Coder, typename Value>
void code_volume_state(Coder& coder, Value& volume) {
  coder.text(volume.name, kMaxVolume);
  code_type(coder, volume.type);
  coder.guid(volume.guid);
  coder.flag(volume.excluded);
  coder.flag(volume.encrypted);
  coder.flag(volume.key_loaded);
  coder.optional(volume.written, [&](auto& written) { coder.u64(written); });
  code_points(coder, volume.points);
}

template <typename Coder, typename Value>
void code_stream(Coder& coder, Value& request) {
  coder.text(request.volume, kMaxVolume);
  code_point(coder, request.to);
  code_optional_point(coder, request.base);
  code_points(coder, request.intermediates);
  code_points(coder, request.clone_sources);
  coder.text(request.resume_token, kMaxToken);
  code_features(coder, request.features);
}

template <typename Coder, typename Value>
void code_settlement(Coder& coder, Value& settlement) {
  coder.text(settlement.volume, kMaxVolume);
  coder.text(settlement.cursor, kMaxName);
  code_optional_point(coder, settlement.hold);
  code_optional_point(coder, settlement.bookmark_of);
  coder.text(settlement.bookmark, kMaxName);
  code_points(coder, settlement.release);
  code_points(coder, settlement.destroy);
}

template <typename Coder, typename Value>
void code_properties(Coder& coder, Value& properties) {
  std::vector<std::pair<std::string, std::string>> list(properties.begin(), properties.end());
  coder.list(list, kMaxProperties, 2 * kLeastText, [&](auto& property) {
    coder.text(property.first, kMaxPropertyName);
    coder.text(property.second, kMaxPropertyValue);
  });
  const auto out_of_order = [](const auto& one, const auto& next) {
    return one.first >= next.first;
  };
  coder.check(std::ranges::adjacent_find(list, out_of_order) == list.end(),
              "holds properties that do not ascend");
  if constexpr (!std::is_const_v<Value>) properties = {list.begin(), list.end()};
}

template <typename Coder, typename Value>
void code_messages(Coder& coder, Value& messages) {
  coder.list(messages, kMaxProperties, kLeastText,
             [&](auto& message) { coder.text(message, kMaxMessage); });
}

template <typename Coder, typename Value>
void code_failures(Coder& coder, Value& failures) {
  coder.list(failures, kMaxItems, 2 * kLeastText, [&](auto& failure) {
    coder.text(failure.volume, kMaxVolume);
    coder.text(failure.message, kMaxMessage);
  });
}

template <typename Coder, typename Value>
void code_partial(Coder& coder, Value& partial) {
  coder.text(partial.token, kMaxToken);
  coder.guid(partial.to);
  coder.text(partial.to_name, kMaxName);
  coder.optional(partial.base, [&](auto& base) { coder.guid(base); });
  coder.u64(partial.bytes);
  coder.flag(partial.raw);
}

template <typename Coder, typename Value>
void code_replica(Coder& coder, Value& replica) {
  code_volume_name(coder, replica.volume);
  code_type(coder, replica.type);
  coder.flag(replica.raw);
  code_points(coder, replica.points);
  coder.optional(replica.partial, [&](auto& partial) { code_partial(coder, partial); });
  coder.list(replica.seen_unchanged, kMaxItems, kLeastText + 8, [&](auto& seen) {
    coder.text(seen.first, kMaxName);
    coder.i64(seen.second);
  });
  coder.u64(replica.bytes);
}

// Of an overload that takes M or const M.
template <typename Value, typename M>
concept Like = std::is_same_v<std::remove_const_t<Value>, M>;

}  // namespace snapferry::wire
