#include "cli/backup_report.h"

#include <fmt/format.h>

#include "cli/format.h"

namespace snapferry::cli {
namespace {

double seconds_between(Timestamp from, Timestamp to) {
  return static_cast<double>(to.seconds - from.seconds) +
         (static_cast<double>(to.nanoseconds) - static_cast<double>(from.nanoseconds)) / 1e9;
}

std::string found_line(const BackupStats& stats) {
  return fmt::format("  {} and {}, {}: {} new, {} changed, {} removed\n",
                     counted(stats.files, "file", "files"),
                     counted(stats.directories, "directory", "directories"),
                     human_size(stats.bytes), human_count(stats.files_new),
                     human_count(stats.files_changed), human_count(stats.files_removed));
}

std::string cost_line(const Snapshot& snapshot, bool dry_run) {
  const BackupStats& stats = snapshot.stats;
  const double seconds = seconds_between(snapshot.time, snapshot.finished);
  if (dry_run) {
    // What the store has already is known only to a real backup.
    return fmt::format("  would read {} and add at most {}; took {:.1f} s\n",
                       human_size(stats.bytes_read), human_size(stats.bytes_added), seconds);
  }
  return fmt::format("  read {}, added {}, stored {} in {:.1f} s\n", human_size(stats.bytes_read),
                     human_size(stats.bytes_added), human_size(stats.bytes_stored), seconds);
}

// "  left out: 1 on another filesystem (mnt/disk)\n".
std::string left_out_lines(const tree::LeftOutSummary& left_out) {
  std::string lines;
  for (const auto& [reason, group] : left_out.groups()) {
    std::string names;
    for (const std::string& path : group.paths) {
      names += (names.empty() ? "" : ", ") + printable(path);
    }
    if (!names.empty() && group.paths.size() < group.count) names += ", …";
    lines += fmt::format("  left out: {} {}{}\n", human_count(group.count), reason_text(reason),
                         names.empty() ? "" : " (" + names + ")");
  }
  return lines;
}

std::vector<JsonObject> left_out_json(const tree::LeftOutSummary& left_out) {
  std::vector<JsonObject> groups;
  for (const auto& [reason, group] : left_out.groups()) {
    JsonObject object;
    object.text("reason", reason_word(reason))
        .number("count", group.count)
        .list("paths", {group.paths.begin(), group.paths.end()});
    groups.push_back(object);
  }
  return groups;
}

}  // namespace

void report_backup(Context& context, const Snapshot& snapshot, const tree::LeftOutSummary& left_out,
                   bool dry_run) {
  const std::string volume = printable(snapshot.volume.text());
  std::string text = dry_run ? fmt::format("{}: would be backed up\n", volume)
                             : fmt::format("{}: snapshot {}\n", volume, snapshot.id.short_hex());
  text += found_line(snapshot.stats);
  if (snapshot.stats.files_reread > 0) {
    text += fmt::format("  read again and found unchanged: {}\n",
                        counted(snapshot.stats.files_reread, "file", "files"));
  }
  text += cost_line(snapshot, dry_run);
  if (snapshot.incomplete) {
    text += fmt::format("  incomplete: {} unreadable, or changed while being read\n",
                        counted(snapshot.stats.files_failed, "file", "files"));
  }
  text += left_out_lines(left_out);
  context.console.say(text);
  JsonObject object = snapshot_json(dry_run ? "backup_plan" : "backup", snapshot);
  object.objects("left_out", left_out_json(left_out));
  context.console.emit(object.real("seconds", seconds_between(snapshot.time, snapshot.finished)));
}

}  // namespace snapferry::cli
