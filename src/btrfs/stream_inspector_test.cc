#include "btrfs/stream_inspector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "btrfs/crc32c.h"
#include "testing/btrfs_stream_builder.h"
#include "testing/errors.h"

namespace snapferry::btrfs {
namespace {

using testing::BtrfsStreamBuilder;
using ::testing::HasSubstr;
using testing::TextStream;

const Guid kTo = BtrfsStreamBuilder::guid(1);
const Guid kBase = BtrfsStreamBuilder::guid(2);
const Guid kOther = BtrfsStreamBuilder::guid(3);

StreamPlan full() { return {"btrfs:/a@one", {{kTo, std::nullopt}}, {}}; }
StreamPlan incremental() { return {"btrfs:/a@one", {{kTo, kBase}}, {}}; }

// What comes through, or the message of the refusal.
std::string inspect(const std::string& text, const StreamPlan& plan, std::size_t piece = 1 << 20) {
  TextStream stream(text, piece);
  StreamInspector inspector(stream, plan, nullptr, nullptr);
  std::string seen;
  try {
    while (const auto* record = inspector.next()) seen += record->summary() + "; ";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Corrupt) << error.message();
    return error.message();
  }
  return seen;
}

// The part behind "record" of the refusal of a full stream with `add` in it.
template <typename Add>
std::string refusal(Add add, std::uint32_t version = 1) {
  BtrfsStreamBuilder builder(version);
  builder.subvol("one", kTo);
  add(builder);
  builder.end();
  return inspect(builder.text(), full());
}

std::string sound() {
  return BtrfsStreamBuilder()
      .subvol("one", kTo)
      .chown("", 0, 0)
      .mkfile("o257-7-0")
      .rename("o257-7-0", "file")
      .write("file", 0, "text")
      .clone("file", kTo, "file", 4096)
      .symlink("link", "../../etc/passwd")
      .set_xattr("file", "user.a", "")
      .utimes("file")
      .end()
      .text();
}

TEST(Crc32c, IsThatOfTheStandardWithoutItsInversions) {
  EXPECT_EQ(~crc32c(~0u, as_bytes("123456789")), 0xe3069283u);
  EXPECT_EQ(crc32c(crc32c(0, as_bytes("1234")), as_bytes("56789")),
            crc32c(0, as_bytes("123456789")));
}

TEST(StreamInspector, PassesASoundStreamOnInPiecesOfAnySize) {
  const auto whole = inspect(sound(), full());
  EXPECT_EQ(whole,
            "subvol one; chown ; mkfile o257-7-0; rename o257-7-0; write file; clone file; "
            "symlink link; set_xattr file; utimes file; end; ");
  for (const std::size_t piece : {1, 2, 7, 64}) EXPECT_EQ(inspect(sound(), full(), piece), whole);
}

TEST(StreamInspector, PassesAnIncrementalStreamOn) {
  const auto text =
      BtrfsStreamBuilder().snapshot("one", kTo, kBase).clone("a", kBase, "b", 1).end().text();
  EXPECT_EQ(inspect(text, incremental()), "snapshot one; clone a; end; ");
}

TEST(StreamInspector, PassesSeveralStepsOnInTheirOrder) {
  const StreamPlan plan{"x", {{kBase, std::nullopt}, {kTo, kBase}}, {}};
  BtrfsStreamBuilder builder;
  builder.subvol("one", kBase).end().header().snapshot("two", kTo, kBase).end();
  EXPECT_EQ(inspect(builder.text(), plan), "subvol one; end; snapshot two; end; ");
  BtrfsStreamBuilder half;
  half.subvol("one", kBase).end();
  EXPECT_THAT(inspect(half.text(), plan), HasSubstr("cut off"));
}

TEST(StreamInspector, NamesRecordAndOffset) {
  // Header 17; subvol 10 + (4 + 3) + (4 + 16) + (4 + 8) = 49; chmod 10 + (4 + 1) + (4 + 8) = 27.
  const auto message = refusal([](auto& builder) { builder.chmod("x", 1).unlink("../up"); });
  EXPECT_EQ(message,
            "btrfs:/a@one: the stream's record 3 at offset 93 (unlink) has the path '../up', "
            "which could lead out of the subvolume; nothing of it was kept, look at the "
            "machine that sent it");
}

TEST(StreamInspector, RefusesWhatIsCutOffAnywhere) {
  const auto text = sound();
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_THAT(inspect(text.substr(0, size), full()), HasSubstr("cut off")) << size;
  }
}

TEST(StreamInspector, RefusesEveryFlippedByte) {
  const auto text = sound();
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto broken = text;
    broken[i] = static_cast<char>(broken[i] ^ 0x40);
    EXPECT_THAT(inspect(broken, full()), HasSubstr("the stream's")) << i;
  }
}

TEST(StreamInspector, RefusesWhatComesBehindTheEnd) {
  EXPECT_THAT(inspect(sound() + "x", full()), HasSubstr("comes behind the end"));
  EXPECT_THAT(inspect(sound() + sound(), full()), HasSubstr("comes behind the end"));
}

TEST(StreamInspector, RefusesAnotherSubvolumeThanWasAskedFor) {
  const auto other = BtrfsStreamBuilder().subvol("one", kOther).end().text();
  EXPECT_THAT(inspect(other, full()), HasSubstr("another snapshot than was asked for"));
  EXPECT_THAT(inspect(sound(), incremental()), HasSubstr("begins a whole stream"));
  const auto based = BtrfsStreamBuilder().snapshot("one", kTo, kBase).end().text();
  EXPECT_THAT(inspect(based, full()), HasSubstr("begins an incremental stream"));
  const auto foreign = BtrfsStreamBuilder().snapshot("one", kTo, kOther).end().text();
  EXPECT_THAT(inspect(foreign, incremental()), HasSubstr("relative to another snapshot"));
}

TEST(StreamInspector, RefusesASecondSubvolumeAndWorkBeforeTheFirst) {
  EXPECT_THAT(refusal([](auto& builder) { builder.subvol("two", kTo); }),
              HasSubstr("begins a second subvolume"));
  EXPECT_THAT(inspect(BtrfsStreamBuilder().mkfile("x").end().text(), full()),
              HasSubstr("comes before any subvolume"));
}

TEST(StreamInspector, RefusesPathsThatCouldLeadOut) {
  for (const std::string path :
       {"..", "../x", "a/../../x", "a/..", "/etc/passwd", "/", "a//b", "a/", "./a", "a/./b", ""}) {
    EXPECT_THAT(refusal([&](auto& b) { b.mkfile(path); }), HasSubstr("path")) << path;
    EXPECT_THAT(refusal([&](auto& b) { b.write(path, 0, "x"); }), HasSubstr("path")) << path;
    EXPECT_THAT(refusal([&](auto& b) { b.rename("a", path); }), HasSubstr("path")) << path;
    EXPECT_THAT(refusal([&](auto& b) { b.rename(path, "a"); }), HasSubstr("path")) << path;
    EXPECT_THAT(refusal([&](auto& b) { b.link("a", path); }), HasSubstr("path")) << path;
    EXPECT_THAT(refusal([&](auto& b) { b.clone("a", kTo, path, 1); }), HasSubstr("path")) << path;
    EXPECT_THAT(refusal([&](auto& b) { b.symlink(path, "x"); }), HasSubstr("path")) << path;
  }
  EXPECT_THAT(refusal([](auto& b) { b.mkfile(std::string("a\0b", 3)); }), HasSubstr("zero byte"));
  EXPECT_THAT(refusal([](auto& b) { b.mkfile(std::string(5000, 'a')); }), HasSubstr("too long"));
  EXPECT_THAT(refusal([](auto& b) { b.chmod("../x", 0777); }), HasSubstr("path"));
  for (const std::string name : {"", "..", ".", "a/b", "/a"}) {
    EXPECT_THAT(inspect(BtrfsStreamBuilder().subvol(name, kTo).end().text(), full()),
                ::testing::AnyOf(HasSubstr("path"), HasSubstr("slash")))
        << name;
  }
}

TEST(StreamInspector, TakesDataFromPlannedSnapshotsAlone) {
  EXPECT_THAT(refusal([](auto& b) { b.clone("a", kOther, "b", 1); }),
              HasSubstr("not its own business"));
  auto plan = full();
  plan.clone_sources = {kOther};
  const auto text = BtrfsStreamBuilder().subvol("one", kTo).clone("a", kOther, "b", 1).end().text();
  EXPECT_EQ(inspect(text, plan), "subvol one; clone a; end; ");
}

TEST(StreamInspector, RefusesRecordsOfAnotherForm) {
  const auto number = BtrfsStreamBuilder::number(1);
  EXPECT_THAT(refusal([&](auto& b) { b.record(3, {{15, "a"}}); }), HasSubstr("too few attributes"));
  EXPECT_THAT(refusal([&](auto& b) {
                b.record(3, {{15, "a"}, {15, "a"}, {3, number}});
              }),
              HasSubstr("twice"));
  EXPECT_THAT(refusal([&](auto& b) {
                b.record(3, {{15, "a"}, {3, number}, {4, number}});
              }),
              HasSubstr("cannot have"));
  EXPECT_THAT(refusal([&](auto& b) {
                b.record(3, {{15, "a"}, {3, "1234"}});
              }),
              HasSubstr("of 4 bytes instead of 8"));
  EXPECT_THAT(refusal([&](auto& b) { b.record(3, {{99, "a"}}); }), HasSubstr("cannot have"));
  EXPECT_THAT(refusal([&](auto& b) { b.record(26, {}); }), HasSubstr("command 26"));
  EXPECT_THAT(refusal([&](auto& b) { b.record(0, {}); }), HasSubstr("command 0"));
  EXPECT_THAT(refusal([&](auto& b) { b.encoded_write("a", "x", 1, 2); }),
              HasSubstr("version 1 does not have"));
  EXPECT_THAT(refusal([&](auto& b) {
                b.record(22, {{15, "a"}, {18, number}, {4, number}});
              }),
              HasSubstr("sent without"));
  EXPECT_THAT(refusal([&](auto& b) { b.write("a", ~0ull, "x"); }), HasSubstr("beyond any file"));
  EXPECT_THAT(refusal([&](auto& b) { b.truncate("a", 1ull << 63); }), HasSubstr("beyond any file"));
  EXPECT_THAT(inspect(BtrfsStreamBuilder(3).text(), full()), HasSubstr("says version 3"));
  EXPECT_THAT(inspect(BtrfsStreamBuilder(0).text(), full()), HasSubstr("says version 0"));
}

TEST(StreamInspector, BoundsCompressedExtents) {
  const auto message = [](const std::string& data, std::uint64_t unpacked, std::uint32_t kind) {
    return refusal([&](auto& b) { b.encoded_write("a", data, unpacked, kind); }, 2);
  };
  EXPECT_THAT(message("x", 4096, 2), HasSubstr("encoded_write a"));
  EXPECT_THAT(message("x", 4096, 0), HasSubstr("unknown compression"));
  EXPECT_THAT(message("x", 4096, 8), HasSubstr("unknown compression"));
  EXPECT_THAT(message("x", 1 << 20, 2), HasSubstr("impossible size"));
  EXPECT_THAT(message(std::string(200 << 10, 'x'), 4096, 2), HasSubstr("impossible size"));
  EXPECT_THAT(message(std::string(1 << 20, 'x'), 4096, 2), HasSubstr("more than any record"));
}

TEST(StreamInspector, StopsWhenCancelled) {
  TextStream stream(sound());
  const auto plan = full();
  Cancellation cancellation;
  cancellation.request();
  StreamInspector inspector(stream, plan, nullptr, &cancellation);
  EXPECT_ERROR(inspector.next(), ErrorKind::Cancelled);
}

}  // namespace
}  // namespace snapferry::btrfs
