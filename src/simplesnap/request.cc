#include "simplesnap/request.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include <fmt/format.h>

#include "core/error.h"
#include "zfs/dataset_name.h"

namespace snapferry::simplesnap {
namespace {

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_allowed(char c) {
  return is_alphanumeric(c) || std::string_view("_/.:- ").find(c) != std::string_view::npos;
}

[[noreturn]] void refuse_request(std::string_view what) {
  throw Error(
      ErrorKind::InvalidArgument,
      fmt::format("{}; only listfs, sendback SET DATASET and reap SET DATASET are served", what));
}

// Never shows the peer's bytes: the message goes into a log, and onto terminals.
std::vector<std::string_view> split(std::string_view line) {
  if (line.size() > kMaximalCommandLine) refuse_request("the command is too long");
  if (!std::all_of(line.begin(), line.end(), is_allowed))
    refuse_request("the command has a character that is not allowed");
  if (line.find("..") != std::string_view::npos) refuse_request("the command has '..' in it");
  std::vector<std::string_view> words;
  while (true) {
    const auto blank = line.find(' ');
    words.push_back(line.substr(0, blank));
    if (words.back().empty()) refuse_request("the command has a blank too many");
    if (blank == std::string_view::npos) return words;
    line.remove_prefix(blank + 1);
  }
}

std::uint64_t unit(char c) {
  switch (c) {
    case 'k':
      return std::uint64_t{1} << 10;
    case 'M':
      return std::uint64_t{1} << 20;
    case 'G':
      return std::uint64_t{1} << 30;
    case 'T':
      return std::uint64_t{1} << 40;
    default:
      return 0;
  }
}

}  // namespace

bool is_set_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         std::all_of(text.begin(), text.end(), is_alphanumeric);
}

bool is_dataset_name(std::string_view text) {
  return zfs::is_dataset_name(text) && std::all_of(text.begin(), text.end(), is_allowed) &&
         text.find(' ') == std::string_view::npos && text.find("..") == std::string_view::npos;
}

std::optional<std::uint64_t> parse_rate(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::uint64_t factor = unit(text.back());
  if (factor == 0)
    factor = 1;
  else
    text.remove_suffix(1);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value == 0) return std::nullopt;
  if (value > std::numeric_limits<std::uint64_t>::max() / factor) return std::nullopt;
  return value * factor;
}

Request parse_words(const std::vector<std::string_view>& words) {
  Request request;
  if (words.empty()) refuse_request("no verb");
  if (words[0] == "listfs" && words.size() == 1) return request;
  if (words[0] == "sendback" && (words.size() == 3 || words.size() == 4))
    request.verb = Verb::SendBack;
  else if (words[0] == "reap" && words.size() == 3)
    request.verb = Verb::Reap;
  else
    refuse_request("an unknown verb, or the wrong number of words behind it");
  if (!is_set_name(words[1])) refuse_request("a set's name is made of letters and digits");
  if (!is_dataset_name(words[2])) refuse_request("not the name of a dataset");
  request.set = words[1];
  request.dataset = words[2];
  if (words.size() == 4) {
    const auto rate = parse_rate(words[3]);
    if (!rate) refuse_request("a limit is a number of bytes a second, such as 500k");
    request.limit = *rate;
  }
  return request;
}

Request parse_command(std::string_view line) {
  auto words = split(line);
  if (words[0].front() == '-') refuse_request("an option where a program's name belongs");
  words.erase(words.begin());
  return parse_words(words);
}

}  // namespace snapferry::simplesnap
