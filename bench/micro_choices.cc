// The measurements behind the choices in src/repository/FORMAT.md: hash, cipher,
// compression, the test for what does not compress, and the password derivation.
// CHOICES.md holds the results of one machine.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include <benchmark/benchmark.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/params.h>
#include <openssl/sha.h>
#include <sodium.h>
#include <zstd.h>

#include "bench/content.h"

namespace {

using namespace snapferry;
using bench::Kind;

constexpr std::int64_t kKiB = 1 << 10;
constexpr std::int64_t kMiB = 1 << 20;
constexpr std::array<std::uint8_t, 32> kKey = {1, 2, 3};

Bytes input(benchmark::State& state) {
  return bench::make_content(Kind::Incompressible, 1, static_cast<std::size_t>(state.range(0)));
}

void count_bytes(benchmark::State& state) {
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->Arg(4 * kKiB)->Arg(64 * kKiB)->Arg(kMiB);
}

// --- Hashes ---------------------------------------------------------------------------

void Sha256(benchmark::State& state) {
  const Bytes bytes = input(state);
  std::array<std::uint8_t, 32> out;
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free);
  for (auto step : state) {
    EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr);
    EVP_DigestUpdate(context.get(), bytes.data(), bytes.size());
    EVP_DigestFinal_ex(context.get(), out.data(), nullptr);
    benchmark::DoNotOptimize(out);
  }
  count_bytes(state);
}
BENCHMARK(Sha256)->Apply(sizes);

void HmacSha256(benchmark::State& state) {
  const Bytes bytes = input(state);
  std::array<std::uint8_t, 32> out;
  std::size_t length = 0;
  EVP_MAC* const mac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  EVP_MAC_CTX* const context = EVP_MAC_CTX_new(mac);
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end()};
  EVP_MAC_init(context, kKey.data(), kKey.size(), parameters);
  for (auto step : state) {
    EVP_MAC_init(context, nullptr, 0, nullptr);  // the key stays
    EVP_MAC_update(context, bytes.data(), bytes.size());
    EVP_MAC_final(context, out.data(), &length, out.size());
    benchmark::DoNotOptimize(out);
  }
  EVP_MAC_CTX_free(context);
  EVP_MAC_free(mac);
  count_bytes(state);
}
BENCHMARK(HmacSha256)->Apply(sizes);

void Blake2bOpenssl(benchmark::State& state) {
  const Bytes bytes = input(state);
  std::array<std::uint8_t, 64> out;
  std::size_t length = 0;
  EVP_MAC* const mac = EVP_MAC_fetch(nullptr, "BLAKE2BMAC", nullptr);
  EVP_MAC_CTX* const context = EVP_MAC_CTX_new(mac);
  std::size_t size = 32;
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size),
                                   OSSL_PARAM_construct_end()};
  for (auto step : state) {
    EVP_MAC_init(context, kKey.data(), kKey.size(), parameters);
    EVP_MAC_update(context, bytes.data(), bytes.size());
    EVP_MAC_final(context, out.data(), &length, out.size());
    benchmark::DoNotOptimize(out);
  }
  EVP_MAC_CTX_free(context);
  EVP_MAC_free(mac);
  count_bytes(state);
}
BENCHMARK(Blake2bOpenssl)->Apply(sizes);

void Blake2bSodium(benchmark::State& state) {
  const Bytes bytes = input(state);
  std::array<std::uint8_t, 32> out;
  for (auto step : state) {
    crypto_generichash_blake2b(out.data(), out.size(), bytes.data(), bytes.size(), kKey.data(),
                               kKey.size());
    benchmark::DoNotOptimize(out);
  }
  count_bytes(state);
}
BENCHMARK(Blake2bSodium)->Apply(sizes);

// --- Ciphers --------------------------------------------------------------------------

// One context for all calls; `new_key` sets the key each time, as for one key per object.
void seal(benchmark::State& state, const EVP_CIPHER* cipher, bool new_key) {
  const Bytes bytes = input(state);
  Bytes out(bytes.size() + 16);
  std::array<std::uint8_t, 12> nonce{};
  EVP_CIPHER_CTX* const context = EVP_CIPHER_CTX_new();
  EVP_EncryptInit_ex(context, cipher, nullptr, kKey.data(), nonce.data());
  for (auto step : state) {
    int size = 0;
    ++nonce[0];
    EVP_EncryptInit_ex(context, nullptr, nullptr, new_key ? kKey.data() : nullptr, nonce.data());
    EVP_EncryptUpdate(context, out.data(), &size, bytes.data(), static_cast<int>(bytes.size()));
    EVP_EncryptFinal_ex(context, out.data() + size, &size);
    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, out.data() + bytes.size());
    benchmark::DoNotOptimize(out.data());
  }
  EVP_CIPHER_CTX_free(context);
  count_bytes(state);
}

void Aes256Gcm(benchmark::State& state) { seal(state, EVP_aes_256_gcm(), false); }
void Aes256GcmNewKey(benchmark::State& state) { seal(state, EVP_aes_256_gcm(), true); }
void ChaCha20Poly1305(benchmark::State& state) { seal(state, EVP_chacha20_poly1305(), false); }
BENCHMARK(Aes256Gcm)->Apply(sizes);
BENCHMARK(Aes256GcmNewKey)->Apply(sizes);
BENCHMARK(ChaCha20Poly1305)->Apply(sizes);

// --- Compression ----------------------------------------------------------------------

enum Content : std::int64_t { kText, kMixed, kRecords, kIncompressible };

// Several inputs in turn, so that the processor does not learn one by heart.
std::vector<Bytes> inputs(std::int64_t content, std::size_t size) {
  std::vector<Bytes> result;
  constexpr std::array kMix = {Kind::Code, Kind::Log, Kind::Records, Kind::Incompressible};
  for (std::uint64_t seed = 0; seed < 64; ++seed) {
    switch (content) {
      case kText:
        result.push_back(make_content(Kind::Prose, seed, size));
        break;
      case kRecords:
        result.push_back(make_content(Kind::Records, seed, size));
        break;
      case kIncompressible:
        result.push_back(make_content(Kind::Incompressible, seed, size));
        break;
      default: {  // a quarter of each
        Bytes bytes;
        for (std::size_t part = 0; part < kMix.size(); ++part) {
          const Bytes piece = make_content(kMix[part], seed, size / kMix.size());
          bytes.insert(bytes.end(), piece.begin(), piece.end());
        }
        result.push_back(std::move(bytes));
      }
    }
  }
  return result;
}

const char* name_of(std::int64_t content) {
  constexpr std::array kNames = {"text", "mixed", "records", "incompressible"};
  return kNames[static_cast<std::size_t>(content)];
}

// Arguments: content, size, level.
void Zstd(benchmark::State& state) {
  const std::vector<Bytes> all = inputs(state.range(0), static_cast<std::size_t>(state.range(1)));
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  Bytes out(ZSTD_compressBound(static_cast<std::size_t>(state.range(1))));
  std::size_t next = 0;
  std::uint64_t plain = 0, packed = 0;
  for (auto step : state) {
    const Bytes& bytes = all[next++ % all.size()];
    packed += ZSTD_compressCCtx(context, out.data(), out.size(), bytes.data(), bytes.size(),
                                static_cast<int>(state.range(2)));
    plain += bytes.size();
  }
  ZSTD_freeCCtx(context);
  state.SetLabel(name_of(state.range(0)));
  state.SetBytesProcessed(static_cast<std::int64_t>(plain));
  state.counters["ratio"] = static_cast<double>(packed) / static_cast<double>(plain);
}
BENCHMARK(Zstd)->ArgsProduct({{kText, kMixed, kRecords, kIncompressible},
                              {6 * kKiB, kMiB},
                              {-5, 1, 2, 3, 5}});

void ZstdDecompress(benchmark::State& state) {
  std::vector<Bytes> all = inputs(state.range(0), static_cast<std::size_t>(state.range(1)));
  for (Bytes& bytes : all) {
    Bytes out(ZSTD_compressBound(bytes.size()));
    out.resize(ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(),
                             static_cast<int>(state.range(2))));
    bytes = std::move(out);
  }
  ZSTD_DCtx* const context = ZSTD_createDCtx();
  Bytes out(static_cast<std::size_t>(state.range(1)));
  std::size_t next = 0;
  for (auto step : state) {
    const Bytes& bytes = all[next++ % all.size()];
    ZSTD_decompressDCtx(context, out.data(), out.size(), bytes.data(), bytes.size());
  }
  ZSTD_freeDCtx(context);
  state.SetLabel(name_of(state.range(0)));
  state.SetBytesProcessed(state.iterations() * state.range(1));
}
BENCHMARK(ZstdDecompress)->ArgsProduct({{kText, kMixed}, {6 * kKiB, kMiB}, {1, 3}});

// --- Compression of real files --------------------------------------------------------

struct Sample {
  std::vector<Bytes> small;  // whole files up to 64 KiB
  std::vector<Bytes> big;    // pieces of up to 1 MiB of the others
};

void add_file(const std::filesystem::path& path, Sample& sample) {
  std::ifstream file(path, std::ios::binary);
  for (bool first = true; file; first = false) {
    Bytes bytes(static_cast<std::size_t>(kMiB));
    file.read(reinterpret_cast<char*>(bytes.data()), kMiB);
    bytes.resize(static_cast<std::size_t>(file.gcount()));
    bytes.shrink_to_fit();
    if (bytes.empty()) return;
    const bool is_small = first && bytes.size() <= 64u << 10;
    (is_small ? sample.small : sample.big).push_back(std::move(bytes));
  }
}

// Every 20th file below $SNAPFERRY_SAMPLE, or /usr.
const Sample& real_files() {
  static const Sample sample = [] {
    const char* const named = std::getenv("SNAPFERRY_SAMPLE");
    Sample result;
    std::vector<std::filesystem::path> paths;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(
             named != nullptr ? named : "/usr",
             std::filesystem::directory_options::skip_permission_denied)) {
      if (entry.is_regular_file() && !entry.is_symlink()) paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    for (std::size_t i = 0; i < paths.size(); i += 20) add_file(paths[i], result);
    return result;
  }();
  return sample;
}

// Arguments: small or big, level. What does not shrink by 1/64 counts as it is.
void ZstdFiles(benchmark::State& state) {
  const std::vector<Bytes>& all = state.range(0) == 0 ? real_files().small : real_files().big;
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  Bytes out(ZSTD_compressBound(static_cast<std::size_t>(kMiB)));
  std::uint64_t plain = 0, packed = 0;
  for (auto step : state) {
    for (const Bytes& bytes : all) {
      const std::size_t size = ZSTD_compressCCtx(context, out.data(), out.size(), bytes.data(),
                                                 bytes.size(), static_cast<int>(state.range(1)));
      packed += size < bytes.size() - bytes.size() / 64 ? size : bytes.size();
      plain += bytes.size();
    }
  }
  ZSTD_freeCCtx(context);
  state.SetLabel(state.range(0) == 0 ? "small files" : "big files");
  state.SetBytesProcessed(static_cast<std::int64_t>(plain));
  state.counters["ratio"] = static_cast<double>(packed) / static_cast<double>(plain);
  state.counters["MB"] = static_cast<double>(plain) / static_cast<double>(state.iterations()) / 1e6;
  state.counters["objects"] = static_cast<double>(all.size());
}
BENCHMARK(ZstdFiles)->ArgsProduct({{0, 1}, {-5, 1, 2, 3, 4, 5, 6}})->Unit(benchmark::kMillisecond);

// --- Telling what does not compress ---------------------------------------------------

constexpr std::size_t kProbe = 4 * kKiB;

template <typename Predicate>
void probe(benchmark::State& state, const Predicate& compressible) {
  const std::vector<Bytes> all = inputs(state.range(0), static_cast<std::size_t>(kMiB));
  std::size_t next = 0;
  std::int64_t yes = 0;
  for (auto step : state) yes += compressible(all[next++ % all.size()]) ? 1 : 0;
  state.SetLabel(name_of(state.range(0)));
  state.SetBytesProcessed(state.iterations() * kMiB);
  state.counters["compress"] = static_cast<double>(yes) / static_cast<double>(state.iterations());
}

// Three samples of 4 KiB at level 1, until one shrinks.
void ProbeSamples(benchmark::State& state) {
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  Bytes out(ZSTD_compressBound(kProbe));
  probe(state, [&](const Bytes& bytes) {
    for (const std::size_t place : {0, 1, 2}) {
      const std::uint8_t* sample = bytes.data() + place * (bytes.size() - kProbe) / 2;
      const std::size_t size =
          ZSTD_compressCCtx(context, out.data(), out.size(), sample, kProbe, 1);
      if (size < kProbe - kProbe / 64) return true;
    }
    return false;
  });
  ZSTD_freeCCtx(context);
}

// The entropy of single bytes in 4,096 samples spread over the chunk.
void ProbeEntropy(benchmark::State& state) {
  probe(state, [](const Bytes& bytes) {
    std::array<std::uint32_t, 256> counts{};
    const std::size_t step = bytes.size() / kProbe;
    for (std::size_t i = 0; i < kProbe; ++i) ++counts[bytes[i * step]];
    double entropy = 0;
    for (const std::uint32_t count : counts) {
      if (count == 0) continue;
      const double share = static_cast<double>(count) / static_cast<double>(kProbe);
      entropy -= share * std::log2(share);
    }
    return entropy < 7.9;
  });
}

// All of it at the fastest level.
void ProbeWhole(benchmark::State& state) {
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  Bytes out(ZSTD_compressBound(static_cast<std::size_t>(kMiB)));
  probe(state, [&](const Bytes& bytes) {
    return ZSTD_compressCCtx(context, out.data(), out.size(), bytes.data(), bytes.size(), -20) <
           bytes.size() - bytes.size() / 64;
  });
  ZSTD_freeCCtx(context);
}
BENCHMARK(ProbeSamples)->DenseRange(kText, kIncompressible);
BENCHMARK(ProbeEntropy)->DenseRange(kText, kIncompressible);
BENCHMARK(ProbeWhole)->DenseRange(kText, kIncompressible);

// --- Passwords ------------------------------------------------------------------------

// Argument: passes.
void Argon2id64MiB(benchmark::State& state) {
  std::array<std::uint8_t, 32> out;
  const std::array<std::uint8_t, crypto_pwhash_SALTBYTES> salt{};
  const std::string password = "correct horse battery staple";
  for (auto step : state) {
    if (crypto_pwhash(out.data(), out.size(), password.data(), password.size(), salt.data(),
                      static_cast<unsigned long long>(state.range(0)), 64 << 20,
                      crypto_pwhash_ALG_ARGON2ID13) != 0) {
      state.SkipWithError("no memory");
    }
  }
}
BENCHMARK(Argon2id64MiB)->DenseRange(1, 3)->Unit(benchmark::kMillisecond);

}  // namespace

int main(int count, char** arguments) {
  if (sodium_init() < 0) return 1;
  benchmark::Initialize(&count, arguments);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
