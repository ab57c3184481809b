#include "cli/json.h"

#include <cmath>

#include <fmt/format.h>

#include "cli/format.h"
#include "core/bytes.h"
#include "core/wall_time.h"

namespace snapferry::cli {
namespace {

std::string json_quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<std::uint8_t>(c) < 0x20 || c == 0x7F) {
      out += fmt::format("\\u{:04x}", static_cast<std::uint8_t>(c));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

JsonObject xattr_json(const ExtendedAttribute& attribute) {
  JsonObject object;
  object.text("name", attribute.name).text("value_base64", to_base64(as_text(attribute.value)));
  return object;
}

}  // namespace

JsonObject JsonObject::line(std::string_view type) {
  JsonObject object;
  object.number("schema_version", kJsonSchemaVersion).text("type", type);
  return object;
}

void JsonObject::key(std::string_view name) {
  if (!members_.empty()) members_ += ',';
  members_ += json_quoted(name);
  members_ += ':';
}

JsonObject& JsonObject::text(std::string_view name, std::string_view value) {
  key(name);
  if (is_utf8(value)) {
    members_ += json_quoted(value);
    return *this;
  }
  members_ += json_quoted(to_utf8(value));
  return text(fmt::format("{}_base64", name), to_base64(value));
}

JsonObject& JsonObject::number(std::string_view name, std::uint64_t value) {
  key(name);
  members_ += std::to_string(value);
  return *this;
}

JsonObject& JsonObject::signed_number(std::string_view name, std::int64_t value) {
  key(name);
  members_ += std::to_string(value);
  return *this;
}

JsonObject& JsonObject::real(std::string_view name, double value) {
  key(name);
  members_ += std::isfinite(value) ? fmt::format("{:.3f}", value) : "null";
  return *this;
}

JsonObject& JsonObject::boolean(std::string_view name, bool value) {
  key(name);
  members_ += value ? "true" : "false";
  return *this;
}

JsonObject& JsonObject::time(std::string_view name, Timestamp value) {
  return text(name, format_utc(value));
}

JsonObject& JsonObject::object(std::string_view name, const JsonObject& value) {
  key(name);
  members_ += value.dump();
  return *this;
}

JsonObject& JsonObject::list(std::string_view name, const std::vector<std::string>& values) {
  key(name);
  members_ += '[';
  bool exact = true;
  for (const auto& value : values) {
    if (&value != &values.front()) members_ += ',';
    members_ += json_quoted(to_utf8(value));
    exact = exact && is_utf8(value);
  }
  members_ += ']';
  if (exact) return *this;
  std::vector<std::string> encoded;
  encoded.reserve(values.size());
  for (const auto& value : values) encoded.push_back(to_base64(value));
  return list(fmt::format("{}_base64", name), encoded);
}

JsonObject& JsonObject::objects(std::string_view name, const std::vector<JsonObject>& values) {
  key(name);
  members_ += '[';
  for (const auto& value : values) {
    if (&value != &values.front()) members_ += ',';
    members_ += value.dump();
  }
  members_ += ']';
  return *this;
}

JsonObject stats_json(const BackupStats& stats) {
  JsonObject object;
  object.number("files", stats.files)
      .number("directories", stats.directories)
      .number("bytes", stats.bytes)
      .number("files_new", stats.files_new)
      .number("files_changed", stats.files_changed)
      .number("files_unchanged", stats.files_unchanged)
      .number("files_reread", stats.files_reread)
      .number("files_removed", stats.files_removed)
      .number("files_failed", stats.files_failed)
      .number("names_left_out", stats.names_left_out)
      .number("bytes_read", stats.bytes_read)
      .number("bytes_added", stats.bytes_added)
      .number("bytes_stored", stats.bytes_stored);
  return object;
}

JsonObject snapshot_json(std::string_view type, const Snapshot& snapshot) {
  JsonObject object = JsonObject::line(type);
  object.text("id", snapshot.id.hex())
      .text("host", snapshot.volume.host)
      .text("path", snapshot.volume.path)
      .text("volume", snapshot.volume.text())
      .text("set", snapshot.set)
      .time("time", snapshot.time)
      .time("finished", snapshot.finished)
      .number("sequence", snapshot.sequence);
  if (snapshot.seen != Timestamp{}) object.time("seen", snapshot.seen);
  object.boolean("incomplete", snapshot.incomplete)
      .boolean("one_filesystem", snapshot.one_filesystem)
      .boolean("records_left_out", snapshot.records_left_out)
      .list("excludes", snapshot.excludes)
      .object("stats", stats_json(snapshot.stats))
      .text("program", snapshot.program);
  if (snapshot.machine != ObjectId{}) object.text("machine", snapshot.machine.hex());
  if (snapshot.feed) {
    object.object(
        "feed",
        JsonObject().text("kind", snapshot.feed->kind).text("token", to_hex(snapshot.feed->token)));
  }
  return object;
}

JsonObject entry_json(std::string_view type, std::string_view path, const Entry& entry) {
  JsonObject object = JsonObject::line(type);
  object.text("path", path).text("file_type", type_name(entry.type));
  if (entry.left_out != LeftOut::None) object.text("left_out", reason_word(entry.left_out));
  if (entry.name_only) return object;
  object.text("mode", fmt::format("{:04o}", entry.mode))
      .number("uid", entry.uid)
      .number("gid", entry.gid)
      .time("mtime", entry.mtime)
      .number("mtime_ns", entry.mtime.nanoseconds)
      .number("inode", entry.inode);
  if (entry.type == EntryType::File) {
    object.number("size", entry.size).boolean("unsettled", entry.unsettled);
  }
  if (entry.type == EntryType::Symlink) object.text("target", entry.target);
  if (entry.device != 0) object.number("device", entry.device);
  if (!entry.xattrs.empty()) {
    std::vector<JsonObject> xattrs;
    for (const auto& attribute : entry.xattrs) xattrs.push_back(xattr_json(attribute));
    object.objects("xattrs", xattrs);
  }
  return object;
}

}  // namespace snapferry::cli
