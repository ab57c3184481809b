#include "repository/compression.h"

#include <memory>
#include <new>

#include <zstd.h>

#include "core/error.h"
#include "core/object_store.h"

namespace snapferry::repository {
namespace {

// FORMAT.md, "Numbers".
constexpr int kLevel = 2;
constexpr std::size_t kSmallest = 64;  // smaller payloads rarely shrink
constexpr std::size_t kProbeFrom = 128 << 10;
constexpr std::size_t kProbeSize = 4 << 10;
constexpr std::size_t kProbes = 3;

struct ContextDeleter {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

ZSTD_CCtx* compressor() {
  thread_local std::unique_ptr<ZSTD_CCtx, ContextDeleter> context(ZSTD_createCCtx());
  if (!context) throw std::bad_alloc();
  return context.get();
}

ZSTD_DCtx* decompressor() {
  thread_local std::unique_ptr<ZSTD_DCtx, ContextDeleter> context(ZSTD_createDCtx());
  if (!context) throw std::bad_alloc();
  return context.get();
}

bool pays(std::size_t compressed, std::size_t plain) { return compressed < plain - plain / 64; }

// Looks at a few places of a big chunk: already compressed or encrypted content is
// told apart for a hundredth of what compressing it would cost.
bool looks_compressible(ByteView plain) {
  std::uint8_t out[ZSTD_COMPRESSBOUND(kProbeSize)];
  const std::size_t step = (plain.size() - kProbeSize) / (kProbes - 1);
  for (std::size_t i = 0; i < kProbes; ++i) {
    const std::size_t size =
        ZSTD_compressCCtx(compressor(), out, sizeof out, plain.data() + i * step, kProbeSize, 1);
    if (ZSTD_isError(size) || pays(size, kProbeSize)) return true;
  }
  return false;
}

}  // namespace

Compressed compress(ByteView plain) {
  if (plain.size() < kSmallest) return {Codec::None, plain};
  if (plain.size() >= kProbeFrom && !looks_compressible(plain)) return {Codec::None, plain};
  thread_local Bytes buffer;
  if (const std::size_t bound = ZSTD_compressBound(plain.size()); buffer.size() < bound) {
    buffer.resize(bound);
  }
  const std::size_t size = ZSTD_compressCCtx(compressor(), buffer.data(), buffer.size(),
                                             plain.data(), plain.size(), kLevel);
  if (ZSTD_isError(size) || !pays(size, plain.size())) return {Codec::None, plain};
  return {Codec::Zstd, ByteView(buffer).first(size)};
}

Bytes decompress(ByteView coded, std::size_t plain_length, std::string_view subject) {
  const auto fail = [&](const char* cause) {
    throw Error(ErrorKind::Corrupt, std::string(subject) + ": " + cause);
  };
  if (coded.empty()) fail("is empty");
  if (plain_length > kMaxObjectSize) fail("says that it is larger than any object");
  const ByteView payload = coded.subspan(1);
  if (coded[0] == static_cast<std::uint8_t>(Codec::None)) {
    if (payload.size() != plain_length) fail("has another length than the index says");
    return Bytes(payload.begin(), payload.end());
  }
  if (coded[0] != static_cast<std::uint8_t>(Codec::Zstd)) fail("is coded in an unknown way");
  Bytes plain(plain_length);
  const std::size_t size = ZSTD_decompressDCtx(decompressor(), plain.data(), plain.size(),
                                               payload.data(), payload.size());
  if (ZSTD_isError(size) || size != plain_length) fail("does not decompress to its length");
  return plain;
}

}  // namespace snapferry::repository
