#include "simplesnap/stream_head.h"

#include <gtest/gtest.h>

#include "testing/errors.h"
#include "testing/zfs_stream_builder.h"
#include "zfs/stream_inspector.h"

namespace snapferry::simplesnap {
namespace {

using testing::ZfsStreamBuilder;

// Gives its bytes in pieces.
class PiecesStream : public Stream {
 public:
  PiecesStream(Bytes bytes, std::size_t piece) : bytes_(std::move(bytes)), piece_(piece) {}
  std::size_t read(std::span<std::uint8_t> buffer) override {
    const auto size = std::min({buffer.size(), piece_, bytes_.size() - given_});
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(given_), size, buffer.begin());
    given_ += size;
    return size;
  }
  void finish() override {}

 private:
  Bytes bytes_;
  std::size_t piece_;
  std::size_t given_ = 0;
};

HeadedStream headed(const Bytes& bytes, std::size_t piece = 100) {
  return HeadedStream(std::make_unique<PiecesStream>(bytes, piece));
}

// Reads it to the end past the inspector that its own request makes.
Bytes read_all(HeadedStream& stream) {
  zfs::StreamInspector inspector(stream.request(), stream.head().type, zfs::ChecksumMode::Verify);
  Bytes all;
  Bytes buffer(1000);
  while (const auto size = stream.read(buffer)) {
    inspector.feed(ByteView(buffer).first(size));
    all.insert(all.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size));
  }
  stream.finish();
  inspector.finish();
  return all;
}

Bytes full_stream() {
  return ZfsStreamBuilder().begin({.to = 7, .name = "tank/home@a"}).write(1, 512).end().stream();
}

Bytes package() {
  return ZfsStreamBuilder()
      .package("tank/home@c")
      .begin({.to = 8, .from = 7, .name = "tank/home@b"})
      .write(1, 512)
      .end()
      .begin({.to = 9, .from = 8, .name = "tank/home@c"})
      .end()
      .end_package()
      .stream();
}

TEST(StreamHead, OfAFullStreamHasNoBase) {
  auto stream = headed(full_stream());
  EXPECT_FALSE(stream.head().base);
  EXPECT_FALSE(stream.head().package);
  EXPECT_EQ(stream.head().to_name, "a");
  EXPECT_EQ(stream.head().to, Guid::from_number(7));
  EXPECT_EQ(read_all(stream), full_stream());
}

TEST(StreamHead, OfAPackageIsThatOfItsFirstSnapshot) {
  auto stream = headed(package());
  EXPECT_TRUE(stream.head().package);
  EXPECT_EQ(stream.head().base, Guid::from_number(7));
  EXPECT_EQ(stream.head().to_name, "c");
  EXPECT_EQ(read_all(stream), package());
}

TEST(StreamHead, OfAZvolSaysSo) {
  const auto bytes =
      ZfsStreamBuilder().begin({.to = 7, .name = "tank/disk@a", .objset = 3}).end().stream();
  EXPECT_EQ(headed(bytes).head().type, VolumeType::Zvol);
}

TEST(StreamHead, IsRefusedWhereItIsNoStreamOrCarriesProperties) {
  EXPECT_ERROR(headed(Bytes(1000, 'x')), ErrorKind::Corrupt);
  EXPECT_ERROR(headed(Bytes(1000, 0)), ErrorKind::Corrupt);
  const Bytes properties = testing::NvlistBuilder().text("fss", "x").pack();
  EXPECT_ERROR(headed(ZfsStreamBuilder().package("tank/home@c", properties).stream()),
               ErrorKind::Corrupt);
}

TEST(StreamHead, IsUnavailableAtEveryShorterLength) {
  const auto whole = package();
  for (std::size_t size = 0; size < 3 * 312; size += 13)
    EXPECT_ERROR(headed(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))),
                 ErrorKind::Unavailable);
}

TEST(HeadedStream, IsRefusedWhereItGoesOnOtherwiseThanItBegan) {
  const auto bytes = ZfsStreamBuilder()
                         .package("tank/home@c")
                         .begin({.to = 8, .from = 7, .name = "tank/home@b"})
                         .end()
                         .begin({.to = 9, .from = 8, .name = "tank/other@c"})
                         .end()
                         .end_package()
                         .stream();
  auto stream = headed(bytes);
  EXPECT_ERROR(read_all(stream), ErrorKind::Corrupt);
}

}  // namespace
}  // namespace snapferry::simplesnap
