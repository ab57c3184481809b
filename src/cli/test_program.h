#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>

#include "blob/local_storage.h"
#include "cli/run.h"
#include "core/wall_time.h"
#include "platform/clock.h"
#include "testing/observed_storage.h"

// For tests of this room only: the whole program in process, in a world of its own.
namespace snapferry::cli {

// Stands still until it is told otherwise; whole seconds.
class StoppedClock : public platform::Clock {
 public:
  Timestamp now() override { return {seconds_, 0}; }
  void set(std::int64_t seconds) { seconds_ = seconds; }
  void advance(Duration duration) { seconds_ += duration.seconds; }

 private:
  std::int64_t seconds_ = 1'772'366'400;
};

// What a program asked of its store: "list snapshots", "put packs/3f…", in order.
class StorageLog {
 public:
  void add(std::string line) {
    const std::lock_guard lock(mutex_);
    lines_.push_back(std::move(line));
  }
  std::vector<std::string> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(lines_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

// A directory whose files get their times from `clock`, as if the machine that has them ran by it.
class DatedStorage : private std::unique_ptr<blob::LocalStorage>, public testing::ObservedStorage {
 public:
  DatedStorage(const std::string& directory, platform::Clock& clock, StorageLog& log)
      : std::unique_ptr<blob::LocalStorage>(blob::LocalStorage::open(directory)),
        ObservedStorage(**this),
        directory_(directory),
        clock_(clock),
        log_(log) {}

 protected:
  Ticket before(testing::Verb verb, std::string_view name) override {
    log_.add(std::string(testing::to_string(verb)) + " " + std::string(name));
    return 0;
  }
  void after(Ticket, testing::Verb verb, std::string_view name, std::uint64_t) override {
    if (verb != testing::Verb::Put && verb != testing::Verb::PutNew) return;
    const timespec now{static_cast<time_t>(clock_.now().seconds), 0};
    const timespec times[2] = {now, now};
    ::utimensat(AT_FDCWD, (directory_ + "/" + std::string(name)).c_str(), times, 0);
  }

 private:
  const std::string directory_;
  platform::Clock& clock_;
  StorageLog& log_;
};

class StringOutput : public Output {
 public:
  void write(std::string_view text) override { text_ += text; }
  std::string text_;
};

struct Outcome {
  int code = 0;
  std::string out;
  std::string err;
};

// Runs command lines on the host "box" at 2026-03-01T12:00:00Z.
class TestProgram {
 public:
  std::map<std::string, std::string> environment;
  std::vector<std::string> secrets;  // what is typed, one after the other
  std::vector<std::string> answers;  // to questions, in order; none: there is no terminal
  StoppedClock clock;
  StoppedClock* store_clock = nullptr;  // that of the machine with the store, if it has its own
  StorageLog storage_log;               // of all runs
  Cancellation cancellation;
  int input = -1;
  ObjectId machine;  // zeros: one that is not told from others
  // Null: no source and no store with native snapshots.
  std::function<std::unique_ptr<stores::Endpoints>(const stores::EndpointOptions&)> endpoints;

  Outcome run(std::vector<std::string> args) {
    StringOutput out, err;
    std::size_t asked = 0;
    Io io{.input = input,
          .out = out,
          .err = err,
          .host = "box",
          .machine = [this] { return machine; },
          .clock = clock,
          .cancellation = cancellation,
          .environment = [this](const std::string& name) -> std::optional<std::string> {
            const auto found = environment.find(name);
            if (found == environment.end()) return std::nullopt;
            return found->second;
          },
          .ask_secret = [&](std::string_view) -> std::string {
            if (asked == secrets.size()) {
              throw Error(ErrorKind::WrongPassword, "no password given; set SNAPFERRY_PASSWORD");
            }
            return secrets[asked++];
          },
          .ask = [&](std::string_view) -> std::optional<std::string> {
            if (answers.empty()) return std::nullopt;
            std::string answer = answers.front();
            answers.erase(answers.begin());
            return answer;
          },
          .storage = [this](const std::string& directory) -> std::unique_ptr<blob::Storage> {
            return std::make_unique<DatedStorage>(
                directory, store_clock != nullptr ? *store_clock : clock, storage_log);
          },
          .endpoints = endpoints};
    const int code = cli::run(args, io);
    return {code, out.text_, err.text_};
  }
};

}  // namespace snapferry::cli
