#include "simplesnap/client_options.h"

#include <functional>
#include <map>
#include <string_view>

#include <fmt/format.h>

#include "core/error.h"
#include "simplesnap/request.h"
#include "zfs/dataset_name.h"

namespace snapferry::simplesnap {
namespace {

[[noreturn]] void refuse_options(const std::string& message) {
  throw Error(ErrorKind::InvalidArgument, message);
}

std::vector<std::string> split(const std::string& option, std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const auto blank = text.find(' ');
    if (blank != 0) words.emplace_back(text.substr(0, blank));
    text.remove_prefix(blank == std::string_view::npos ? text.size() : blank + 1);
  }
  if (words.empty()) refuse_options(option + ": names no command");
  return words;
}

void check_dataset(const std::string& option, const std::string& name) {
  if (!zfs::is_dataset_name(name) || name.find(' ') != std::string::npos)
    refuse_options(fmt::format("{} '{}': is not the name of a dataset", option, name));
}

void check(const ClientOptions& options) {
  if (options.store.empty())
    refuse_options("--store is missing: the dataset that keeps the backups");
  check_dataset("--store", options.store);
  if (options.set.empty()) refuse_options("--setname is missing: the name of the chain of backups");
  if (!is_set_name(options.set))
    refuse_options("--setname '" + options.set + "': a set's name is made of letters and digits");
  const bool all_hosts = !options.check.empty() || options.reap_only;
  if (options.host.empty() && !all_hosts)
    refuse_options("--host is missing: what is to be backed up");
  const bool host_is_name = zfs::is_name_part(options.host) && options.host.front() != '-' &&
                            options.host.find(' ') == std::string::npos && options.host != "." &&
                            options.host != "..";
  if (!options.host.empty() && !host_is_name)
    refuse_options("--host '" + options.host +
                   "': is no name for a host; give it one in ~/.ssh/config");
  if (!options.dataset_dest.empty()) {
    if (options.backup_dataset.empty()) refuse_options("--datasetdest needs --backupdataset");
    check_dataset("--datasetdest", options.dataset_dest);
  }
  if (!options.backup_dataset.empty() && !is_dataset_name(options.backup_dataset))
    refuse_options("--backupdataset '" + options.backup_dataset +
                   "': not a name the protocol can carry");
}

}  // namespace

ClientOptions parse_client_options(const std::vector<std::string>& words) {
  ClientOptions options;
  using Setter = std::function<void(const std::string& name, const std::string& value)>;
  auto text = [](std::string& target) {
    return [&target](const std::string&, const std::string& value) { target = value; };
  };
  auto command = [](std::vector<std::string>& target) {
    return [&target](const std::string& name, const std::string& value) {
      target = split(name, value);
    };
  };
  const std::map<std::string, Setter, std::less<>> with_value = {
      {"--sshcmd", command(options.ssh_command)},
      {"--wrapcmd", command(options.wrap_command)},
      {"--receivecmd", command(options.receive_command)},
      {"--store", text(options.store)},
      {"--setname", text(options.set)},
      {"--host", text(options.host)},
      {"--backupdataset", text(options.backup_dataset)},
      {"--datasetdest", text(options.dataset_dest)},
      {"--check", text(options.check)},
      {"--limit", [&](const std::string&, const std::string& value) {
         const auto rate = parse_rate(value);
         if (!rate) refuse_options("--limit '" + value + "': bytes a second, such as 500k or 20M");
         options.limit = *rate;
       }}};
  const std::map<std::string, bool*, std::less<>> alone = {{"--local", &options.local},
                                                           {"--noreap", &options.no_reap},
                                                           {"--reaponly", &options.reap_only}};
  for (auto word = words.begin(); word != words.end(); ++word) {
    if (const auto flag = alone.find(*word); flag != alone.end()) {
      *flag->second = true;
      continue;
    }
    const auto setter = with_value.find(*word);
    if (setter == with_value.end())
      refuse_options("'" + *word + "': is not an option of simplesnap");
    if (std::next(word) == words.end() || std::next(word)->empty())
      refuse_options(*word + ": needs a value behind it");
    setter->second(*word, *std::next(word));
    ++word;
  }
  check(options);
  return options;
}

std::string client_usage() {
  return R"(usage: simplesnap --store STORE --setname NAME --host HOST [--local] [--sshcmd COMMAND]
           [--wrapcmd COMMAND] [--receivecmd COMMAND] [--noreap] [--limit RATE]
           [--backupdataset DATASET [--datasetdest DEST]]
       simplesnap --check TIMEFRAME --store STORE --setname NAME [--host HOST]
       simplesnap --reaponly --store STORE --setname NAME [--host HOST]
)";
}

}  // namespace snapferry::simplesnap
