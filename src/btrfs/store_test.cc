// BtrfsSource and BtrfsStore on two real filesystems: what a backup and a restore keep, and what
// happens when they are interrupted.

#include "btrfs/store.h"

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <random>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <linux/btrfs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "btrfs/create_store.h"
#include "btrfs/receive.h"
#include "btrfs/restore.h"
#include "btrfs/snapshot_place.h"
#include "btrfs/source.h"
#include "btrfs/store_layout.h"
#include "btrfs/subvolume.h"
#include "btrfs/target.h"
#include "platform/fd.h"
#include "testing/btrfs_image.h"
#include "testing/cut_stream.h"
#include "testing/errors.h"

namespace snapferry::btrfs {
namespace {

using testing::BtrfsImage;
using testing::describe_tree;
using ::testing::HasSubstr;

class TwoFilesystems : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto reason = BtrfsImage::unavailable(); !reason.empty()) GTEST_SKIP() << reason;
    data_ = std::make_unique<BtrfsImage>(512);
    backup_ = std::make_unique<BtrfsImage>(512);
    create_store(*backup_ / "store");
    store_ = std::make_unique<BtrfsStore>(*backup_ / "store");
    BtrfsImage::btrfs({"subvolume", "create", root()});
  }

  std::string root() const { return *data_ / "home"; }
  std::string volume() const { return "btrfs:" + root(); }
  VolumeName replica() const { return {"web1", volume()}; }
  static std::string name(int number) {
    return "snapferry_t_2026-01-01T00:00:" + std::to_string(10 + number) + "Z";
  }
  std::string snapshot_path(const std::string& snapshot) const {
    return *data_ / (".snapferry/home/" + snapshot);
  }
  std::string replica_path(const std::string& snapshot) {
    Point point;
    for (const auto& state : store_->inventory("web1")) {
      for (const auto& each : state.points) {
        if (each.name != snapshot) continue;
        const auto view = store_->browse(state.volume, each);
        return std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(view->descriptor()));
      }
    }
    return "no " + snapshot;
  }

  void write(const std::string& file, std::string_view content) {
    std::ofstream(root() + "/" + file, std::ios::binary) << content;
  }
  static std::string noise(std::size_t size, unsigned seed) {
    std::mt19937_64 random(seed);
    std::string text(size, '\0');
    for (auto& byte : text) byte = static_cast<char>(random());
    return text;
  }

  Point freeze(int number) {
    const auto result = source_.freeze({volume()}, name(number));
    if (!result.failed.empty()) throw std::runtime_error(result.failed[0].message);
    return result.frozen.at(0).snapshot;
  }
  StreamRequest request(const Point& to, std::optional<Point> base, bool compressed = false) {
    StreamRequest request;
    request.volume = volume();
    request.to = to;
    request.base = std::move(base);
    request.features.compressed = compressed;
    return request;
  }
  ReceiveRequest into(const StreamRequest& stream) const {
    ReceiveRequest request;
    request.volume = replica();
    request.type = VolumeType::Subvolume;
    request.stream = stream;
    return request;
  }
  void back_up(const StreamRequest& wanted) {
    const auto stream = source_.send(wanted);
    store_->receive(into(wanted), *stream);
  }
  std::size_t stream_size(const StreamRequest& wanted) {
    const auto stream = source_.send(wanted);
    Bytes buffer(1 << 16);
    std::size_t total = 0;
    while (const auto size = stream->read(buffer)) total += size;
    stream->finish();
    return total;
  }
  void expect_equal(const std::string& snapshot) {
    EXPECT_EQ(describe_tree(snapshot_path(snapshot)), describe_tree(replica_path(snapshot)));
  }

  void make_everything();
  void change_at_random(std::mt19937_64& random);

  std::unique_ptr<BtrfsImage> data_, backup_;
  BtrfsSource source_;
  std::unique_ptr<BtrfsStore> store_;
};

void TwoFilesystems::make_everything() {
  namespace fs = std::filesystem;
  write("small", "text");
  write("empty", "");
  write("noise", noise(3'000'000, 1));
  write("zeros", std::string(2'000'000, '\0'));
  write("odd \n name\xff", "x");
  fs::resize_file(root() + "/small", 10'000'000);
  fs::create_directories(root() + "/a/b/c/d");
  write("a/b/c/d/deep", "deep");
  fs::create_hard_link(root() + "/small", root() + "/a/link");
  fs::create_symlink("../nowhere", root() + "/a/symlink");
  fs::create_symlink("/etc/passwd", root() + "/absolute");
  ASSERT_EQ(::mkfifo((root() + "/fifo").c_str(), 0640), 0);
  ASSERT_EQ(::mknod((root() + "/device").c_str(), S_IFBLK | 0660, makedev(7, 300)), 0);
  ASSERT_EQ(::mknod((root() + "/socket").c_str(), S_IFSOCK | 0777, 0), 0);
  BtrfsImage::run({"cp", "--reflink=always", root() + "/noise", root() + "/a/reflink"});
  BtrfsImage::run({"setfattr", "-n", "user.long", "-v", std::string(2000, 'v'), root() + "/a"});
  BtrfsImage::run({"setfattr", "-n", "trusted.t", "-v", "1", "-h", root() + "/a/symlink"});
  BtrfsImage::run({"setcap", "cap_net_raw+ep", root() + "/empty"});
  BtrfsImage::run({"setfacl", "-m", "u:1234:r", root() + "/small"});
  ASSERT_EQ(::chown((root() + "/noise").c_str(), 12, 34), 0);
  ASSERT_EQ(::chmod((root() + "/noise").c_str(), 06755), 0);
  ASSERT_EQ(::chmod(root().c_str(), 01751), 0);
  BtrfsImage::btrfs({"property", "set", root() + "/a", "compression", "zstd"});
  write("a/packed", std::string(500'000, 'p'));
  BtrfsImage::run({"touch", "-d", "2001-02-03 04:05:06.789", root() + "/a/b"});
}

TEST_F(TwoFilesystems, KeepEverythingOfAVolume) {
  make_everything();
  const auto first = freeze(1);
  back_up(request(first, std::nullopt));
  expect_equal(name(1));
  const auto point = store_->inventory("web1").at(0).points.at(0);
  EXPECT_EQ(point.guid, first.guid);
  EXPECT_TRUE(store_->verify(store_->inventory("web1").at(0), true, nullptr, nullptr).empty());
}

TEST_F(TwoFilesystems, KeepEverythingOfACompressedStream) {
  if (!source_.features().compressed || !store_->features().compressed) {
    GTEST_SKIP() << "needs version 2 of the stream (Linux 6.0)";
  }
  data_->unmount();
  data_->mount("compress-force=zstd");
  make_everything();
  write("b", std::string(5'000'000, 'b'));
  const auto first = freeze(1);
  EXPECT_LT(stream_size(request(first, std::nullopt, true)),
            stream_size(request(first, std::nullopt, false)));
  back_up(request(first, std::nullopt, true));
  expect_equal(name(1));
  for (const char* method : {"lzo", "zlib"}) {
    data_->unmount();
    data_->mount(std::string("compress-force=") + method);
    write(method, std::string(700'000, 'm') + noise(50'000, 3));
  }
  back_up(request(freeze(2), first, true));
  expect_equal(name(2));
}

TEST_F(TwoFilesystems, OfferNoCompressedStreamWhereTheStoreCannotHaveThem) {
  backup_->unmount();
  backup_->mount("nodatasum");
  EXPECT_FALSE(store_->features().compressed);
}

void TwoFilesystems::change_at_random(std::mt19937_64& random) {
  namespace fs = std::filesystem;
  std::vector<fs::path> files, directories = {root()};
  for (const auto& entry : fs::recursive_directory_iterator(root())) {
    (entry.is_directory() ? directories : files).push_back(entry.path());
  }
  const auto any = [&](const std::vector<fs::path>& paths) {
    return paths[random() % paths.size()];
  };
  const auto fresh = any(directories) / ("n" + std::to_string(random() % 1000));
  std::error_code ignored;
  switch (files.empty() ? 0 : random() % 9) {
    case 0:
      std::ofstream(fresh) << noise(random() % 200'000, static_cast<unsigned>(random()));
      break;
    case 1:
      fs::create_directory(fresh, ignored);
      break;
    case 2:
      fs::rename(any(files), fresh, ignored);
      break;
    case 3:
      fs::rename(any(directories), fresh, ignored);
      break;
    case 4:
      fs::remove_all(random() % 4 == 0 && directories.size() > 1 ? directories.back() : any(files),
                     ignored);
      break;
    case 5:
      fs::create_hard_link(any(files), fresh, ignored);
      break;
    case 6:
      fs::resize_file(any(files), random() % 300'000, ignored);
      break;
    case 7:
      BtrfsImage::run(
          {"cp", "--reflink=always", "--no-dereference", any(files), fresh.string() + "r"});
      break;
    default:
      std::ofstream(any(files), std::ios::app) << "more";
  }
}

TEST_F(TwoFilesystems, FollowRandomHistories) {
  std::mt19937_64 random(4711);
  std::optional<Point> base;
  for (int round = 1; round <= 12; ++round) {
    for (int change = 0; change < 25; ++change) change_at_random(random);
    const auto next = freeze(round);
    back_up(request(next, base));
    expect_equal(name(round));
    base = next;
  }
  // And back from the beginning to the end in one stream, into another replica.
  const auto points = store_->inventory("web1").at(0).points;
  StreamRequest whole = request(points.back(), points.front());
  whole.intermediates.assign(points.begin() + 1, points.end() - 1);
  for (const auto& wanted : {request(points.front(), std::nullopt), whole}) {
    auto receive = into(wanted);
    receive.volume.host = "copy";
    const auto stream = store_->send(replica(), wanted);
    store_->receive(receive, *stream);
  }
  EXPECT_EQ(store_->inventory("copy").at(0).points.size(), points.size());
}

TEST_F(TwoFilesystems, GoOnIncrementallyBehindARestoreOntoANewMachine) {
  make_everything();
  const auto first = freeze(1);
  back_up(request(first, std::nullopt));
  write("more", "more");
  back_up(request(freeze(2), first));
  const auto kept = describe_tree(root());
  const auto points = store_->inventory("web1").at(0).points;
  const auto before = replica();

  data_ = std::make_unique<BtrfsImage>(512);
  // The new machine mounts it at another path; it is backed up as what it was.
  const auto wanted = request(points.back(), std::nullopt);
  const auto stream = store_->send(before, wanted);
  restore_volume(volume(), wanted, *stream, nullptr, nullptr);
  EXPECT_EQ(describe_tree(root()), kept);
  EXPECT_ERROR(restore_volume(volume(), wanted, *stream, nullptr, nullptr),
               ErrorKind::AlreadyExists);

  const auto state = source_.inventory({volume()}).at(0);
  ASSERT_EQ(state.points.size(), 1u);
  EXPECT_EQ(state.points[0].guid, points.back().guid);
  write("after", "after");
  const auto third = freeze(3);
  const auto next = request(third, state.points[0]);
  EXPECT_LT(stream_size(next), 10'000u);
  auto receive = into(next);
  receive.volume = before;
  const auto bytes = source_.send(next);
  store_->receive(receive, *bytes);
  expect_equal(name(3));
}

TEST_F(TwoFilesystems, GoOnIncrementallyBehindARestoreInPlace) {
  write("file", noise(1'000'000, 1));
  const auto first = freeze(1);
  back_up(request(first, std::nullopt));
  write("mistake", "x");
  const auto second = freeze(2);
  back_up(request(second, first));
  std::filesystem::rename(root(), root() + ".old");
  const auto wanted = request(store_->inventory("web1").at(0).points.at(0), std::nullopt);
  const auto stream = store_->send(replica(), wanted);
  restore_volume(volume(), wanted, *stream, nullptr, nullptr);
  write("again", "y");
  const auto third = freeze(3);
  const auto state = source_.inventory({volume()}).at(0);
  EXPECT_EQ(state.points.size(), 3u);
  back_up(request(third, second));
  expect_equal(name(3));
  // What was taken of the old volume, which is still there, stays with it.
  Settlement settlement;
  settlement.volume = volume();
  settlement.destroy = {first, second, third};
  EXPECT_TRUE(source_.settle({settlement}).empty());
  EXPECT_TRUE(std::filesystem::exists(snapshot_path(name(1))));
  EXPECT_FALSE(std::filesystem::exists(snapshot_path(name(3))));
}

TEST_F(TwoFilesystems, KeepTheLineageOfARenamedVolume) {
  write("file", "1");
  const auto first = freeze(1);
  back_up(request(first, std::nullopt));
  std::filesystem::rename(root(), *data_ / "people");
  const auto state = source_.inventory({"btrfs:" + (*data_ / "people")}).at(0);
  ASSERT_EQ(state.points.size(), 1u);
  EXPECT_EQ(state.points[0], first);
  EXPECT_EQ(state.written, 0u);
}

TEST_F(TwoFilesystems, ListWritableSubvolumesEachOnceAndNoneOfOurs) {
  BtrfsImage::btrfs({"subvolume", "create", root() + "/nested"});
  BtrfsImage::btrfs({"subvolume", "create", *data_ / "www"});
  BtrfsImage::btrfs({"subvolume", "snapshot", "-r", root(), *data_ / "by-hand"});
  freeze(1);
  create_store(*data_ / "store");
  BtrfsStore here(*data_ / "store");
  EXPECT_EQ(here.identity().size(), 32u);
  std::filesystem::create_directories(*data_ / "store/web1/x");
  BtrfsImage::btrfs({"subvolume", "create", *data_ / "store/web1/x/.partial"});
  const testing::ExtraMount again({"--bind", root()});
  std::vector<std::string> names;
  for (const auto& state : source_.inventory({"btrfs:" + data_->path() + "/**"})) {
    names.push_back(state.name.substr(6 + data_->path().size()));
  }
  EXPECT_THAT(names, ::testing::ElementsAre("", "/home", "/home/nested", "/www"));
  EXPECT_EQ(source_.inventory({"btrfs:" + again.path()}).at(0).name, "btrfs:" + again.path());
  EXPECT_EQ(source_.inventory({"btrfs:" + data_->path() + "/by-hand"}).size(), 1u);
  const auto home = source_.inventory({volume()}).at(0);
  ASSERT_EQ(home.points.size(), 2u);
  EXPECT_EQ(home.points[0].name, "by-hand");
  EXPECT_ERROR(source_.inventory({"btrfs:" + root() + "/no"}), ErrorKind::NotFound);
  EXPECT_ERROR(source_.inventory({"btrfs:/proc"}), ErrorKind::NotFound);
  EXPECT_ERROR(source_.inventory({"zfs:tank"}), ErrorKind::InvalidArgument);
}

TEST_F(TwoFilesystems, RefuseASnapshotDirectoryOfSomebodyElse) {
  std::filesystem::create_directory(*data_ / ".snapferry");
  ASSERT_EQ(::chown((*data_ / ".snapferry").c_str(), 1000, 1000), 0);
  const auto result = source_.freeze({volume()}, name(1));
  ASSERT_EQ(result.failed.size(), 1u);
  EXPECT_THAT(result.failed[0].message, HasSubstr("belongs to the user 1000"));
  std::filesystem::remove(*data_ / ".snapferry");
  std::filesystem::create_directory_symlink("/tmp", *data_ / ".snapferry");
  EXPECT_EQ(source_.freeze({volume()}, name(1)).failed.size(), 1u);
}

// Not with `btrfs property set`, which takes the received_uuid away.
void make_writable(const std::string& path) {
  const platform::Fd fd(::open(path.c_str(), O_RDONLY));
  std::uint64_t flags = 0;
  ASSERT_EQ(::ioctl(fd.get(), BTRFS_IOC_SUBVOL_SETFLAGS, &flags), 0);
}

// A child that is killed when `size` bytes of the stream have passed.
void receive_and_die(const std::function<void(Stream&)>& receive, std::unique_ptr<Stream> inner,
                     std::uint64_t size) {
  class Deadly : public Stream {
   public:
    Deadly(std::unique_ptr<Stream> wrapped, std::uint64_t limit)
        : inner_(std::move(wrapped)), left_(limit) {}
    std::size_t read(std::span<std::uint8_t> buffer) override {
      if (left_ == 0) ::kill(::getpid(), SIGKILL);
      const auto size = inner_->read(buffer.first(std::min<std::uint64_t>(buffer.size(), left_)));
      left_ -= size;
      return size;
    }
    void finish() override { ::kill(::getpid(), SIGKILL); }

   private:
    std::unique_ptr<Stream> inner_;
    std::uint64_t left_;
  } deadly(std::move(inner), size);
  receive(deadly);
  ::_exit(0);
}

TEST_F(TwoFilesystems, FinishByThemselvesWhenAReceiveWasKilled) {
  write("file", noise(2'000'000, 1));
  const auto first = freeze(1);
  back_up(request(first, std::nullopt));
  write("file", noise(2'000'000, 2));
  write("other", noise(500'000, 3));
  const auto second = freeze(2);
  const auto wanted = request(second, first);
  const auto size = stream_size(wanted);
  std::mt19937_64 random(1);
  for (int round = 0; round < 12; ++round) {
    const std::uint64_t cut = round == 0 ? size + 1 : random() % size;
    const pid_t child = ::fork();
    if (child == 0) {
      receive_and_die([&](Stream& stream) { store_->receive(into(wanted), stream); },
                      source_.send(wanted), cut);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << cut;
    const auto state = store_->inventory("web1").at(0);
    EXPECT_EQ(state.points.size(), 1u) << cut;
    if (state.partial) {
      EXPECT_TRUE(state.partial->token.empty());
    }
  }
  back_up(wanted);
  expect_equal(name(2));
  EXPECT_EQ(store_->inventory("web1").at(0).points.size(), 2u);
}

// A client that never returns must not cost its space for good; one that is at work is left alone.
TEST_F(TwoFilesystems, ListAndDiscardWhatAClientLeftThatNeverReturns) {
  write("file", "1");
  const auto first = freeze(1);
  back_up(request(first, std::nullopt));
  const auto directory = std::filesystem::path(replica_path(name(1))).parent_path();
  BtrfsImage::btrfs({"subvolume", "create", directory / ".partial"});
  const auto left = store_->inventory("web1").at(0);
  EXPECT_EQ(left.points.size(), 1u);
  ASSERT_TRUE(left.partial);
  EXPECT_TRUE(left.partial->token.empty());
  {
    const platform::Fd receiving(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    ASSERT_EQ(::flock(receiving.get(), LOCK_EX), 0);
    EXPECT_ERROR(store_->abort_partial(replica()), ErrorKind::Busy);
    EXPECT_TRUE(store_->inventory("web1").at(0).partial);
  }
  store_->abort_partial(replica());
  EXPECT_FALSE(store_->inventory("web1").at(0).partial);
  EXPECT_EQ(store_->inventory("web1").at(0).points.size(), 1u);
}

TEST_F(TwoFilesystems, FinishARestoreThatWasCompleteButStillWritable) {
  write("file", "1");
  const auto first = freeze(1);
  back_up(request(first, std::nullopt));
  write("file", "2");
  const auto second = freeze(2);
  back_up(request(second, first));
  const auto kept = describe_tree(root());
  const auto before = replica();
  data_ = std::make_unique<BtrfsImage>(512);
  const SnapshotPlace place{data_->path(), "home"};
  const auto directory = open_snapshot_place(place);
  for (const auto& point : {first, second}) {
    const auto wanted = request(point, std::nullopt);
    const auto stream = store_->send(before, wanted);
    receive_snapshots({directory.get(), place.path(), {}}, wanted, *stream, nullptr, nullptr);
  }
  // As a crash leaves it, just before the last step of the receive; and what an administrator may
  // do.
  make_writable(snapshot_path(name(2)));
  const auto by_hand = snapshot_path(name(1)) + "-by-hand";
  BtrfsImage::btrfs({"subvolume", "snapshot", snapshot_path(name(1)), by_hand});
  const auto wanted = request(second, std::nullopt);
  restore_volume(volume(), wanted, *store_->send(before, wanted), nullptr, nullptr);
  EXPECT_EQ(describe_tree(root()), kept);
  EXPECT_EQ(source_.inventory({volume()}).at(0).points.size(), 1u);
  std::ofstream(by_hand + "/mine") << "still writable";
  EXPECT_EQ(std::filesystem::file_size(by_hand + "/mine"), 14u);
}

TEST_F(TwoFilesystems, FinishByThemselvesWhenTheStoreWasFull) {
  backup_ = std::make_unique<BtrfsImage>(256, BtrfsImage::Groups::Mixed);
  create_store(*backup_ / "store");
  store_ = std::make_unique<BtrfsStore>(*backup_ / "store");
  BtrfsImage::run({"fallocate", "-l", "150M", *backup_ / "filler"});
  write("small", "x");
  const auto first = freeze(1);
  back_up(request(first, std::nullopt));
  write("big", std::string(150'000'000, 'x'));
  const auto second = freeze(2);
  EXPECT_ERROR(back_up(request(second, first)), ErrorKind::NoSpace);
  EXPECT_EQ(store_->inventory("web1").at(0).points.size(), 1u);
  const auto replica_directory = std::filesystem::path(replica_path(name(1))).parent_path();
  EXPECT_FALSE(std::filesystem::exists(replica_directory / ".partial"));
  std::filesystem::remove(*backup_ / "filler");
  back_up(request(second, first));
  expect_equal(name(2));
}

TEST_F(TwoFilesystems, SecondReceiveOfAVolumeIsBusy) {
  write("file", "1");
  const auto first = freeze(1);
  class Nested : public Stream {
   public:
    explicit Nested(std::function<void()> inside) : inside_(std::move(inside)) {}
    std::size_t read(std::span<std::uint8_t>) override {
      inside_();
      return 0;
    }
    void finish() override {}

   private:
    std::function<void()> inside_;
  } outer([&] { EXPECT_ERROR(back_up(request(first, std::nullopt)), ErrorKind::Busy); });
  EXPECT_ERROR(store_->receive(into(request(first, std::nullopt)), outer), ErrorKind::Corrupt);
  back_up(request(first, std::nullopt));
}

TEST_F(TwoFilesystems, NameFilesWhoseDataIsDamaged) {
  const std::string marker = noise(64, 99);
  std::string content;
  while (content.size() < 1'000'000) content += marker;
  write("sound", noise(100'000, 5));
  write("damaged", content);
  back_up(request(freeze(1), std::nullopt));
  backup_->unmount();
  {
    // The disk forgets a bit in each copy of the first block.
    std::fstream image(backup_->file(), std::ios::in | std::ios::out | std::ios::binary);
    std::string bytes(std::istreambuf_iterator<char>(image), {});
    auto at = bytes.find(marker + marker);
    ASSERT_NE(at, std::string::npos);
    image.clear();
    image.seekp(static_cast<std::streamoff>(at));
    image.put(static_cast<char>(bytes[at] ^ 1));
  }
  backup_->mount();
  const auto state = store_->inventory("web1").at(0);
  EXPECT_TRUE(store_->verify(state, false, nullptr, nullptr).empty());
  Progress progress;
  const auto damage = store_->verify(state, true, &progress, nullptr);
  ASSERT_EQ(damage.size(), 1u);
  EXPECT_EQ(damage[0].snapshot, name(1));
  EXPECT_THAT(damage[0].message, HasSubstr("damaged: cannot read: Input/output error"));
  EXPECT_GE(progress.bytes, 100'000u);

  // It is noted, and nothing that shares the damage is laid on it.
  EXPECT_EQ(store_->inventory("web1").at(0).changed,
            "@" + name(1) + " was found damaged by verify");
  const auto first = source_.inventory({volume()}).at(0).points.at(0);
  const auto second = freeze(2);
  EXPECT_ERROR(back_up(request(second, first)), ErrorKind::Conflict);
  // The note goes along with the copy, and a new one begins.
  EXPECT_EQ(store_->set_aside(replica()).path, volume() + ".diverged-1");
  back_up(request(second, std::nullopt));
  expect_equal(name(2));
  const auto states = store_->inventory("web1");
  ASSERT_EQ(states.size(), 2u);
  EXPECT_EQ(states[0].changed, "");
  EXPECT_NE(states[1].changed, "");
  EXPECT_TRUE(store_->verify(states[0], true, nullptr, nullptr).empty());
  // It leaves nothing behind with its last snapshot.
  EXPECT_TRUE(store_->destroy(states[1].volume, states[1].points).empty());
  EXPECT_EQ(store_->inventory("web1").size(), 1u);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(*backup_ / "store/web1"), {}), 1);
}

TEST_F(TwoFilesystems, TakeBackTheNoteOfDamageThatIsThereNoMore) {
  write("file", "one");
  const auto first = freeze(1);
  back_up(request(first, std::nullopt));
  const auto host = *backup_ / "store/web1";
  const auto directory = std::filesystem::directory_iterator(host)->path().string();
  std::ofstream(directory + "/.damaged") << first.guid.hex() << "\n";
  const auto state = store_->inventory("web1").at(0);
  EXPECT_NE(state.changed, "");
  EXPECT_TRUE(store_->verify(state, false, nullptr, nullptr).empty());
  EXPECT_NE(store_->inventory("web1").at(0).changed, "");
  EXPECT_TRUE(store_->verify(state, true, nullptr, nullptr).empty());
  EXPECT_EQ(store_->inventory("web1").at(0).changed, "");
  write("file", "two");
  back_up(request(freeze(2), first));
  expect_equal(name(2));
}

TEST_F(TwoFilesystems, CarryAVolumeWhosePlaceIsTooLongForAName) {
  std::string place = root();
  for (int depth = 0; depth < 12; ++depth) {
    place += "/a directory of some len\xc3\xa4";
    std::filesystem::create_directory(place);
  }
  // One that just fits, and no longer does when it is set aside.
  const auto taken = StoreLayout::volume_name({"web1", "btrfs:" + *data_ / "n"}).size() - 1;
  const auto narrow = *data_ / std::string(250 - taken, 'n');
  for (const auto& path : {place + "/v", place + "/w", narrow}) {
    BtrfsImage::btrfs({"subvolume", "create", path});
    std::ofstream(path + "/file") << path;
    const auto frozen = source_.freeze({"btrfs:" + path}, name(1)).frozen.at(0).snapshot;
    ReceiveRequest received = into(request(frozen, std::nullopt));
    received.volume.path = received.stream.volume = "btrfs:" + path;
    const auto stream = source_.send(received.stream);
    store_->receive(received, *stream);
  }
  const auto paths = [&] {
    std::vector<std::string> found;
    for (const auto& state : store_->inventory("web1")) found.push_back(state.volume.path);
    return found;
  };
  EXPECT_THAT(paths(), ::testing::UnorderedElementsAre("btrfs:" + place + "/v",
                                                       "btrfs:" + place + "/w", "btrfs:" + narrow));
  EXPECT_THAT(store_->warnings(), ::testing::Not(::testing::Contains(HasSubstr(".place"))));

  for (const auto& path : {place + "/v", narrow}) {
    EXPECT_EQ(store_->set_aside({"web1", "btrfs:" + path}).path, "btrfs:" + path + ".diverged-1");
  }
  EXPECT_THAT(paths(), ::testing::UnorderedElementsAre("btrfs:" + place + "/v.diverged-1",
                                                       "btrfs:" + place + "/w",
                                                       "btrfs:" + narrow + ".diverged-1"));
  store_->record_unchanged("t", 7, {{"web1", "btrfs:" + place + "/w"}});
  for (const auto& state : store_->inventory("web1")) {
    EXPECT_EQ(state.seen_unchanged.size(), state.volume.path.ends_with("w") ? 1u : 0u);
    const auto view = store_->browse(state.volume, state.points.at(0));
    EXPECT_TRUE(store_->destroy(state.volume, state.points).empty());
  }
  EXPECT_THAT(paths(), ::testing::IsEmpty());
}

TEST_F(TwoFilesystems, NameACopyThatDoesNotSayOfWhichVolumeItIs) {
  const auto lost = *backup_ / ("store/web1/%~" + std::string(64, '0') + "~tail");
  std::filesystem::create_directories(lost);
  EXPECT_TRUE(store_->inventory("").empty());
  EXPECT_THAT(store_->warnings(), ::testing::Contains(HasSubstr(lost + "/.place: does not say")));
}

TEST_F(TwoFilesystems, RefuseAStoreThatIsNotOnABtrfs) {
  const testing::TemporaryDirectory elsewhere;
  EXPECT_ERROR(create_store(elsewhere.path()), ErrorKind::Unsupported);
  EXPECT_ERROR(create_store(elsewhere / "store"), ErrorKind::Unsupported);
  EXPECT_ERROR(create_store(elsewhere / "no/store"), ErrorKind::NotFound);
  std::ofstream(elsewhere / ".snapferry-store") << std::string(32, 'a') << "\n";
  EXPECT_ERROR(BtrfsStore(elsewhere.path()).inventory(""), ErrorKind::Unsupported);
  EXPECT_ERROR(BtrfsStore("relative"), ErrorKind::InvalidArgument);
}

// As the mount point of its disk is, while that is missing.
TEST_F(TwoFilesystems, TakeNoEmptyDirectoryForAStore) {
  std::filesystem::create_directory(*backup_ / "mountpoint");
  for (const char* place : {"mountpoint", "nowhere"}) {
    BtrfsStore store(*backup_ / place);
    EXPECT_THROW(store.identity(), NoSuchStore);
    EXPECT_THROW(store.inventory(""), NoSuchStore);
    EXPECT_THROW(store.features(), NoSuchStore);
  }
  EXPECT_TRUE(std::filesystem::is_empty(*backup_ / "mountpoint"));
  create_store(*backup_ / "mountpoint");
  EXPECT_TRUE(BtrfsStore(*backup_ / "mountpoint").inventory("").empty());
  EXPECT_ERROR(create_store(*backup_ / "mountpoint"), ErrorKind::AlreadyExists);
  std::filesystem::create_directories(*backup_ / "used/by-others");
  EXPECT_ERROR(create_store(*backup_ / "used"), ErrorKind::Conflict);
}

TEST_F(TwoFilesystems, WarnOfAMountThatLetsForeignProgramsAct) {
  EXPECT_EQ(store_->warnings().size(), 1u);
  backup_->unmount();
  backup_->mount("nosuid,nodev");
  EXPECT_TRUE(store_->warnings().empty());
}

// All that one run brings has one time, be it in one stream or in several.
TEST_F(TwoFilesystems, KeepWhenTheRunThatBroughtASnapshotBegan) {
  const auto seen = [&] {
    std::vector<std::int64_t> times;
    const auto replicas = BtrfsStore(*backup_ / "store").inventory("web1");
    for (const auto& point : replicas.at(0).points) {
      times.push_back(point.seen);
    }
    return times;
  };
  const auto before = std::time(nullptr);
  const auto first = freeze(1);
  back_up(request(first, std::nullopt));
  const auto began = seen().at(0);
  EXPECT_GE(began, before - 1);
  EXPECT_LE(began, std::time(nullptr));
  const auto second = freeze(2);
  auto both = request(freeze(3), first);
  both.intermediates = {second};
  back_up(both);
  EXPECT_EQ(seen(), (std::vector<std::int64_t>{began, began, began}));
}

TEST_F(TwoFilesystems, SayThatWhatIsBeingSentCannotGoYet) {
  write("file", noise(4 << 20, 7));
  back_up(request(freeze(1), std::nullopt));
  const auto stored = store_->inventory("web1").at(0).points.at(0);
  {
    // Nobody reads it, so that the kernel waits in the middle.
    const auto stream = store_->send(replica(), request(stored, std::nullopt));
    Bytes some(1000);
    (void)stream->read(some);
    const auto failures = store_->destroy(replica(), {stored});
    ASSERT_EQ(failures.size(), 1u);
    EXPECT_THAT(failures[0].message, HasSubstr("while it is being sent"));
    EXPECT_THAT(failures[0].message, HasSubstr("run again later"));
  }
  EXPECT_TRUE(store_->destroy(replica(), {stored}).empty());
}

TEST_F(TwoFilesystems, NameTheAttributeThatKeepsANewHostOut) {
  BtrfsImage::run({"chattr", "+i", *backup_ / "store"});
  EXPECT_ERROR(store_->warnings(), ErrorKind::PermissionDenied);
  try {
    store_->prepare("web1");
    ADD_FAILURE() << "made a directory";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::PermissionDenied);
    EXPECT_THAT(error.message(), HasSubstr("chattr -i"));
  }
  BtrfsImage::run({"chattr", "-i", *backup_ / "store"});
  EXPECT_NO_THROW(store_->warnings());
}

TEST_F(TwoFilesystems, MakeNoVolumeWithinAStore) {
  back_up(request(freeze(1), std::nullopt));
  BtrfsTarget target;
  const auto host = *backup_ / "store/web1";
  const auto copy = std::filesystem::directory_iterator(host)->path().string();
  for (const auto& place : {*backup_ / "store", host, copy}) {
    const auto volume = "btrfs:" + place + "/new";
    EXPECT_ERROR(target.require_free(volume), ErrorKind::InvalidArgument);
    EXPECT_ERROR(target.prepare(volume), ErrorKind::InvalidArgument);
    EXPECT_FALSE(std::filesystem::exists(place + "/.snapferry")) << place;
  }
  EXPECT_NO_THROW(target.require_free("btrfs:" + (*backup_ / "new")));
}

TEST_F(TwoFilesystems, NoteNothingUnchangedThatTheyDoNotHave) {
  write("file", "1");
  back_up(request(freeze(1), std::nullopt));
  std::vector<VolumeName> invented = {replica()};
  for (int i = 0; i < 60'000; ++i) {
    invented.push_back({"web1", "btrfs:/invented/" + std::string(200, 'x') + std::to_string(i)});
  }
  store_->record_unchanged("t", 1'764'000'000, invented);
  EXPECT_EQ(store_->inventory("web1").at(0).seen_unchanged.size(), 1u);
  EXPECT_LT(std::filesystem::file_size((*backup_ / "store") + "/web1/.unchanged-t.json"), 1000u);
}

TEST_F(TwoFilesystems, PassOverWhatOneHostLeftThatCannotBeRead) {
  write("file", "1");
  back_up(request(freeze(1), std::nullopt));
  const auto host = (*backup_ / "store") + "/web1/";
  std::ofstream(host + ".unchanged-large.json");
  std::filesystem::resize_file(host + ".unchanged-large.json", 1u << 30);
  ASSERT_EQ(::mkfifo((host + ".unchanged-fifo.json").c_str(), 0600), 0);
  std::filesystem::create_symlink("/etc/passwd", host + ".unchanged-link.json");
  std::filesystem::create_directory(host + ".unchanged-directory.json");
  ASSERT_EQ(::mkfifo((host + "fifo").c_str(), 0600), 0);
  std::filesystem::create_symlink("/etc", host + "link");
  std::ofstream((*backup_ / "store") + "/file");
  EXPECT_EQ(store_->inventory("").size(), 1u);
  const auto lines = store_->warnings();
  for (const auto* name : {"large", "fifo", "link", "directory"}) {
    EXPECT_TRUE(std::ranges::any_of(lines, [&](const std::string& line) {
      return line.find(std::string(".unchanged-") + name) != std::string::npos;
    })) << name;
  }
}

}  // namespace
}  // namespace snapferry::btrfs
