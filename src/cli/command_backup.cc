#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <thread>

#include <fmt/format.h>
#include <sys/stat.h>

#include "cli/asked_paths.h"
#include "cli/backup_report.h"
#include "cli/backup_request.h"
#include "cli/backup_stream.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/format.h"
#include "cli/machine_warning.h"
#include "cli/progress_display.h"
#include "cli/replicate.h"
#include "cli/source_overlap.h"
#include "cli/source_path.h"
#include "cli/store.h"
#include "cli/store_guard.h"
#include "core/wall_time.h"
#include "tree/backup/backup.h"
#include "tree/backup/local_files.h"
#include "tree/backup/survey.h"
#include "tree/exclude.h"

namespace snapferry::cli {
namespace {

// Counts what would be added and keeps nothing. Content is not compared with anything, so each has
// an id of its own.
class CountingSink : public ObjectSink {
 public:
  ObjectId id_of(ObjectKind, ByteView) const override {
    const std::uint64_t number = ++objects_;
    ObjectId id;
    std::memcpy(id.bytes.data(), &number, sizeof number);
    return id;
  }
  std::vector<ObjectRef> missing(std::span<const ObjectRef>) override { return {}; }
  ObjectId put(ObjectKind kind, ByteView bytes) override {
    if (kind == ObjectKind::Data) bytes_ += bytes.size();
    return id_of(kind, bytes);
  }
  void settle() override {}
  bool any_lost() const override { return false; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  mutable std::atomic<std::uint64_t> objects_{0};
  std::atomic<std::uint64_t> bytes_{0};
};

// Surveys the tree while it is backed up and gives `progress` its totals once they are known, for
// as long as this lives.
class SurveyAside {
 public:
  SurveyAside(const std::string& path, const tree::BackupOptions& options, Progress& progress)
      : thread_([this, &path, &options, &progress] {
          const auto found = tree::survey(path, options, stop_);
          if (!found) return;
          progress.files_total = found->files;
          progress.bytes_total = found->bytes;
        }) {}
  ~SurveyAside() { stop_.request(); }

 private:
  Cancellation stop_;
  std::jthread thread_;  // ends before the others
};

void add_identity(const std::string& path,
                  std::vector<std::pair<std::uint64_t, std::uint64_t>>& out) {
  struct stat status {};
  if (!path.empty() && ::stat(path.c_str(), &status) == 0) {
    out.emplace_back(status.st_dev, status.st_ino);
  }
}

tree::ExcludePlace exclude_place(const Context& context, const SourcePath& source) {
  return {.roots = source.names, .home = context.io.variable("HOME").value_or("")};
}

// One PATH or stream on its way into the store.
class VolumeBackup {
 public:
  VolumeBackup(Context& context, stores::RepositoryStore& store, const BackupRequest& request,
               AskedPaths& asked, const SourcePath& source)
      : context_(context),
        store_(store),
        request_(request),
        asked_(asked),
        path_(source.path),
        excludes_(request.patterns, exclude_place(context, source)) {
    snapshot_.volume = {own_host(context), request.is_stream() ? "stdin:" + request.stream : path_};
    snapshot_.set = request.set;
    for (const auto& pattern : request.patterns) snapshot_.excludes.push_back(pattern.text);
    snapshot_.one_filesystem = context.options.has("--one-filesystem");
    snapshot_.records_left_out = true;
    snapshot_.program = "snapferry " SNAPFERRY_VERSION;
    snapshot_.machine = own_machine(context);
  }

  // Commits, and returns the snapshot as it is in the store.
  Snapshot run() {
    if (request_.dry_run) return rehearse();
    const auto session = store_.repository->begin_backup();
    // Only what is listed from here on is safe from prunes that run meanwhile.
    const auto base = pick_base();
    asked_.await_listed();
    if (base) session->build_on(base->id);
    try {
      store_content(base, *session);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::Cancelled) keep_what_is_stored(*session);
      throw;
    }
    return session->commit(snapshot_);
  }

  const tree::ExcludeRules& excludes() const { return excludes_; }
  // Once it has run.
  const tree::LeftOutSummary& left_out() const { return left_out_; }

 private:
  Snapshot rehearse() {
    CountingSink sink;
    store_content(pick_base(), sink);
    snapshot_.stats.bytes_added = sink.bytes();
    return snapshot_;
  }

  // The newest snapshot of the same volume and set.
  std::optional<Snapshot> pick_base() {
    auto snapshots = list_snapshots(context_, store_);
    warn_of_other_machine(context_, snapshots, snapshot_.volume, snapshot_.set);
    for (auto candidate = snapshots.rbegin(); candidate != snapshots.rend(); ++candidate) {
      if (candidate->volume != snapshot_.volume || candidate->set != snapshot_.set) continue;
      context_.console.explain(fmt::format("{}: compared with snapshot {} of {}",
                                           snapshot_.volume.text(), candidate->id.short_hex(),
                                           format_local(candidate->time)));
      return std::move(*candidate);
    }
    context_.console.explain(
        fmt::format("{}: everything is read, because set '{}' has no snapshot of it yet",
                    snapshot_.volume.text(), snapshot_.set));
    return std::nullopt;
  }

  void store_content(const std::optional<Snapshot>& base, ObjectSink& sink) {
    Progress progress;
    progress.begin("backing up");
    ProblemPrinter problems(context_.console, snapshot_.volume.text());
    auto options = backup_options(progress, problems);
    const ProgressEstimate estimate{base ? base->stats.files + base->stats.directories : 0};
    const ProgressDisplay display(context_, progress, estimate);
    std::optional<SurveyAside> survey;
    if (!base && !request_.is_stream() && display.is_on_terminal()) {
      survey.emplace(path_, options, progress);
    }
    snapshot_.time = context_.io.clock.now();
    // A rehearsal cannot compare content.
    if (base && !request_.dry_run) {
      options.reread = tree::RereadRule{.all = request_.reread_all,
                                        .period = request_.reread_within,
                                        .from = base->time,
                                        .to = snapshot_.time};
    }
    auto result = walk(base, sink, options);
    snapshot_.finished = context_.io.clock.now();
    snapshot_.root = std::move(result.root);
    snapshot_.users = std::move(result.users);
    snapshot_.groups = std::move(result.groups);
    snapshot_.stats = result.stats;
    left_out_ = std::move(result.left_out);
    snapshot_.incomplete = result.stats.files_failed > 0;
    if (base) refuse_sudden_void(*base);
  }

  // An empty directory where there were files mostly is one whose disk is away. A snapshot of it
  // would be complete, fresh, and by the rules of a prune the one to keep.
  void refuse_sudden_void(const Snapshot& base) const {
    const auto holds_nothing = [](const BackupStats& stats) {
      return stats.files == 0 && stats.directories <= 1 && stats.names_left_out == 0 &&
             stats.files_failed == 0;
    };
    if (request_.allow_empty || request_.is_stream()) return;
    if (!holds_nothing(snapshot_.stats) || holds_nothing(base.stats)) return;
    throw Error(
        ErrorKind::NotFound,
        fmt::format("{}: is empty, and its last snapshot has {}; is its disk mounted? If that "
                    "is as it should be, pass --allow-empty",
                    printable(path_), counted(base.stats.files, "file", "files")));
  }

  tree::BackupResult walk(const std::optional<Snapshot>& base, ObjectSink& sink,
                          const tree::BackupOptions& options) {
    if (request_.is_stream()) return back_up_stream(context_, request_, sink, options);
    std::optional<tree::Base> tree_base;
    if (base) tree_base = tree::Base{base->root, base->time, base->finished};
    tree::LocalFiles files(path_);
    return tree::backup(files, tree_base, *store_.repository, sink, options);
  }

  tree::BackupOptions backup_options(Progress& progress, ProblemSink& problems) const {
    tree::BackupOptions options;
    options.excludes = &excludes_;
    options.exclude_caches = context_.options.has("--exclude-caches");
    options.one_filesystem = snapshot_.one_filesystem;
    options.allow_empty = request_.allow_empty;
    options.include_own = context_.options.has("--include-own");
    add_identity(store_.directory, options.skip);
    add_identity(store_.cache, options.skip);
    options.progress = &progress;
    options.problems = &problems;
    options.cancellation = &context_.io.cancellation;
    return options;
  }

  void keep_what_is_stored(repository::BackupSession& session) {
    session.checkpoint();
    throw Error(ErrorKind::Cancelled,
                fmt::format("{}: interrupted; what was stored is kept, run the command again to "
                            "carry on",
                            snapshot_.volume.text()));
  }

  Context& context_;
  stores::RepositoryStore& store_;
  const BackupRequest& request_;
  AskedPaths& asked_;
  const std::string path_;
  const tree::ExcludeRules excludes_;
  Snapshot snapshot_;
  tree::LeftOutSummary left_out_;
};

// How the volumes of one run came out.
struct BackupOutcome {
  std::size_t saved = 0;
  std::size_t incomplete = 0;
  std::size_t failed = 0;
  ExitCode failure = ExitCode::Failure;
  std::vector<std::size_t> unused_patterns;  // by every volume so far
  std::vector<std::string> arrived;          // paths of volumes
  std::vector<std::string> missing;          // that failed

  ExitCode exit_code() const {
    if (failed > 0 && saved == 0) return failure;
    return failed > 0 || incomplete > 0 ? ExitCode::SomeFilesFailed : ExitCode::Success;
  }
};

// A PATH that cannot be read is named and does not stop the others.
void report_failed_volume(Context& context, const VolumeName& volume, const Error& error) {
  context.console.warn(error.message());
  context.console.emit(JsonObject::line("volume_failed")
                           .text("volume", volume.text())
                           .text("kind", to_string(error.kind()))
                           .text("message", error.message()));
}

constexpr std::array<std::string_view, 7> kOnlyFiles = {
    "--exclude", "--exclude-from",  "--exclude-caches", "--one-filesystem",
    "--reread",  "--reread-within", "--include-own"};
constexpr std::array<std::string_view, 8> kOnlyStreams = {
    "--parallel", "--limit-rate", "--history", "--no-snapshot",
    "--from",     "--raw",        "--decrypt", "--start-anew"};

template <std::size_t kCount>
void refuse_options(const Invocation& options, const std::array<std::string_view, kCount>& names,
                    std::string_view reason) {
  for (const auto name : names) {
    if (!options.has(name)) continue;
    throw Error(ErrorKind::InvalidArgument, fmt::format("{}: {}; leave it out", name, reason));
  }
}

void note_unused(const tree::ExcludeRules& rules, BackupOutcome& outcome) {
  const auto unused = rules.unused();
  std::erase_if(outcome.unused_patterns, [&](std::size_t index) {
    return std::find(unused.begin(), unused.end(), index) == unused.end();
  });
}

void explain_unused(Context& context, const BackupRequest& request, const BackupOutcome& outcome) {
  if (outcome.saved == 0 || request.is_stream()) return;
  for (const std::size_t index : outcome.unused_patterns) {
    const auto& pattern = request.patterns[index];
    context.console.explain(fmt::format(
        "{}exclude pattern \"{}\": matched nothing; patterns are compared with paths below PATH, "
        "or with full paths",
        pattern.source.empty() ? "" : printable(pattern.source) + ": ", printable(pattern.text)));
  }
}

// The path of the volume, as far as it can be told of what is not there.
std::string volume_path(const BackupRequest& request, const std::string& path) {
  return request.is_stream() ? "stdin:" + request.stream : name_of_source(path);
}

void back_up(Context& context, stores::RepositoryStore& store, const BackupRequest& request,
             AskedPaths& asked, const std::string& path, BackupOutcome& outcome) {
  VolumeName volume{own_host(context), volume_path(request, path)};
  try {
    SourcePath source;
    if (!request.is_stream()) source = source_path(path);
    if (!request.is_stream()) volume.path = source.path;
    VolumeBackup backup(context, store, request, asked, source);
    for (const auto& warning : backup.excludes().warnings()) context.console.warn(warning);
    const Snapshot snapshot = backup.run();
    note_unused(backup.excludes(), outcome);
    ++outcome.saved;
    outcome.arrived.push_back(volume.path);
    if (snapshot.incomplete) ++outcome.incomplete;
    report_backup(context, snapshot, backup.left_out(), request.dry_run);
    context.console.flush();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::NotFound && error.kind() != ErrorKind::PermissionDenied) throw;
    ++outcome.failed;
    outcome.failure = exit_code_for(error.kind());
    report_failed_volume(context, volume, error);
    outcome.missing.push_back(volume.path);
  }
}

// What to back up, before anything is. PATHs that are not there are not looked at yet.
std::vector<std::string> sources_of(Context& context, const BackupRequest& request) {
  if (request.is_stream()) return {""};
  const auto chosen = choose_sources(request.paths, context.options.has("--one-filesystem"));
  for (const auto& path : chosen.paths) {
    std::error_code error;
    if (path.empty() || !std::filesystem::exists(path, error)) continue;
    const std::filesystem::path place = source_path(path).path;
    // A symlink is saved as one, wherever it leads.
    const bool is_link = std::filesystem::is_symlink(place, error);
    require_outside_store(context, is_link ? place.parent_path() : place,
                          "leave it out, a store cannot back up itself");
  }
  for (const auto& warning : chosen.warnings) context.console.warn(warning);
  return chosen.paths;
}

AskedPaths asked_paths(Context& context, stores::RepositoryStore& store,
                       const BackupRequest& request, const std::vector<std::string>& paths) {
  std::vector<std::string> names;
  for (const auto& path : paths) names.push_back(volume_path(request, path));
  return {context, store, request.set, std::move(names)};
}

// What fails before the first PATH was asked for all the same. Where the store cannot be told, the
// failure that the command ends with says enough.
void await_what_cannot_begin(Context& context, const BackupRequest& request) {
  try {
    const auto store = open_repository(context, "a backup of files");
    if (request.dry_run) return;
    asked_paths(context, *store, request,
                request.is_stream() ? std::vector<std::string>{""} : request.paths)
        .await();
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::Cancelled) throw;
  }
}

BackupRequest read_request(Context& context) {
  BackupRequest request = read_backup_request(context.options);
  try {
    request.patterns = read_exclude_patterns(context.options);
  } catch (const Error&) {
    await_what_cannot_begin(context, request);
    throw;
  }
  return request;
}

void conclude(AskedPaths& asked, const BackupRequest& request, const BackupOutcome& outcome) {
  if (!request.dry_run) asked.conclude(outcome.arrived, outcome.missing);
}

void back_up_each(Context& context, stores::RepositoryStore& store, const BackupRequest& request,
                  AskedPaths& asked, const std::vector<std::string>& paths,
                  BackupOutcome& outcome) {
  std::size_t begun = 0;
  try {
    for (const auto& path : paths) {
      ++begun;
      back_up(context, store, request, asked, path, outcome);
    }
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::Cancelled) throw;
    // This one, and those that do not get their turn.
    for (std::size_t i = begun - 1; i < paths.size(); ++i) {
      outcome.missing.push_back(volume_path(request, paths[i]));
    }
    conclude(asked, request, outcome);
    throw;
  }
}

ExitCode back_up_files(Context& context) {
  refuse_options(context.options, kOnlyStreams, "is for native volumes, not for files");
  const BackupRequest request = read_request(context);
  const auto store = open_repository(context, "a backup of files");
  const auto paths = sources_of(context, request);
  AskedPaths asked = asked_paths(context, *store, request, paths);
  BackupOutcome outcome;
  for (std::size_t i = 0; i < request.patterns.size(); ++i) outcome.unused_patterns.push_back(i);
  back_up_each(context, *store, request, asked, paths, outcome);
  conclude(asked, request, outcome);
  explain_unused(context, request, outcome);
  return outcome.exit_code();
}

ExitCode back_up_volumes(Context& context, const std::vector<VolumeAddress>& volumes) {
  refuse_options(context.options, kOnlyFiles, "chooses among files, and a native stream is whole");
  const std::string store = store_text(context);
  if (!is_native_address(store)) {
    throw Error(ErrorKind::Unsupported,
                fmt::format("{}: a stream of kind {} needs a store of native snapshots, and {} is "
                            "none; give --store {}:…, or its directory to back up its files",
                            printable(volumes[0].text()), kind_name(volumes[0].kind),
                            printable(store), kind_name(volumes[0].kind)));
  }
  return replicate(context, volumes, StoreAddress::parse(store));
}

// A second tier: what one store has goes on into another.
ExitCode back_up_store(Context& context) {
  refuse_options(context.options, kOnlyFiles, "chooses among files, and a native stream is whole");
  const std::string from_text = context.options.text("--from");
  const std::string store_word = store_text(context);
  if (!is_native_address(from_text) || !is_native_address(store_word)) {
    throw Error(ErrorKind::Unsupported,
                "--from: sends native snapshots from store to store; give zfs: or btrfs: addresses "
                "for both");
  }
  const auto from = StoreAddress::parse(from_text);
  const auto store = StoreAddress::parse(store_word);
  std::vector<VolumeAddress> volumes;
  for (const auto& word : context.options.arguments) {
    if (!is_native_address(word)) {
      throw Error(ErrorKind::InvalidArgument,
                  fmt::format("{}: names no volume of a store; give one such as web1:{}:NAME",
                              printable(word), kind_name(from.kind)));
    }
    volumes.push_back(VolumeAddress::parse(word));
  }
  return replicate_store(context, from, volumes, store);
}

ExitCode run_backup(Context& context) {
  if (context.options.has("--from")) return back_up_store(context);
  std::vector<VolumeAddress> volumes;
  // What follows --stdin-command is a command, whatever it looks like.
  if (context.options.has("--stdin-command")) return back_up_files(context);
  for (const auto& word : context.options.arguments) {
    if (is_native_address(word)) volumes.push_back(VolumeAddress::parse(word));
  }
  if (volumes.empty()) return back_up_files(context);
  if (volumes.size() < context.options.arguments.size() || context.options.has("--stdin")) {
    throw Error(ErrorKind::InvalidArgument,
                "backup: native volumes and files go into different stores; back them up in two "
                "runs");
  }
  return back_up_volumes(context, volumes);
}

}  // namespace

const CommandSpec& backup_command() {
  static const CommandSpec spec = {
      .name = "backup",
      .summary = "back up directory trees, files, a stream, or native volumes",
      .description =
          "Makes a snapshot of each PATH, which is a volume of its own, named by this host and "
          "its absolute path; --host goes on under the old name of a host that has a new one. Two "
          "machines "
          "of one name that back up the same PATH are told apart by machine-id(5), and the backup "
          "warns of them. What "
          "did not change since the newest snapshot of the same volume "
          "and set is not read again, but for a share of it that --reread-within sets. PATH itself "
          "is not followed if it is a symlink, but LINK/ and LINK/. are the directory that it "
          "leads "
          "to; the store and the cache are left out where they lie below it, and what lies in the "
          "store is refused. A PATH that is given twice is saved once.\n\n"
          "Patterns are those of gitignore: without a slash they are compared with names, with one "
          "with paths below PATH, and where they begin with a slash, or with ~/, also with full "
          "paths. '?' and '[...]' are one character. What can never match is refused; what matched "
          "nothing is told with --verbose.\n\n"
          "A file is read to its end, whatever size it has by what is said. "
          "A file that cannot be read is named and left out, one that keeps changing or "
          "ends early is kept as it was read, and so is one whose attributes cannot be read; then "
          "the snapshot is marked as incomplete and the exit code is 3. A PATH "
          "that cannot be read does not stop the others: the exit code is 3 if others were "
          "saved, else 1. A directory in it that was a mount point at the last backup, and is "
          "empty "
          "and none now, is one whose disk is away: it is named and left out, and the snapshot is "
          "incomplete; with --one-filesystem nothing of that disk was wanted. What was asked for "
          "and never arrived, a PATH or native volumes, is "
          "remembered in the store, and 'check' names it.\n\n"
          "Interrupted, by a signal or a crash, it leaves no snapshot, but the next run does not "
          "store again what was stored already. Any number of backups may run at once, also "
          "while others prune and verify.\n\n"
          "Instead of PATHs, native volumes may be given by their addresses, "
          "[[USER@]HOST:]zfs:DATASET or [[USER@]HOST:]btrfs:DIR, with a store of the same kind: "
          "each is frozen in a snapshot, and what changed since the newest snapshot that both "
          "sides have crosses as a stream. '*' and '?' stand for parts of names, '/**' at the end "
          "for the volume and all below it. Nothing is rolled back or forced: a volume that "
          "diverged is reported, and --start-anew begins a new copy beside the old one; that is "
          "done by itself, with a warning, for a subvolume which has nothing in common with its "
          "copy any more and for a copy that was changed. A pattern that covers nothing is a "
          "failure. The streams of btrfs do not carry the flags of files (immutable, append-only, "
          "no copy-on-write), which a backup of the tree keeps. A volume "
          "that fails does not stop the others: the exit code is 3 if others went well, else that "
          "of the first failure, mostly 1. "
          "Interrupted anywhere, the next run carries on by itself.",
      .arguments = {{.name = "PATH",
                     .help = "a directory, any other file, or the address of native volumes",
                     .kind = WordKind::File,
                     .required = false,
                     .repeatable = true}},
      .options =
          {{.name = "--stdin",
            .value = "NAME",
            .help = "back up standard input as the volume HOST:stdin:NAME of one file; if "
                    "what writes it can fail, use --stdin-command"},
           {.name = "--stdin-command",
            .value = "NAME",
            .help = "the same with the output of the command after \"--\", which is run "
                    "without a shell; if it fails, no snapshot is made and the exit code is 1"},
           {.name = "--allow-empty",
            .help = "keep a stream without a single byte; a PATH that is empty now, though its "
                    "last snapshot is not, a mount point that is none now and empty or without "
                    "most of what was there, and a pattern that covers no native volume are no "
                    "failure, either"},
           {.name = "--set",
            .value = "NAME",
            .help = "the chain of backups that this one belongs to",
            .fallback = "default"},
           {.name = "--exclude",
            .value = "PATTERN",
            .help = "leave out what matches, without reading it",
            .repeatable = true},
           {.name = "--exclude-from",
            .value = "FILE",
            .help = "the same with the patterns in FILE, one in a line; those of --exclude "
                    "decide after them",
            .kind = WordKind::File,
            .repeatable = true},
           {.name = "--exclude-caches",
            .help = "leave out the content of directories with a CACHEDIR.TAG"},
           {.name = "--one-filesystem",
            .help = "leave out what is mounted below PATH, and volumes of their own there"},
           {.name = "--include-own",
            .help = "take in other stores, mounts and snapshots of Snapferry below PATH"},
           {.name = "--reread",
            .help = "read unchanged files, too, and name those whose content changed without "
                    "a new time"},
           {.name = "--reread-within",
            .value = "DURATION",
            .help = "read every unchanged file again once in DURATION, a share of them in "
                    "each backup; or 'never'",
            .fallback = "90d"},
           {.name = "--parallel",
            .value = "N",
            .help = "how many native volumes are sent at once",
            .fallback = "2"},
           {.name = "--limit-rate",
            .value = "RATE",
            .help = "bytes per second of all streams together, such as 500K or 10M"},
           {.name = "--history",
            .value = "WHICH",
            .help = "which snapshots that others took of native volumes come along: all, "
                    "those from the first backup on (new), or none (own)",
            .fallback = "all"},
           {.name = "--no-snapshot",
            .help = "take no snapshot of native volumes and change nothing there; send "
                    "those that there are"},
           {.name = "--from",
            .value = "STORE",
            .help = "send on what another store of native snapshots has, with its history "
                    "and under the same names; PATHs such as web1:zfs:tank/home choose"},
           {.name = "--raw",
            .help = "send encrypted ZFS datasets as they are, their key stays here; new "
                    "copies begin so without it, too"},
           {.name = "--decrypt",
            .help = "send encrypted ZFS datasets decrypted: the store can read them"},
           {.name = "--start-anew",
            .help = "where a copy cannot go on, set it aside and begin a new one with a "
                    "full stream"},
           {.name = "--dry-run",
            .letter = 'n',
            .help = "say what would be added or sent, and why, and write nothing"}},
      .examples =
          {{"snapferry backup /home --store repo:/srv/backups", "a snapshot of /home"},
           {"snapferry backup /home /etc --exclude '*.tmp' --exclude /alice/Downloads/",
            "two volumes, the store taken from SNAPFERRY_STORE"},
           {"snapferry backup --stdin-command shop.sql --store repo:/srv/backups -- pg_dump shop",
            "a database dump as a volume of one file, kept only if pg_dump succeeds"},
           {"snapferry backup 'zfs:tank/**' --store zfs:backup/snapferry",
            "a pool, each dataset by its changes alone"},
           {"snapferry backup root@web1:btrfs:/home --store btrfs:/mnt/backup/snapferry",
            "a subvolume of another machine"},
           {"snapferry backup --from zfs:backup/snapferry --store zfs:offsite/snapferry",
            "a second tier: all that the first store has"}},
      .run = run_backup};
  return spec;
}

}  // namespace snapferry::cli
