#include "repository/config.h"

#include <sodium.h>

#include "core/error.h"
#include "repository/twin_copy.h"

namespace snapferry::repository {
namespace {

constexpr std::string_view kConfigMagic = "SFCF";

ObjectId mac_of(const Key& master, ByteView covered) {
  return ObjectId{hmac_sha256(master.derive("config").view(), {covered})};
}

}  // namespace

Bytes encode_config(const Config& config, const Key& master) {
  Bytes body;
  ByteWriter out(body);
  out.raw(as_bytes(kConfigMagic));
  out.u32(config.version);
  out.raw(config.id.view());
  out.u8(static_cast<std::uint8_t>(config.sealing));
  out.raw(mac_of(master, body).view());
  return encode_twin(body);
}

ReadConfig decode_config(ByteView bytes) {
  const TwinBody twin = decode_twin(bytes, kConfigName);
  ByteReader in(twin.body, kConfigName);
  if (as_text(in.raw(kConfigMagic.size())) != kConfigMagic) in.fail("is not that of a repository");
  const std::uint32_t version = in.u32();
  if (version == 0) in.fail("has no version");
  if (version > kFormatVersion) {
    throw Error(ErrorKind::Unsupported,
                "the repository has format version " + std::to_string(version) +
                    " and this program knows up to " + std::to_string(kFormatVersion) +
                    "; use a newer snapferry");
  }
  ReadConfig read;
  read.one_damaged = twin.one_damaged;
  read.config.version = version;
  read.config.id = ObjectId::from_bytes(in.raw(ObjectId::kSize));
  const std::uint8_t sealing = in.u8();
  if (sealing > static_cast<std::uint8_t>(Sealing::Encrypt)) in.fail("encryption is unknown");
  read.config.sealing = static_cast<Sealing>(sealing);
  read.covered.assign(twin.body.begin(),
                      twin.body.begin() + static_cast<std::ptrdiff_t>(in.position()));
  read.mac = ObjectId::from_bytes(in.raw(ObjectId::kSize));
  in.expect_end();
  return read;
}

bool ReadConfig::is_of(const Key& master) const {
  const ObjectId expected = mac_of(master, covered);
  return sodium_memcmp(expected.bytes.data(), mac.bytes.data(), ObjectId::kSize) == 0;
}

void ReadConfig::authenticate(const Key& master) const {
  if (!is_of(master)) {
    throw Error(ErrorKind::Corrupt, "config: does not belong to the key of this repository");
  }
}

}  // namespace snapferry::repository
