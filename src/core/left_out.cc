#include "core/left_out.h"

#include <array>

namespace snapferry {
namespace {

struct Words {
  std::string_view text;
  std::string_view word;
};

// In the order of LeftOut.
constexpr auto kWords = std::to_array<Words>({
    {"", ""},
    {"excluded", "excluded"},
    {"beside a CACHEDIR.TAG", "cache"},
    {"on another filesystem", "other-filesystem"},
    {"a volume of its own", "nested-volume"},
    {"a filesystem of the kernel", "kernel-filesystem"},
    {"unreadable", "unreadable"},
    {"a store or cache of Snapferry", "own-store"},
    {"snapshots that Snapferry keeps", "own-snapshots"},
    {"a mount of Snapferry", "own-mount"},
});
static_assert(kWords.size() == kLastLeftOut + 1);

}  // namespace

std::string_view reason_text(LeftOut reason) {
  return kWords.at(static_cast<std::size_t>(reason)).text;
}

std::string_view reason_word(LeftOut reason) {
  return kWords.at(static_cast<std::size_t>(reason)).word;
}

}  // namespace snapferry
