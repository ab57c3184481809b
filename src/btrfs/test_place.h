#pragma once

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "btrfs/create_store.h"
#include "btrfs/source.h"
#include "btrfs/store.h"
#include "btrfs/target.h"
#include "testing/btrfs_image.h"
#include "testing/replication_place.h"

namespace snapferry::btrfs {

// Volumes and a store on one real btrfs, so that every snapshot is there several times.
class BtrfsPlace : public testing::ReplicationPlace {
 public:
  BtrfsPlace() {
    std::filesystem::create_directory(image_ / "source");
    std::filesystem::create_directory(image_ / "admin");
    create_store(image_ / "store");
  }

  std::unique_ptr<Source> source() override { return std::make_unique<BtrfsSource>(); }
  std::unique_ptr<Store> store() override { return std::make_unique<BtrfsStore>(image_ / "store"); }
  std::unique_ptr<VolumeTarget> target() override { return std::make_unique<BtrfsTarget>(); }
  std::string volume(std::string_view name) override { return "btrfs:" + path(name); }
  std::string pattern() override { return "btrfs:" + (image_ / "source/*"); }

  void make(const std::string& name) override {
    testing::BtrfsImage::btrfs({"subvolume", "create", path(name)});
  }
  void write(const std::string& name, const std::string& file,
             const std::string& content) override {
    std::ofstream(path(name) + "/" + file, std::ios::binary) << content;
  }
  void snapshot(const std::string& name, const std::string& snapshot) override {
    std::filesystem::create_directory(image_ / ("admin/" + name));
    testing::BtrfsImage::btrfs(
        {"subvolume", "snapshot", "-r", path(name), image_ / ("admin/" + name + "/" + snapshot)});
  }
  void remove_snapshot(const std::string& name, const std::string& snapshot) override {
    remove_snapshots(name, [&](const std::string& path) { return path.ends_with("/" + snapshot); });
  }
  void rename(const std::string& from, const std::string& to) override {
    std::filesystem::rename(path(from), path(to));
  }
  void destroy(const std::string& name) override {
    remove_snapshots(name, [](const std::string&) { return true; });
    testing::BtrfsImage::btrfs({"subvolume", "delete", path(name)});
  }
  bool exclude(const std::string& name) override {
    testing::BtrfsImage::run({"setfattr", "-n", "user.snapferry.exclude", "-v", "on", path(name)});
    return true;
  }
  bool hold(const std::string&, const std::string&, const std::string&) override { return false; }

  testing::PlaceFiles replica_files(const VolumeName& replica,
                                    const std::string& snapshot) override {
    std::string escaped;
    for (const char character : replica.path.substr(std::string("btrfs:/").size())) {
      escaped += character == '/' ? std::string("%2F") : std::string(1, character);
    }
    testing::PlaceFiles files;
    const auto directory = image_ / ("store/" + replica.host + "/" + escaped + "/" + snapshot);
    for (const auto& entry : std::filesystem::directory_iterator(directory)) {
      if (!entry.is_regular_file()) continue;
      std::stringstream content;
      content << std::ifstream(entry.path(), std::ios::binary).rdbuf();
      files[entry.path().filename()] = content.str();
    }
    return files;
  }

  testing::BtrfsImage& image() { return image_; }
  std::string path(std::string_view name) const {
    return image_.path() + "/source/" + std::string(name);
  }

 private:
  static std::string value_of(const std::string& text, const std::string& key) {
    const auto at = text.find(key);
    if (at == text.npos) return "";
    std::istringstream rest(text.substr(at + key.size()));
    std::string value;
    rest >> value;
    return value;
  }

  // Of all with the volume as parent, those whose path `which` likes.
  template <typename Which>
  void remove_snapshots(const std::string& name, Which which) {
    const auto uuid =
        value_of(testing::BtrfsImage::btrfs({"subvolume", "show", path(name)}), "UUID:");
    std::istringstream lines(
        testing::BtrfsImage::btrfs({"subvolume", "list", "-q", image_.path()}));
    for (std::string line; std::getline(lines, line);) {
      if (value_of(line, "parent_uuid ") != uuid) continue;
      const auto snapshot = image_ / line.substr(line.find(" path ") + 6);
      if (which(snapshot)) testing::BtrfsImage::btrfs({"subvolume", "delete", snapshot});
    }
  }

  testing::BtrfsImage image_;
};

// What is written in the tick of the kernel's clock in which a snapshot was made or received bears
// the time of that (btrfs/later_change.h).
inline void let_clock_tick() {
  const auto now = [] {
    timespec time{};
    ::clock_gettime(CLOCK_REALTIME_COARSE, &time);
    return std::pair(time.tv_sec, time.tv_nsec);
  };
  const auto before = now();
  while (now() == before) {
  }
}

}  // namespace snapferry::btrfs
