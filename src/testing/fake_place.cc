#include "testing/fake_place.h"

#include <utility>

#include "testing/fake_store.h"
#include "testing/fake_target.h"

namespace snapferry::testing {
namespace {

class FakePlace : public ReplicationPlace {
 public:
  explicit FakePlace(FakeKind kind) : host_(kind), disk_(kind) {}

  std::unique_ptr<Source> source() override { return std::make_unique<FakeSource>(host_); }
  std::unique_ptr<Store> store() override { return std::make_unique<FakeStore>(disk_); }
  std::unique_ptr<VolumeTarget> target() override { return std::make_unique<FakeTarget>(host_); }
  std::string volume(std::string_view name) override { return parent() + std::string(name); }
  std::string pattern() override { return parent() + "*"; }
  void make(const std::string& name) override { host_.make(volume(name)); }
  void write(const std::string& name, const std::string& file,
             const std::string& content) override {
    host_.write(volume(name), file, content);
  }
  void snapshot(const std::string& name, const std::string& snapshot) override {
    host_.snapshot(volume(name), snapshot);
  }
  void remove_snapshot(const std::string& name, const std::string& snapshot) override {
    Point point;
    point.name = snapshot;
    host_.remove(volume(name), point);
  }
  void rename(const std::string& from, const std::string& to) override {
    host_.rename(volume(from), volume(to));
  }
  void destroy(const std::string& name) override { host_.destroy(volume(name)); }
  bool exclude(const std::string& name) override {
    host_.set_excluded(volume(name), true);
    return true;
  }
  bool set_property(const std::string& name, const std::string& property,
                    const std::string& value) override {
    if (host_.kind() == FakeKind::Btrfs) return false;
    host_.set_property(volume(name), property, value);
    return true;
  }
  bool hold(const std::string& name, const std::string& snapshot, const std::string& tag) override {
    if (host_.kind() == FakeKind::Btrfs) return false;
    host_.hold(volume(name), snapshot, tag);
    return true;
  }
  bool let_weeks_pass() override {
    disk_.let_weeks_pass();
    return true;
  }
  PlaceFiles replica_files(const VolumeName& replica, const std::string& snapshot) override {
    return disk_.files_of(replica, snapshot);
  }

 private:
  std::string parent() const {
    return host_.kind() == FakeKind::Zfs ? "zfs:pool/" : "btrfs:/pool/";
  }

  FakeHost host_;
  FakeDisk disk_;
};

}  // namespace

std::unique_ptr<ReplicationPlace> make_fake_place(FakeKind kind) {
  return std::make_unique<FakePlace>(kind);
}

}  // namespace snapferry::testing
