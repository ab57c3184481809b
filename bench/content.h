#pragma once

#include <cstdint>
#include <string>

#include "bench/random.h"
#include "core/bytes.h"

namespace snapferry::bench {

// Kinds of content, by how they compress.
enum class Kind {
  Prose,           // words and sentences
  Code,            // indented lines, names, punctuation
  Log,             // one line per event: time, numbers, few different words
  Records,         // binary structures with counters
  Incompressible,  // what is compressed or encrypted already
};

// One of those that compress; text is the most frequent.
Kind compressible_kind(Random& random);

// The extension that a file with this content has.
const char* extension(Kind kind);

// A word of the vocabulary that all texts share.
std::string word(Random& random);

// Exactly `size` bytes, given by kind and seed.
Bytes make_content(Kind kind, std::uint64_t seed, std::size_t size);

}  // namespace snapferry::bench
