#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/entry.h"
#include "core/snapshot.h"

namespace snapferry::cli {

// The version of what --json prints. Fields may be added under the same version; a
// field that goes or changes its meaning makes a new one.
inline constexpr std::uint64_t kJsonSchemaVersion = 1;

// Builds one JSON object, members in the order of the calls. Text that is no UTF-8 is
// written twice: readable in KEY, with U+FFFD for what is none, and exact in
// KEY_base64.
class JsonObject {
 public:
  JsonObject() = default;
  // With "schema_version" and "type".
  static JsonObject line(std::string_view type);

  JsonObject& text(std::string_view key, std::string_view value);
  JsonObject& number(std::string_view key, std::uint64_t value);
  JsonObject& signed_number(std::string_view key, std::int64_t value);
  JsonObject& real(std::string_view key, double value);
  JsonObject& boolean(std::string_view key, bool value);
  // "2026-03-01T12:00:00Z".
  JsonObject& time(std::string_view key, Timestamp value);
  JsonObject& object(std::string_view key, const JsonObject& value);
  JsonObject& list(std::string_view key, const std::vector<std::string>& values);
  JsonObject& objects(std::string_view key, const std::vector<JsonObject>& values);

  // "{…}" without a newline.
  std::string dump() const { return "{" + members_ + "}"; }

 private:
  void key(std::string_view name);
  std::string members_;
};

JsonObject stats_json(const BackupStats& stats);
JsonObject snapshot_json(std::string_view type, const Snapshot& snapshot);
// All that is known of an entry; `path` is below the root of the volume.
JsonObject entry_json(std::string_view type, std::string_view path, const Entry& entry);

}  // namespace snapferry::cli
