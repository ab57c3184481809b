#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/volume.h"

namespace snapferry::simplesnap {

// What the source knows of a snapshot's way to the peer. The protocol confirms nothing but by
// `reap`, which the stock client sends once its `zfs receive` ended well; so the rest is written
// down in a user property of the snapshot.
//
//   value := "arrived" | STATE " " ATTEMPT " " KIND
//   STATE := "sending" | "sent"              "sent": all of it was taken off our hands
//   ATTEMPT := decimal, from 1               how many in a row without a `reap`, with this one
//   KIND  := "full" | "incremental"
inline constexpr const char* kDeliveryProperty = "snapferry:simplesnap";

struct Delivery {
  enum class State : std::uint8_t {
    Unknown,  // taken by the stock wrapper, or remembered by a bookmark
    Sending,
    Sent,
    Arrived,
  };
  State state = State::Unknown;
  std::uint32_t attempt = 0;  // of Sending and Sent
  bool full = false;          // of Sending and Sent
  bool operator==(const Delivery&) const = default;

  bool is_confirmed() const { return state == State::Unknown || state == State::Arrived; }
  std::string text() const;
  // Unknown for everything that is no value.
  static Delivery parse(std::string_view text);
};

// A snapshot or bookmark of one set.
struct Link {
  Point point;
  Delivery delivery;
  bool operator==(const Link&) const = default;
};

// Those of `links` that are of `set`, oldest first. Of a snapshot and its bookmark the snapshot.
std::vector<Link> chain_of_set(const std::vector<Link>& links, std::string_view set);

struct NextSend {
  std::optional<Point> base;  // nullopt: everything
  std::uint32_t attempt = 1;
};

// From where the next stream of a chain goes. As the stock wrapper does it, from the oldest
// confirmed snapshot, or bookmark if there is none, on which the peer's newest snapshot is or
// follows it. Where the last attempts were not confirmed, the peer may lack that one (its first
// transfer was cut, its store is a new one) or have more (the `reap` was lost), and a stream that
// does not fit is refused by it at once and harms nothing: so the third attempt in a row sends
// everything, the fourth goes from another link, and so on until one fits.
NextSend next_send(const std::vector<Link>& chain);

// What is done once the newest snapshot of a set has arrived, in this order.
struct Reaping {
  std::optional<Point> bookmark;  // this snapshot becomes a bookmark of its own name
  std::optional<Point> confirm;   // this snapshot is marked as arrived
  std::vector<Point> destroy;
  bool operator==(const Reaping&) const = default;
};

// Of each kind the newest link stays, as with the stock wrapper; with `bookmarks` no snapshot
// does, and that bookmark alone which remembers the newest one.
Reaping plan_reaping(const std::vector<Link>& links, std::string_view set, bool bookmarks);

}  // namespace snapferry::simplesnap
