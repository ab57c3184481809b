#include "zfs/host_memory.h"

#include <algorithm>
#include <optional>

#include "core/error.h"
#include "zfs/command_failure.h"
#include "zfs/expected_record.h"
#include "zfs/listing.h"

namespace snapferry::zfs {

using Names = std::vector<std::string>;

void HostMemory::record_unchanged(const std::string& set, std::int64_t time,
                                  const std::vector<VolumeName>& volumes) {
  if (volumes.empty()) return;
  const auto& host = volumes.front().host;
  const auto dataset = layout_.host_dataset(host);
  std::vector<Guid> unchanged;
  for (const auto& volume : volumes) {
    auto replica = known_.replica(volume);
    if (!replica || replica->points.empty()) {
      look_.list(dataset);
      replica = known_.replica(volume);
    }
    if (!replica || replica->points.empty()) {
      throw Error(ErrorKind::NotFound,
                  volume.text() + ": " + look_.name() + " has no backup of it");
    }
    unchanged.push_back(replica->points.back().guid);
  }
  const auto before = known_.memory(host);
  auto record = before.value_or(UnchangedRecord{});
  record.record(set, time, unchanged, known_.newest_snapshots(host));
  auto parts = record.parts();
  if (before) parts.resize(std::max(parts.size(), before->parts().size()));
  Names argv = {"zfs", before ? "set" : "snapshot"};
  for (std::size_t part = 0; part < parts.size(); ++part) {
    if (!before) argv.emplace_back("-o");
    argv.push_back(UnchangedRecord::property(part) + "=" + parts[part]);
  }
  argv.push_back(dataset + "@" + std::string(kMemory));
  run_command(commands_, argv);
  const auto expected = known_.expectations();
  known_.remember_memory(host, std::move(record),
                         expected.contains(host) ? expected.at(host) : HostExpectations());
}

Expectations HostMemory::expectations(const std::string& host) {
  const auto root = host.empty() ? layout_.store() : layout_.host_dataset(host);
  if (!known_.has_listing_of(root)) look_.list(root);
  auto found = known_.expectations();
  std::erase_if(found, [&](const auto& one) {
    return one.second.empty() || (!host.empty() && one.first != host);
  });
  return found;
}

// Whoever writes at the same time may take back what was written here: so it is looked at again.
std::vector<VolumeFailure> HostMemory::change_expectations(const std::string& host,
                                                           const ExpectationChange& change) {
  constexpr int kTries = 4;
  for (int tries = 0; tries < kTries; ++tries) {
    if (tries > 0 || known_.memory(host)) look_at_memory(host);
    const auto found = expectations(host);
    const auto before = found.contains(host) ? found.at(host) : HostExpectations();
    auto after = changed(before, change, ExpectedRecord::room());
    if (after.now == before) return std::move(after.left_out);
    try {
      write_expected(host, before, after.now);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::AlreadyExists) throw;
    }
  }
  throw Error(ErrorKind::Busy, look_.name() + ": what is expected of " + host +
                                   " is changed by others again and again; run it again");
}

void HostMemory::look_at_memory(const std::string& host) {
  auto request = store_listing(layout_.host_dataset(host) + "@" + std::string(kMemory));
  request.recursive = false;
  const auto listing = run_list(commands_, request);
  const auto contents = parse_store_rows(listing.rows, layout_);
  for (const auto& [name, memory] : contents.memories) {
    known_.remember_memory(name, memory, contents.expectations.at(name));
  }
}

void HostMemory::write_expected(const std::string& host, const HostExpectations& before,
                                const HostExpectations& after) {
  const auto dataset = layout_.host_dataset(host);
  const bool is_there = known_.memory(host).has_value();
  auto parts = ExpectedRecord::parts(after);
  parts.resize(std::max(parts.size(), ExpectedRecord::parts(before).size()));
  if (!is_there) places_.make_parents(dataset + "/volume");
  Names argv = {"zfs", is_there ? "set" : "snapshot"};
  for (std::size_t part = 0; part < parts.size(); ++part) {
    if (!is_there) argv.emplace_back("-o");
    argv.push_back(ExpectedRecord::property(part) + "=" + parts[part]);
  }
  argv.push_back(dataset + "@" + std::string(kMemory));
  run_command(commands_, argv);
}

}  // namespace snapferry::zfs
