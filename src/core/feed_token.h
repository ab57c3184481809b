#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/bytes.h"

namespace snapferry {

// How a change feed named a moment, so that it can be asked later what changed since: which paths a
// backup has to look at (repository/FORMAT.md, "The token of a change feed"). Opaque to everybody
// but the feed that made it.
struct FeedToken {
  static constexpr std::size_t kMaxKind = 32;     // bytes
  static constexpr std::size_t kMaxToken = 4096;  // bytes

  std::string kind;  // of the feed: a to z, 0 to 9 and '-'; others do as if there were no token
  Bytes token;
  bool operator==(const FeedToken&) const = default;

  // Neither is empty or too long, and the kind is made of what a kind is made of.
  bool is_valid() const {
    constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789-";
    return !kind.empty() && kind.size() <= kMaxKind && !token.empty() &&
           token.size() <= kMaxToken && kind.find_first_not_of(kLetters) == kind.npos;
  }
};

}  // namespace snapferry
