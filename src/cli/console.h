#pragma once

#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "cli/io.h"
#include "cli/json.h"
#include "core/progress.h"

namespace snapferry::cli {

// What the commands say, and to whom: results to standard output, either as lines for
// people or as JSON Lines, the rest to standard error. Safe from several threads.
class Console {
 public:
  enum class Verbosity { Quiet, Normal, Verbose };

  Console(Io& io, bool json, Verbosity verbosity)
      : io_(io), json_mode_(json), verbosity_(verbosity) {}

  // By default results that nobody reads any more are dropped; from now on, printing one
  // throws BrokenPipe.
  void end_with_reader() { ends_with_reader_ = true; }

  bool json_mode() const { return json_mode_; }
  bool quiet() const { return verbosity_ == Verbosity::Quiet; }
  bool verbose() const { return verbosity_ == Verbosity::Verbose; }

  // A result for people: not printed with --json. `text` has its newlines; what else could command
  // a terminal is escaped, if whoever made the text forgot that. Names go through printable().
  void print(std::string_view text);
  // The same, but only where --quiet was not given.
  void say(std::string_view text);
  // A result for machines: printed only with --json.
  void emit(const JsonObject& object);
  // Bytes as they are, for `cat`; standard output whatever the mode.
  void raw(std::string_view bytes);

  // One line on standard error: "snapferry: TEXT". Given --quiet too.
  void warn(std::string_view text);
  // The same, unless this text was said before.
  void warn_once(std::string_view text);
  // As warn() with --verbose only.
  void explain(std::string_view text);

  // Shows `line` as the last line of the terminal until it is replaced, or cleared with
  // an empty line. Only where standard error is a terminal.
  void status(std::string_view line);

  void flush();
  // The same when nothing more comes; throws where a file fails only then.
  void finish();

 private:
  void write_error(std::string_view text);
  void after_output();
  std::string cleared() const;
  void write_result(std::string_view text);

  std::mutex mutex_;
  Io& io_;
  const bool json_mode_;
  const Verbosity verbosity_;
  bool ends_with_reader_ = false;
  std::string status_;
  std::set<std::string, std::less<>> said_once_;
};

// Names each file that could not be handled: "snapferry: VOLUME: PATH: MESSAGE", and
// with --json as an object of type "problem".
class ProblemPrinter : public ProblemSink {
 public:
  ProblemPrinter(Console& console, std::string volume)
      : console_(console), volume_(std::move(volume)) {}
  void problem(std::string_view path, std::string_view message) override;

 private:
  Console& console_;
  const std::string volume_;
};

}  // namespace snapferry::cli
