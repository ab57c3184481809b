#include "zfs_place.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <signal.h>
#include <unistd.h>

#include "core/error.h"
#include "testing/source_contract.h"
#include "testing/store_contract.h"
#include "testing/target_contract.h"
#include "testing/temporary_directory.h"

namespace snapferry::testing {

std::string command(const std::vector<std::string>& argv) {
  const auto output = platform::system_commands().run(argv);
  if (!output.exit.ok()) throw platform::command_error(argv, output.exit);
  return output.text;
}

std::unique_ptr<ReplicationPlace> ZfsPlace::make_one() {
  if (::access("/dev/zfs", F_OK) != 0) return nullptr;
  return std::make_unique<ZfsPlace>();
}

void ZfsPlaceTest::SetUp() {
  auto place = ZfsPlace::make_one();
  if (!place) GTEST_SKIP() << "no OpenZFS here";
  place_.reset(static_cast<ZfsPlace*>(place.release()));
}

std::string ZfsPlaceTest::property(const std::string& dataset, const std::string& name) {
  auto value = command({"zfs", "get", "-Hp", "-o", "value", name, dataset});
  value.pop_back();
  return value;
}

ZfsPlace::ZfsPlace() {
  // As the program does: a receiver that stops is an error, not the end.
  ::signal(SIGPIPE, SIG_IGN);
  static int count = 0;
  const auto name = "/contract" + std::to_string(::getpid()) + "-" + std::to_string(++count);
  source_ = "source" + name;
  store_ = "backup" + name;
  command({"zfs", "create", source_});
  zfs::create_store(platform::system_commands(), zfs::system_pool_calls(), platform::system_clock(),
                    store_);
}

ZfsPlace::~ZfsPlace() {
  for (const auto& dataset : {source_, store_}) {
    // Held snapshots would stay.
    const auto listed = platform::system_commands().run(
        {"zfs", "list", "-Hp", "-r", "-t", "snapshot", "-o", "name,userrefs", dataset});
    std::istringstream rows(listed.text);
    for (std::string name, holds; rows >> name >> holds;) {
      if (holds == "0") continue;
      const auto tags = platform::system_commands().run({"zfs", "holds", "-H", name});
      std::istringstream fields(tags.text);
      for (std::string snapshot, tag, date;
           fields >> snapshot >> tag && std::getline(fields, date);)
        platform::system_commands().run({"zfs", "release", tag, name});
    }
    platform::system_commands().run({"zfs", "destroy", "-r", "-f", dataset});
  }
}

std::unique_ptr<Source> ZfsPlace::source() {
  return std::make_unique<zfs::ZfsSource>(platform::system_commands(), zfs::system_pool_calls());
}
std::unique_ptr<Store> ZfsPlace::store() {
  return std::make_unique<zfs::ZfsStore>(platform::system_commands(), zfs::system_pool_calls(),
                                         store_, clock_);
}
bool ZfsPlace::let_weeks_pass() {
  clock_.go_on(15 * 86400);
  return true;
}
std::unique_ptr<VolumeTarget> ZfsPlace::target() {
  return std::make_unique<zfs::ZfsTarget>(platform::system_commands());
}
std::string ZfsPlace::volume(std::string_view name) { return "zfs:" + dataset(name); }
std::string ZfsPlace::pattern() { return "zfs:" + source_ + "/**"; }

void ZfsPlace::make(const std::string& name) { command({"zfs", "create", dataset(name)}); }

void ZfsPlace::write(const std::string& name, const std::string& file, const std::string& content) {
  const auto path = "/" + dataset(name) + "/" + file;
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
  command({"zpool", "sync", "source"});
}

void ZfsPlace::snapshot(const std::string& name, const std::string& snapshot) {
  command({"zfs", "snapshot", dataset(name) + "@" + snapshot});
}
void ZfsPlace::remove_snapshot(const std::string& name, const std::string& snapshot) {
  command({"zfs", "destroy", dataset(name) + "@" + snapshot});
}
void ZfsPlace::rename(const std::string& from, const std::string& to) {
  command({"zfs", "rename", dataset(from), dataset(to)});
}
void ZfsPlace::destroy(const std::string& name) {
  command({"zfs", "destroy", "-r", dataset(name)});
}
bool ZfsPlace::exclude(const std::string& name) {
  command({"zfs", "set", "org.complete.simplesnap:exclude=on", dataset(name)});
  return true;
}
bool ZfsPlace::hold(const std::string& name, const std::string& snapshot, const std::string& tag) {
  command({"zfs", "hold", tag, dataset(name) + "@" + snapshot});
  return true;
}

std::string ZfsPlace::replica_dataset(const VolumeName& replica) const {
  return store_ + "/" + replica.host + "/" + replica.path.substr(4);
}

PlaceFiles ZfsPlace::replica_files(const VolumeName& replica, const std::string& snapshot) {
  const TemporaryDirectory directory;
  const std::string path = directory.path();
  command({"mount", "-t", "zfs", "-o", "ro", replica_dataset(replica) + "@" + snapshot, path});
  PlaceFiles files;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    std::ifstream in(entry.path(), std::ios::binary);
    files[entry.path().filename()] = {std::istreambuf_iterator<char>(in), {}};
  }
  command({"umount", path});
  return files;
}

namespace {

PlaceKind zfs_filesystems() {
  return {"Zfs", [] { return ZfsPlace::make_one(); }};
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(Zfs, SourceContract, ::testing::Values(zfs_filesystems()),
                         place_kind_name);
INSTANTIATE_TEST_SUITE_P(Zfs, StoreContract, ::testing::Values(zfs_filesystems()), place_kind_name);
INSTANTIATE_TEST_SUITE_P(Zfs, TargetContract, ::testing::Values(zfs_filesystems()),
                         place_kind_name);

}  // namespace snapferry::testing
