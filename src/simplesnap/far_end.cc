#include "simplesnap/far_end.h"

#include <cerrno>

#include <fmt/format.h>
#include <unistd.h>

#include "core/error.h"
#include "zfs/dataset_name.h"

namespace snapferry::simplesnap {
namespace {

constexpr std::size_t kMaximalListing = 64u << 20;

Error far_error(const std::vector<std::string>& argv, const platform::ExitReport& exit) {
  return platform::command_error(
      argv, exit, exit.status == 10 ? "the wrapper there refused; its system log says why" : "");
}

class FarStream : public Stream {
 public:
  FarStream(std::unique_ptr<platform::Child> child, std::vector<std::string> argv)
      : child_(std::move(child)), argv_(std::move(argv)) {}

  std::size_t read(std::span<std::uint8_t> buffer) override {
    while (true) {
      const auto size = ::read(child_->output(), buffer.data(), buffer.size());
      if (size >= 0) return static_cast<std::size_t>(size);
      if (errno != EINTR) throw system_error(errno, "read what the far end sends", argv_[0]);
    }
  }
  void finish() override {
    const auto exit = child_->wait();
    if (!exit.ok()) throw far_error(argv_, exit);
  }
  int pipe() const override { return child_->output(); }

 private:
  std::unique_ptr<platform::Child> child_;
  std::vector<std::string> argv_;
};

}  // namespace

std::vector<std::string> parse_names(std::string_view text) {
  std::vector<std::string> names;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto name = text.substr(0, end);
    if (end == std::string_view::npos || !zfs::is_dataset_name(name)) {
      throw Error(ErrorKind::Corrupt,
                  fmt::format("listfs: line {} of the answer is not the name of a dataset; run the "
                              "wrapper on the far end by hand",
                              names.size() + 1));
    }
    names.emplace_back(name);
    text.remove_prefix(end + 1);
  }
  return names;
}

FarEnd::FarEnd(platform::Commands& commands, const ClientOptions& options,
               const Cancellation* cancellation)
    : commands_(commands), options_(options), cancellation_(cancellation) {}

// A local wrapper is called as the stock wrapper calls itself behind ssh.
std::vector<std::string> FarEnd::arguments(std::vector<std::string> words) const {
  std::vector<std::string> argv;
  if (options_.local) {
    argv = options_.wrap_command;
    argv.insert(argv.end(), {"reinvoked", "simplesnapwrap"});
  } else {
    argv = options_.ssh_command;
    argv.push_back(options_.host);
    argv.insert(argv.end(), options_.wrap_command.begin(), options_.wrap_command.end());
  }
  argv.insert(argv.end(), words.begin(), words.end());
  return argv;
}

std::string FarEnd::run(const std::vector<std::string>& words) {
  const auto argv = arguments(words);
  auto output = commands_.run(argv, {}, kMaximalListing, cancellation_);
  if (!output.exit.ok()) throw far_error(argv, output.exit);
  return std::move(output.text);
}

std::vector<std::string> FarEnd::list() { return parse_names(run({"listfs"})); }

std::unique_ptr<Stream> FarEnd::send_back(const std::string& set, const std::string& dataset) {
  const auto argv = arguments({"sendback", set, dataset});
  return std::make_unique<FarStream>(commands_.start(argv, {.output = true}), argv);
}

void FarEnd::reap(const std::string& set, const std::string& dataset) {
  run({"reap", set, dataset});
}

}  // namespace snapferry::simplesnap
