#include "repository/debug_text.h"

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/tree_node.h"
#include "core/wall_time.h"
#include "repository/config.h"
#include "repository/damage_record.h"
#include "repository/ended.h"
#include "repository/expected.h"
#include "repository/key_slot.h"
#include "repository/manifest.h"
#include "repository/object_limits.h"

namespace snapferry::repository {
namespace {

using Json = nlohmann::ordered_json;

// Names are bytes: what is not UTF-8 is escaped as \xNN for reading.
std::string readable(std::string_view text) {
  const Json probe = std::string(text);
  try {
    static_cast<void>(probe.dump());
    return std::string(text);
  } catch (const Json::exception&) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string escaped;
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte < 0x80) {
        escaped += c;
      } else {
        escaped += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
      }
    }
    return escaped;
  }
}

std::string_view kind_text(ObjectKind kind) {
  static constexpr std::string_view kNames[] = {"", "data", "tree", "list"};
  return kNames[static_cast<std::size_t>(kind)];
}

Json to_json(const PieceRecord& piece) {
  return {{"kind", kind_text(piece.kind)},
          {"id", piece.id.hex()},
          {"offset", piece.offset},
          {"stored_length", piece.stored_length},
          {"plain_length", piece.plain_length}};
}

Json to_json(const PackRecords& pack) {
  Json pieces = Json::array();
  for (const PieceRecord& piece : pack.pieces) pieces.push_back(to_json(piece));
  return {{"pack", pack.pack.hex()}, {"size", pack.size}, {"pieces", pieces}};
}

Json to_json(const Content& content) {
  Json runs = Json::array();
  for (const ContentRun& run : content.runs) {
    runs.push_back({{"length", run.length}, {"id", run.id ? Json(run.id->hex()) : Json("hole")}});
  }
  return {{"depth", content.depth}, {"runs", runs}};
}

Json to_json(const Entry& entry) {
  static constexpr std::string_view kTypes[] = {
      "", "file", "directory", "symlink", "fifo", "socket", "character device", "block device"};
  Json json = {{"name", readable(entry.name)},
               {"type", kTypes[static_cast<std::size_t>(entry.type)]},
               {"mode", entry.mode},
               {"uid", entry.uid},
               {"gid", entry.gid},
               {"mtime", format_utc(entry.mtime)},
               {"mtime_ns", entry.mtime.nanoseconds},
               {"ctime", format_utc(entry.ctime)},
               {"ctime_ns", entry.ctime.nanoseconds},
               {"inode", entry.inode},
               {"size", entry.size}};
  if (entry.mount_point) json["mount_point"] = true;
  if (entry.device != 0) json["device"] = entry.device;
  if (entry.link_device) json["link_device"] = *entry.link_device;
  if (entry.unsettled) json["unsettled"] = true;
  for (const ExtendedAttribute& xattr : entry.xattrs) {
    json["xattrs"][readable(xattr.name)] = to_hex(xattr.value);
  }
  if (entry.type == EntryType::Symlink) json["target"] = readable(entry.target);
  if (entry.attributes) json["attributes"] = *entry.attributes;
  if (entry.project) json["project"] = *entry.project;
  if (entry.left_out != LeftOut::None) {
    json["left_out"] = reason_word(entry.left_out);
    json["name_only"] = entry.name_only;
    return json;
  }
  if (entry.type == EntryType::File) json["content"] = to_json(entry.content);
  if (entry.has_tree()) json["tree"] = entry.tree.hex();
  return json;
}

Json to_json(const TreeNode& node) {
  Json json = {{"node", node.is_leaf ? "leaf" : "inner"}};
  if (!node.is_leaf) json["height"] = node.height;
  for (const TreeNode::Child& child : node.children) {
    json["children"].push_back({{"first", readable(child.first_name)}, {"id", child.id.hex()}});
  }
  if (node.is_leaf) json["entries"] = Json::array();
  for (const TreeNode::Item& item : node.items) {
    json["entries"].push_back(to_json(decode_entry(item.bytes)));
  }
  return json;
}

Json to_json(const Manifest& manifest) {
  const Snapshot& snapshot = manifest.snapshot;
  const auto owners = [](const std::vector<OwnerName>& names) {
    Json json = Json::object();
    for (const OwnerName& owner : names) json[std::to_string(owner.id)] = readable(owner.name);
    return json;
  };
  Json excludes = Json::array();
  for (const std::string& exclude : snapshot.excludes) excludes.push_back(readable(exclude));
  Json json = {{"id", snapshot.id.hex()},
               {"host", readable(snapshot.volume.host)},
               {"path", readable(snapshot.volume.path)},
               {"set", readable(snapshot.set)},
               {"time", format_utc(snapshot.time)},
               {"finished", format_utc(snapshot.finished)},
               {"seen", format_utc(snapshot.seen)},
               {"sequence", snapshot.sequence},
               {"claim", manifest.claim.hex()},
               {"machine", snapshot.machine.hex()},
               {"root", to_json(snapshot.root)},
               {"users", owners(snapshot.users)},
               {"groups", owners(snapshot.groups)},
               {"excludes", excludes},
               {"one_filesystem", snapshot.one_filesystem},
               {"records_left_out", snapshot.records_left_out},
               {"incomplete", snapshot.incomplete},
               {"files", snapshot.stats.files},
               {"bytes", snapshot.stats.bytes},
               {"bytes_added", snapshot.stats.bytes_added},
               {"bytes_stored", snapshot.stats.bytes_stored},
               {"program", readable(snapshot.program)}};
  if (snapshot.feed) {
    json["feed"] = {{"kind", snapshot.feed->kind}, {"token", to_hex(snapshot.feed->token)}};
  }
  return json;
}

Json to_json(const DamagedPack& damaged) {
  Json pieces = Json::array();
  for (const ObjectId& piece : damaged.pieces) pieces.push_back(piece.hex());
  return {{"pack", damaged.pack.hex()}, {"pieces", pieces}};
}

Json to_json(const Claim& claim) {
  return {{"type", claim.type == ClaimType::Backup ? "backup" : "prune"},
          {"started", format_utc(claim.started)},
          {"refreshed", format_utc(claim.refreshed)},
          {"host", readable(claim.process.host)},
          {"boot_id", readable(claim.process.boot_id)},
          {"pid_namespace", claim.process.pid_namespace},
          {"pid", claim.process.pid},
          {"start_time", claim.process.start_time},
          {"machine", readable(claim.process.machine_id)},
          {"manifest", claim.manifest.hex()}};
}

Json to_json(const Ended& ended) {
  Json claims = Json::object();
  for (const Ended::Claim& claim : ended.claims) {
    Json manifests = Json::array();
    for (const ObjectId& manifest : claim.manifests) manifests.push_back(manifest.hex());
    claims[claim.id.hex()] = std::move(manifests);
  }
  return {{"stage", ended.stage == EndingStage::Intent ? "intent" : "final"},
          {"time", format_utc(ended.time)},
          {"reason", readable(ended.reason)},
          {"claims", std::move(claims)}};
}

Json config_json(const SessionContext& context) {
  const ReadConfig read = decode_config(context.storage.get(kConfigName, kLargestConfig));
  return {{"version", read.config.version},
          {"id", read.config.id.hex()},
          {"encryption", read.config.sealing == Sealing::Encrypt ? "password" : "none"},
          {"one_copy_damaged", read.one_damaged}};
}

Json key_json(const SessionContext& context, const std::string& name) {
  const KeySlot slot = decode_slot(context.storage.get(name, kLargestKey), name);
  static constexpr std::string_view kKinds[] = {"", "password", "recovery", "clear"};
  static constexpr std::string_view kDerivations[] = {"none", "argon2id", "hmac"};
  return {{"kind", kKinds[static_cast<std::size_t>(slot.kind)]},
          {"derivation", kDerivations[static_cast<std::size_t>(slot.derivation)]},
          {"passes", slot.cost.passes},
          {"kib", slot.cost.kib},
          {"created", format_utc(slot.created)},
          {"label", readable(slot.label)}};
}

// The one name below `directory` that begins with `id`.
std::string complete(blob::Storage& storage, std::string_view directory, std::string_view id) {
  const std::string prefix = std::string(directory) + "/" + std::string(id);
  std::string found;
  for (const blob::ObjectInfo& info : storage.list(directory)) {
    if (!info.name.starts_with(prefix)) continue;
    if (!found.empty()) {
      throw Error(ErrorKind::InvalidArgument, prefix + ": several begin like that; give more");
    }
    found = info.name;
  }
  if (found.empty()) {
    throw Error(ErrorKind::NotFound, prefix + ": is not there; see: snapferry debug list");
  }
  return found;
}

// The one piece of content whose id begins with `id`.
ObjectId complete_content(const SessionContext& context, ObjectKind kind, std::string_view id) {
  if (const auto whole = ObjectId::from_hex(id)) return *whole;
  std::optional<ObjectId> found;
  context.index.refresh();
  context.index.merged()->for_each([&](std::uint64_t, const IndexRecord& record) {
    if (record.kind != kind || !record.id.hex().starts_with(id) || found == record.id) return;
    if (found) {
      throw Error(ErrorKind::InvalidArgument,
                  std::string(id) + ": several objects begin like that; give more");
    }
    found = record.id;
  });
  if (!found) {
    throw Error(ErrorKind::NotFound,
                std::string(id) + ": no such object; see: snapferry debug list");
  }
  return *found;
}

std::string content_text(const SessionContext& context, ObjectReader& reader, ObjectKind kind,
                         std::string_view id) {
  const Bytes bytes = reader.get(kind, complete_content(context, kind, id));
  if (kind == ObjectKind::Data) return std::string(as_text(bytes));
  if (kind == ObjectKind::List) return to_json(decode_list(bytes)).dump(2) + "\n";
  return to_json(TreeNode::parse(bytes)).dump(2) + "\n";
}

Json object_json(const SessionContext& context, ObjectType type, std::string_view id) {
  const std::string name = complete(context.storage, directory_of(type), id);
  const ObjectId object = *id_of_name(type, name);
  if (type == ObjectType::Pack) {
    PieceOpener opener(context.master, context.sealing);
    return to_json(read_toc(context.storage, opener, object));
  }
  const Bytes plain = context.objects.get(type, object);
  Json json = Json::array();
  switch (type) {
    case ObjectType::Index:
      for (const PackRecords& pack : decode_index(plain, name)) json.push_back(to_json(pack));
      return json;
    case ObjectType::Snapshot:
      return to_json(decode_manifest(plain, object));
    case ObjectType::Claim:
      return to_json(decode_claim(plain, name));
    case ObjectType::Ended:
      return to_json(decode_ended(plain, name));
    case ObjectType::Damaged:
      for (const DamagedPack& pack : decode_damage_record(plain, name)) {
        json.push_back(to_json(pack));
      }
      return json;
    case ObjectType::Expected:
      for (const auto& [host, expected] : decode_expected_record(plain, name)) {
        json.push_back({{"host", host}, {"text", encode_expectations(expected)}});
      }
      return json;
    default:
      for (const ObjectId& pack : decode_condemned(plain, name)) json.push_back(pack.hex());
      return json;
  }
}

}  // namespace

std::string debug_text(const SessionContext& context, ObjectReader& reader, std::string_view kind,
                       std::string_view id) {
  static constexpr std::pair<std::string_view, ObjectType> kObjects[] = {
      {"pack", ObjectType::Pack},           {"index", ObjectType::Index},
      {"snapshot", ObjectType::Snapshot},   {"claim", ObjectType::Claim},
      {"condemned", ObjectType::Condemned}, {"ended", ObjectType::Ended},
      {"damaged", ObjectType::Damaged},     {"expected", ObjectType::Expected}};
  static constexpr std::pair<std::string_view, ObjectKind> kContents[] = {
      {"data", ObjectKind::Data}, {"tree", ObjectKind::Tree}, {"list", ObjectKind::List}};
  if (kind == "config") return config_json(context).dump(2) + "\n";
  if (kind == "key") {
    return key_json(context, complete(context.storage, "keys", id)).dump(2) + "\n";
  }
  for (const auto& [name, type] : kObjects) {
    if (kind == name) return object_json(context, type, id).dump(2) + "\n";
  }
  for (const auto& [name, content] : kContents) {
    if (kind == name) return content_text(context, reader, content, id);
  }
  throw Error(ErrorKind::InvalidArgument,
              std::string(kind) +
                  ": is no kind of object; use config, key, pack, index, snapshot, claim, "
                  "condemned, ended, damaged, expected, data, tree or list");
}

std::vector<blob::ObjectInfo> all_objects(blob::Storage& storage) {
  std::vector<blob::ObjectInfo> objects{storage.info(kConfigName)};
  for (const std::string_view directory : {"keys", "leaving", "snapshots", "index", "packs",
                                           "claims", "condemned", "ended", "damaged", "aside"}) {
    for (blob::ObjectInfo& info : storage.list(directory)) objects.push_back(std::move(info));
  }
  // Nothing fails by what is expected.
  try {
    for (blob::ObjectInfo& info : storage.list("expected")) objects.push_back(std::move(info));
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::Cancelled) throw;
  }
  return objects;
}

}  // namespace snapferry::repository
