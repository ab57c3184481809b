#include "wire/hello.h"

#include <algorithm>

#include "core/error.h"
#include "core/printable.h"
#include "wire/codec.h"

namespace snapferry::wire {
namespace {

constexpr std::size_t kMaxProgram = 255;
constexpr std::size_t kMaxFeatures = 64;
constexpr std::size_t kMaxFeature = 64;

bool is_feature_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
  });
}

template <typename Coder, typename Value>
void code(Coder& coder, Value& hello) {
  coder.u16(hello.oldest);
  coder.u16(hello.newest);
  coder.check(hello.oldest <= hello.newest, "names versions in the wrong order");
  coder.text(hello.program, kMaxProgram);
  coder.list(hello.features, kMaxFeatures, 5, [&](auto& feature) {
    coder.text(feature, kMaxFeature);
    coder.check(is_feature_name(feature), "names a feature in a forbidden way");
  });
}

}  // namespace

bool Hello::has(std::string_view feature) const {
  return std::ranges::find(features, feature) != features.end();
}

Payload encode_hello(const Hello& hello) {
  Bytes bytes;
  Encoder encoder(bytes);
  code(encoder, hello);
  return Payload::copy_of(bytes);
}

Hello decode_hello(ByteView bytes) {
  Decoder decoder(bytes, "the peer's hello");
  Hello hello;
  code(decoder, hello);
  decoder.expect_end();
  hello.program = printable(hello.program);
  return hello;
}

std::uint16_t agree_on_version(const Hello& own, const Hello& peer) {
  const auto version = std::min(own.newest, peer.newest);
  if (version >= own.oldest && version >= peer.oldest) return version;
  const bool peer_is_older = peer.newest < own.oldest;
  throw Error(ErrorKind::Unsupported,
              "the far end runs " + peer.program +
                  ", which speaks no version of the protocol that " + own.program +
                  " does; update " +
                  (peer_is_older ? "the program at the far end" : "this program"));
}

}  // namespace snapferry::wire
