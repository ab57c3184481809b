#include "simplesnap/chain.h"

#include <algorithm>
#include <charconv>
#include <tuple>

#include <fmt/format.h>

#include "replication/snapshot_name.h"

namespace snapferry::simplesnap {
namespace {

constexpr std::uint32_t kRound = 4;

// The text up to the next blank, which goes.
std::string_view take_word(std::string_view& text) {
  const auto blank = text.find(' ');
  const auto word = text.substr(0, blank);
  text.remove_prefix(blank == std::string_view::npos ? text.size() : blank + 1);
  return word;
}

bool is_of_set(const Link& link, std::string_view set) {
  const auto name = replication::parse_snapshot_name(link.point.name);
  return name && name->style == replication::NameStyle::Simplesnap && name->set == set;
}

// What the stock wrapper would go from.
std::optional<Point> oldest_confirmed(const std::vector<Link>& chain) {
  for (const auto kind : {PointKind::Snapshot, PointKind::Bookmark}) {
    for (const auto& link : chain) {
      if (link.delivery.is_confirmed() && link.point.kind == kind) return link.point;
    }
  }
  return std::nullopt;
}

std::optional<Point> newest_sent_whole(const std::vector<Link>& chain) {
  for (auto link = chain.rbegin(); link != chain.rend(); ++link) {
    if (link->delivery.state == Delivery::State::Sent && link->delivery.full) return link->point;
  }
  return std::nullopt;
}

// What the peer may have that its newest snapshot follows. What was sent from a snapshot is none:
// from that snapshot a stream fits, too.
std::vector<Point> possible_bases(const std::vector<Link>& chain) {
  const bool bookmarks = std::any_of(chain.begin(), chain.end(), [](const Link& link) {
    return link.point.kind == PointKind::Bookmark;
  });
  std::vector<Point> bases;
  for (const auto& link : chain) {
    if (bookmarks || link.delivery.is_confirmed() || link.delivery.full)
      bases.push_back(link.point);
  }
  return bases;
}

// 0; 0, 1; 0, 1, 2; …: of a list that grows each is reached again and again.
std::size_t turn_of(std::uint32_t step) {
  std::uint32_t row = 1;
  while (step >= row) step -= row++;
  return step;
}

// Those of one kind and `set`, ascending.
std::vector<Link> of_kind(const std::vector<Link>& links, std::string_view set, PointKind kind) {
  std::vector<Link> found;
  std::copy_if(links.begin(), links.end(), std::back_inserter(found),
               [&](const Link& link) { return link.point.kind == kind && is_of_set(link, set); });
  std::stable_sort(found.begin(), found.end(), [](const Link& one, const Link& two) {
    return one.point.order < two.point.order;
  });
  return found;
}

}  // namespace

std::string Delivery::text() const {
  switch (state) {
    case State::Unknown:
      return "";
    case State::Arrived:
      return "arrived";
    case State::Sending:
    case State::Sent:
      break;
  }
  return fmt::format("{} {} {}", state == State::Sent ? "sent" : "sending", attempt,
                     full ? "full" : "incremental");
}

Delivery Delivery::parse(std::string_view text) {
  Delivery delivery;
  const auto state = take_word(text);
  if (state == "arrived" && text.empty()) delivery.state = State::Arrived;
  if (state != "sending" && state != "sent") return delivery;
  const auto number = take_word(text);
  const auto* end = number.data() + number.size();
  const auto [at, error] = std::from_chars(number.data(), end, delivery.attempt);
  if (error != std::errc{} || at != end || (text != "full" && text != "incremental")) return {};
  delivery.state = state == "sent" ? State::Sent : State::Sending;
  delivery.full = text == "full";
  return delivery;
}

std::vector<Link> chain_of_set(const std::vector<Link>& links, std::string_view set) {
  std::vector<Link> chain;
  std::copy_if(links.begin(), links.end(), std::back_inserter(chain),
               [&](const Link& link) { return is_of_set(link, set); });
  auto key = [](const Link& link) { return std::tuple(link.point.order, link.point.kind); };
  std::sort(chain.begin(), chain.end(),
            [&](const Link& one, const Link& two) { return key(one) < key(two); });
  // A snapshot stands before its bookmark.
  const auto same = [](const Link& one, const Link& two) {
    return one.point.guid == two.point.guid;
  };
  chain.erase(std::unique(chain.begin(), chain.end(), same), chain.end());
  return chain;
}

NextSend next_send(const std::vector<Link>& chain) {
  if (chain.empty()) return {};
  const auto& last = chain.back().delivery;
  NextSend next;
  next.attempt = last.is_confirmed() ? 1 : last.attempt + 1;
  switch ((next.attempt - 1) % kRound) {
    case 0:
      next.base = oldest_confirmed(chain);
      if (!next.base) next.base = newest_sent_whole(chain);
      break;
    case 1:
      next.base = newest_sent_whole(chain);
      if (!next.base) next.base = oldest_confirmed(chain);
      break;
    case 2:
      break;
    default: {
      const auto bases = possible_bases(chain);
      if (!bases.empty()) next.base = bases[turn_of(next.attempt / kRound - 1) % bases.size()];
    }
  }
  return next;
}

Reaping plan_reaping(const std::vector<Link>& links, std::string_view set, bool bookmarks) {
  const auto snapshots = of_kind(links, set, PointKind::Snapshot);
  const auto marks = of_kind(links, set, PointKind::Bookmark);
  Reaping plan;
  std::optional<Guid> kept_mark;
  if (!marks.empty()) kept_mark = marks.back().point.guid;
  if (!snapshots.empty()) {
    const auto& newest = snapshots.back();
    const bool has_mark = kept_mark == newest.point.guid;
    if (bookmarks && !has_mark) plan.bookmark = newest.point;
    if (bookmarks) kept_mark = newest.point.guid;
    if (!bookmarks && !newest.delivery.is_confirmed()) plan.confirm = newest.point;
    for (const auto& link : snapshots) {
      if (bookmarks || &link != &newest) plan.destroy.push_back(link.point);
    }
  }
  for (const auto& link : marks) {
    if (link.point.guid != kept_mark) plan.destroy.push_back(link.point);
  }
  return plan;
}

}  // namespace snapferry::simplesnap
