#include "repository/sealed_object.h"

#include <algorithm>

#include "blob/object_name.h"
#include "core/error.h"
#include "repository/compression.h"
#include "repository/object_limits.h"

namespace snapferry::repository {
namespace {

constexpr std::string_view kObjectMagic = "SFOB";
constexpr std::uint8_t kObjectVersion = 1;

// Everything before the nonce, then the name: what the tag also covers.
Bytes additional_data(ObjectType type, std::string_view name) {
  Bytes aad;
  ByteWriter out(aad);
  out.raw(as_bytes(kObjectMagic));
  out.u8(kObjectVersion);
  out.u8(static_cast<std::uint8_t>(type));
  out.raw(as_bytes(name));
  return aad;
}

std::string_view key_label(ObjectType type) {
  switch (type) {
    case ObjectType::Pack:
      return "pack";
    case ObjectType::Index:
      return "index";
    case ObjectType::Snapshot:
      return "snapshot";
    case ObjectType::Claim:
      return "claim";
    case ObjectType::Condemned:
      return "condemned";
    case ObjectType::Ended:
      return "ended";
    case ObjectType::Damaged:
      return "damaged";
    case ObjectType::Expected:
      return "expected";
  }
  return "";
}

}  // namespace

Bytes seal_object(const Key& key, Sealing sealing, ObjectType type, std::string_view name,
                  ByteView plain) {
  const Compressed compressed = compress(plain);
  Bytes head;
  ByteWriter head_out(head);
  head_out.u8(static_cast<std::uint8_t>(compressed.codec));
  head_out.u32(static_cast<std::uint32_t>(plain.size()));

  Nonce nonce;
  random_bytes(nonce.data(), nonce.size());
  Bytes object;
  ByteWriter out(object);
  out.raw(as_bytes(kObjectMagic));
  out.u8(kObjectVersion);
  out.u8(static_cast<std::uint8_t>(type));
  out.raw(nonce);
  Sealer(key, sealing).seal(nonce, additional_data(type, name), head, compressed.payload, object);
  return object;
}

Bytes open_object(const Key& key, Sealing sealing, ObjectType type, std::string_view name,
                  ByteView sealed) {
  ByteReader in(sealed, name);
  if (as_text(in.raw(kObjectMagic.size())) != kObjectMagic) in.fail("is no object of a repository");
  if (in.u8() != kObjectVersion) in.fail("has a version that this program does not know");
  if (in.u8() != static_cast<std::uint8_t>(type)) in.fail("is of another type than its name says");
  Nonce nonce;
  std::ranges::copy(in.raw(nonce.size()), nonce.begin());
  Bytes opened;
  if (!Sealer(key, sealing)
           .open(nonce, additional_data(type, name), in.raw(in.remaining()), opened)) {
    throw Error(ErrorKind::Corrupt, std::string(name) + ": is damaged (authentication failed)");
  }
  ByteReader body(opened, name);
  Bytes coded{body.u8()};
  const std::uint32_t plain_length = body.u32();
  const ByteView payload = body.raw(body.remaining());
  coded.insert(coded.end(), payload.begin(), payload.end());
  return decompress(coded, plain_length, name);
}

Key SealedObjects::key(ObjectType type, const ObjectId& id) const {
  return master_.derive(key_label(type), id.view());
}

void SealedObjects::put(ObjectType type, const ObjectId& id, ByteView plain) {
  const std::string name = object_name(type, id);
  const Bytes sealed = seal_object(key(type, id), sealing_, type, name, plain);
  blob::require_size(name, sealed.size(), largest(type));
  storage_.put(name, sealed);
}

Bytes SealedObjects::get(ObjectType type, const ObjectId& id) const {
  const std::string name = object_name(type, id);
  return open_object(key(type, id), sealing_, type, name, storage_.get(name, largest(type)));
}

std::vector<ObjectId> SealedObjects::list(ObjectType type) const {
  std::vector<ObjectId> ids;
  for (const blob::ObjectInfo& info : infos(type)) ids.push_back(*id_of_name(type, info.name));
  std::ranges::sort(ids);
  return ids;
}

std::vector<blob::ObjectInfo> SealedObjects::infos(ObjectType type) const {
  const bool proves_nothing = type == ObjectType::Damaged || type == ObjectType::Expected;
  auto found = storage_.list(directory_of(type));
  std::erase_if(found, [&](const blob::ObjectInfo& info) {
    return !id_of_name(type, info.name) || (proves_nothing && !info.is_file);
  });
  return found;
}

void SealedObjects::remove(ObjectType type, const ObjectId& id) {
  storage_.remove(object_name(type, id));
}

}  // namespace snapferry::repository
