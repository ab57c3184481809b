// The files of a snapshot far away: how often is asked for them, and what a far end may not say.

#include "remote/remote_view.h"

#include <deque>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/test_link.h"
#include "remote/remote_stream.h"
#include "testing/errors.h"
#include "testing/fake_place.h"
#include "testing/fake_stream.h"
#include "testing/fake_view.h"

namespace snapferry::remote {
namespace {

using ::testing::ElementsAre;
using testing::FakeView;
using testing::PlaceFiles;

const wire::SnapshotName kSnapshot{{"web1", "zfs:tank"}, "s", {}};

Point point(std::string name) { return wire::SnapshotName{{}, std::move(name), {}}.point(); }

// Over a connection to a server of the view; counts.
class CountedRequests : public ViewRequests {
 public:
  CountedRequests(PlaceFiles files, std::map<wire::Verb, int>& asked)
      : views_([files = std::move(files)](const VolumeName&, const Point&) {
          return std::make_unique<FakeView>(files, "snapshot");
        }),
        link_({.source = {}, .store = {}, .report = {}, .view = views_.connector()}),
        asked_(asked) {}

  Bytes ask(wire::Verb verb, Bytes request) override {
    ++asked_[verb];
    return link_.client->request(verb, std::move(request)).message();
  }
  std::unique_ptr<Stream> start(wire::Verb verb, Bytes request) override {
    ++asked_[verb];
    return std::make_unique<RemoteStream>(link_.client->request(verb, std::move(request)));
  }

 private:
  agent::TestViews views_;
  agent::TestLink link_;
  std::map<wire::Verb, int>& asked_;
};

class FilesFarAway : public ::testing::Test {
 protected:
  void open(PlaceFiles files) {
    view_ = std::make_unique<RemoteView>(
        std::make_unique<CountedRequests>(std::move(files), asked_), kSnapshot);
  }
  // Reads the whole tree, and what is in it.
  void walk(const std::string& directory, PlaceFiles& found) {
    const auto first = view_->list(directory, 0);
    for (std::uint32_t at = 0; at < first.total; at += SnapshotView::kFilesInPart) {
      for (const auto& file : view_->list(directory, at).files) {
        const auto path = view_path(directory, file.entry.name);
        if (file.entry.type == EntryType::Directory) {
          walk(path, found);
        } else {
          found[path] = read(directory, file);
        }
      }
    }
  }
  std::string read(const std::string& directory, const ViewedFile& file) {
    std::string content;
    while (content.size() < file.entry.size) {
      content += as_text(view_->read(
          {directory, file.entry.name, file.version, content.size(), SnapshotView::kMaxRead}));
    }
    return content;
  }

  std::map<wire::Verb, int> asked_;
  std::unique_ptr<RemoteView> view_;
};

TEST_F(FilesFarAway, CostAFewQuestionsHoweverMany) {
  PlaceFiles files;
  for (int a = 0; a < 20; ++a) {
    for (int b = 0; b < 20; ++b) {
      for (int c = 0; c < 10; ++c) {
        files["d" + std::to_string(a) + "/e" + std::to_string(b) + "/f" + std::to_string(c)] =
            "content of " + std::to_string(a * 1000 + b * 10 + c);
      }
    }
  }
  open(files);
  PlaceFiles found;
  walk("", found);
  EXPECT_EQ(found, files);
  EXPECT_LE(asked_[wire::Verb::ViewList], 20);
  EXPECT_LE(asked_[wire::Verb::ViewRead], 40);
}

TEST_F(FilesFarAway, ThatAreBigAreReadWhole) {
  std::string big((9u << 20) + 5, 'x');
  for (std::size_t i = 0; i < big.size(); i += 1000) big[i] = static_cast<char>(i / 1000);
  open({{"a", "small"}, {"big", big}, {"c", "small"}});
  PlaceFiles found;
  walk("", found);
  EXPECT_EQ(found.at("big"), big);
  EXPECT_EQ(found.at("c"), "small");
}

TEST_F(FilesFarAway, AreOnlyAskedForWhereOneIsLookedAt) {
  PlaceFiles files;
  for (int i = 0; i < 1000; ++i) files["f" + std::to_string(i)] = std::string(10'000, 'x');
  open(files);
  const auto part = view_->list("", 0);
  for (const int number : {5, 80, 20}) {
    EXPECT_EQ(read("", part.files[static_cast<std::size_t>(number)]).size(), 10'000u);
  }
  EXPECT_EQ(asked_[wire::Verb::ViewList], 1);
  EXPECT_EQ(asked_[wire::Verb::ViewRead], 3);
}

TEST_F(FilesFarAway, AreReadByManyThreadsAtOnce) {
  PlaceFiles files;
  for (int i = 0; i < 2000; ++i)
    files["d" + std::to_string(i % 7) + "/" + std::to_string(i)] = std::to_string(i);
  open(files);
  std::vector<std::thread> threads;
  std::vector<PlaceFiles> found(6);
  for (auto& each : found) threads.emplace_back([&] { walk("", each); });
  for (auto& thread : threads) thread.join();
  for (const auto& each : found) EXPECT_EQ(each, files);
}

TEST(WalkOrder, IsThatOfAWalkThatGoesDeep) {
  std::set<std::string, WalkOrder> paths = {"a-b", "a/b", "b", "a", "", "a/b/c", "a.b", "a/c"};
  EXPECT_THAT(paths, ElementsAre("", "a", "a/b", "a/b/c", "a/c", "a-b", "a.b", "b"));
}

// Answers with given bytes, in turn.
class ScriptedRequests : public ViewRequests {
 public:
  explicit ScriptedRequests(std::deque<Bytes> answers) : answers_(std::move(answers)) {}
  Bytes ask(wire::Verb, Bytes) override { return next(); }
  std::unique_ptr<Stream> start(wire::Verb, Bytes) override { return testing::stream_of(next()); }

 private:
  Bytes next() {
    if (answers_.empty()) throw Error(ErrorKind::Unavailable, "the connection was lost");
    Bytes answer = std::move(answers_.front());
    answers_.pop_front();
    return answer;
  }
  std::deque<Bytes> answers_;
};

std::unique_ptr<RemoteView> answering(std::deque<Bytes> answers) {
  return std::make_unique<RemoteView>(std::make_unique<ScriptedRequests>(std::move(answers)),
                                      kSnapshot);
}

Bytes records(const std::vector<Bytes>& all) {
  Bytes bytes;
  for (const auto& record : all) ByteWriter(bytes).sized(record);
  return bytes;
}

Bytes part_of(const std::string& directory, std::vector<std::string> names) {
  DirectoryPart part;
  for (auto& name : names) {
    ViewedFile file;
    file.entry.name = std::move(name);
    file.entry.size = 10;
    part.files.push_back(file);
  }
  part.total = static_cast<std::uint32_t>(part.files.size());
  return wire::encode(wire::ViewPart{directory, 0, part});
}

// `name` in place of as many bytes of a good part.
Bytes part_with(std::string_view name) {
  Bytes bytes = part_of("", {std::string(name.size(), 'x')});
  const std::string stand_in(name.size(), 'x');
  const auto at = as_text(bytes).find(stand_in);
  std::copy(name.begin(), name.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
  return bytes;
}

TEST(HostileFarEnd, CannotNameFilesThatLeadOut) {
  for (const std::string_view name : {std::string_view(".."), std::string_view("."),
                                      std::string_view("a/b"), std::string_view("/etc/passwd"),
                                      std::string_view("a\0b", 3), std::string_view("../../x")}) {
    const auto view = answering({records({part_with(name)})});
    EXPECT_ERROR(view->list("", 0), ErrorKind::Corrupt);
  }
}

TEST(HostileFarEnd, CannotListOutOfOrderOrTwice) {
  for (const auto& names : {std::vector<std::string>{"b", "a"}, {"a", "a"}}) {
    EXPECT_THROW(part_of("", names), Error);
  }
  Bytes bytes = part_of("", {"a", "b"});
  const auto at = as_text(bytes).rfind('b');
  bytes[at] = 'a';
  EXPECT_ERROR(answering({records({bytes})})->list("", 0), ErrorKind::Corrupt);
}

TEST(HostileFarEnd, CannotListAnotherDirectoryInPlaceOfTheOneAskedFor) {
  EXPECT_ERROR(answering({records({part_of("other", {"a"})})})->list("", 0), ErrorKind::Corrupt);
  EXPECT_ERROR(answering({records({})})->list("", 0), ErrorKind::Corrupt);
  EXPECT_ERROR(answering({Bytes{1, 2}})->list("", 0), ErrorKind::Corrupt);
  EXPECT_ERROR(answering({Bytes{0xff, 0xff, 0xff, 0xff}})->list("", 0), ErrorKind::Corrupt);
  EXPECT_ERROR(answering({records({{}})})->list("", 0), ErrorKind::Corrupt);
}

TEST(HostileFarEnd, CannotSendMoreThanWasAskedFor) {
  const FileRange range{"", "f", 1, 0, 4096};
  const auto piece = [](std::size_t size) {
    return records({wire::encode(wire::ViewPiece{Bytes(size, 'x'), {}})});
  };
  EXPECT_EQ(answering({piece(4096)})->read(range).size(), 4096u);
  EXPECT_ERROR(answering({piece(4097)})->read(range), ErrorKind::Corrupt);
  EXPECT_ERROR(answering({records({})})->read(range), ErrorKind::Corrupt);
  Bytes huge = {0xff, 0xff, 0xff, 0x7f};
  EXPECT_ERROR(answering({huge})->read(range), ErrorKind::Corrupt);
}

TEST(HostileFarEnd, CannotPutDataWhereNobodyLooked) {
  const FileRange range{"", "f", 1, 8192, 8192};
  const auto data = [](std::uint64_t begin, std::uint64_t end) {
    return wire::encode(wire::ViewDataInReply{{{begin, end}}});
  };
  EXPECT_EQ(answering({data(8192, 16384)})->data_in(range).size(), 1u);
  EXPECT_ERROR(answering({data(4096, 12288)})->data_in(range), ErrorKind::Corrupt);
  EXPECT_ERROR(answering({data(8192, 20480)})->data_in(range), ErrorKind::Corrupt);
}

TEST(HostileFarEnd, IsToldFromAConnectionThatIsLost) {
  const auto view = answering({});
  EXPECT_ERROR(view->list("", 0), ErrorKind::Unavailable);
  EXPECT_ERROR(view->read({"", "f", 1, 0, 4096}), ErrorKind::Unavailable);
  EXPECT_ERROR(view->root(), ErrorKind::Unavailable);
}

TEST(FilesOfAnAgent, AreNotShownWithoutTheRole) {
  const auto place = testing::make_fake_place(testing::FakeKind::Btrfs);
  agent::TestLink link({.source = {}, .store = [&] { return place->store(); }});
  RemoteStore store(*link.client, "far:btrfs:/backup", "");
  const auto view = store.browse({"web1", "btrfs:/pool/a"}, point("s"));
  EXPECT_ERROR(view->root(), ErrorKind::PermissionDenied);
  EXPECT_ERROR(view->list("", 0), ErrorKind::PermissionDenied);
  EXPECT_ERROR(view->read({"", "f", 1, 0, 4096}), ErrorKind::PermissionDenied);
}

TEST(FilesOfAnAgent, AreServedAgainAfterTheirProcessIsGone) {
  int opened = 0;
  agent::TestViews views([&](const VolumeName&, const Point&) {
    ++opened;
    return std::make_unique<FakeView>(PlaceFiles{{"f", "x"}}, "snapshot");
  });
  platform::Fd last;
  agent::TestLink link(
      {.source = {}, .store = {}, .report = {}, .view = [&](const wire::SnapshotName& name) {
         auto socket = views.connect(name);
         last = platform::Fd(::fcntl(socket.get(), F_DUPFD_CLOEXEC, 3));
         return socket;
       }});
  RemoteStore store(*link.client, "far:btrfs:/backup", "");
  const auto view = store.browse({"web1", "btrfs:/pool/a"}, point("s"));
  EXPECT_EQ(view->root().type, EntryType::Directory);
  EXPECT_EQ(view->list("", 0).total, 1u);
  EXPECT_EQ(opened, 1);
  ::shutdown(last.get(), SHUT_RDWR);
  last.reset();
  // The first to notice may fail.
  for (int i = 0; i < 2; ++i) {
    try {
      view->root();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Unavailable);
    }
  }
  EXPECT_EQ(view->root().type, EntryType::Directory);
  EXPECT_EQ(opened, 2);
}

TEST(FilesOfAnAgent, AreOfAFewSnapshotsAtATime) {
  std::atomic<int> open{0};
  std::atomic<int> most{0};
  struct Counted : FakeView {
    explicit Counted(std::atomic<int>& count) : FakeView({{"f", "x"}}, "snapshot"), open_(count) {}
    ~Counted() override { --open_; }
    std::atomic<int>& open_;
  };
  agent::TestViews views([&](const VolumeName&, const Point&) {
    most = std::max(most.load(), ++open);
    return std::make_unique<Counted>(open);
  });
  agent::TestLink link({.source = {}, .store = {}, .report = {}, .view = views.connector()});
  RemoteStore store(*link.client, "far:btrfs:/backup", "");
  for (int i = 0; i < 30; ++i) {
    const auto view = store.browse({"web1", "btrfs:/pool/a"}, point(std::to_string(i)));
    EXPECT_EQ(view->list("", 0).total, 1u);
  }
  EXPECT_LE(most, 2 * static_cast<int>(agent::kMaxViews));
}

}  // namespace
}  // namespace snapferry::remote
