#pragma once

#include <cctype>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "replication/plan.h"
#include "replication/plan_text.h"
#include "replication/snapshot_name.h"

// Histories and plans in few letters:
//
//   points("@a,1 #b,2 @M3,3!")   snapshot a with guid 1, bookmark b with guid 2, a held snapshot
//                                ("!!": two holds)
//
// Names of one letter and a number stand for those that this program gives at that second:
// M3 of set "main", O3 of set "other", C3 a bookmark of the cursor of set "main", D3 one of
// that set and another store. A point's order is its guid unless it is given: "@a,7:2" has guid 7
// and order 2.
namespace snapferry::replication {

inline const std::string kCursor = "snapferry_main_00000000";
inline const std::string kOtherCursor = "snapferry_main_dddddddd";

inline std::string long_name(const std::string& name) {
  if (name.size() < 2 || std::isdigit(static_cast<unsigned char>(name[1])) == 0) return name;
  const std::int64_t time = std::stoll(name.substr(1));
  if (name[0] == 'M') return snapshot_name("main", time);
  if (name[0] == 'O') return snapshot_name("other", time);
  if (name[0] == 'C') return bookmark_name(kCursor, time);
  if (name[0] == 'D') return bookmark_name(kOtherCursor, time);
  return name;
}

inline std::string short_name(const std::string& name) {
  if (const auto bookmark = parse_bookmark_name(name)) {
    return (is_bookmark_of(name, kCursor) ? "C" : "D") + std::to_string(bookmark->time);
  }
  const auto parsed = parse_snapshot_name(name);
  if (!parsed) return name;
  return (parsed->set == "main" ? "M" : "O") + std::to_string(parsed->time);
}

inline std::string short_text(const Point& point) {
  return (point.kind == PointKind::Bookmark ? "#" : "@") + short_name(point.name);
}

inline std::vector<Point> points(std::string_view text) {
  std::vector<Point> result;
  std::istringstream words{std::string(text)};
  for (std::string word; words >> word;) {
    Point point;
    for (; word.ends_with('!'); word.pop_back()) ++point.holds;
    point.kind = word[0] == '#' ? PointKind::Bookmark : PointKind::Snapshot;
    const std::size_t comma = word.find(',');
    point.name = long_name(word.substr(1, comma - 1));
    std::size_t digits = 0;
    point.guid = Guid::from_number(std::stoull(word.substr(comma + 1), &digits));
    const std::size_t colon = word.find(':', comma);
    point.order =
        colon == std::string::npos ? point.guid.number() : std::stoull(word.substr(colon + 1));
    result.push_back(std::move(point));
  }
  return result;
}

inline VolumeState volume(std::string_view history, const std::string& name = "zfs:tank/a") {
  VolumeState state;
  state.name = name;
  state.type = name.starts_with("zfs") ? VolumeType::Filesystem : VolumeType::Subvolume;
  state.written = 0;
  state.points = points(history);
  return state;
}

inline ReplicaState replica(std::string_view history, const std::string& name = "zfs:tank/a") {
  ReplicaState state;
  state.volume = {"web1", name};
  state.points = points(history);
  return state;
}

inline Policy policy() {
  Policy result;
  result.set = "main";
  result.host = "web1";
  result.cursor = kCursor;
  result.source.raw = result.source.resumable = result.source.bookmarks = true;
  result.store = result.source;
  return result;
}

inline std::string short_text(const StreamRequest& stream) {
  std::string text = stream.resume_token.empty() ? "send " : "resume ";
  for (const Point& point : stream.intermediates) text.append(short_text(point)).append(",");
  text.append(short_text(stream.to));
  if (stream.base) text.append(" from ").append(short_text(*stream.base));
  return text;
}

inline std::string short_text(const Step& step) {
  if (const auto* send = std::get_if<SendStep>(&step.what)) return short_text(send->stream);
  if (const auto* resume = std::get_if<ResumeStep>(&step.what)) return short_text(resume->stream);
  return std::string(kind_of(step));
}

inline std::string short_text(const Settlement& settlement) {
  std::string text;
  const auto add = [&](const char* verb, const Point& point) {
    text.append(text.empty() ? "" : ", ").append(verb).append(" ").append(short_text(point));
  };
  if (settlement.hold) add("hold", *settlement.hold);
  if (settlement.bookmark_of) {
    add("bookmark", *settlement.bookmark_of);
    text.append(" as #").append(short_name(settlement.bookmark));
  }
  for (const Point& point : settlement.release) add("release", point);
  for (const Point& point : settlement.destroy) add("destroy", point);
  return text;
}

// "send @M2 from @M1 | hold @M2, …", "Diverged", "skip", "-" if there is nothing to do.
inline std::string short_text(const VolumePlan& plan) {
  if (plan.conflict) return std::string(to_string(plan.conflict->kind));
  if (plan.verdict == Verdict::Skip) return "skip";
  std::string text;
  for (const Step& step : plan.steps)
    text.append(text.empty() ? "" : "; ").append(short_text(step));
  if (text.empty()) text = "-";
  if (plan.settlement) text.append(" | ").append(short_text(*plan.settlement));
  return text;
}

}  // namespace snapferry::replication
