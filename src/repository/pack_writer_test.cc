#include "repository/pack_writer.h"

#include <set>

#include <gtest/gtest.h>

#include "blob/memory_storage.h"
#include "testing/errors.h"
#include "testing/fault_storage.h"

namespace snapferry::repository {
namespace {

class PackWriterTest : public ::testing::Test {
 protected:
  PackBuilder::Finished pack_in(Bytes buffer) {
    PackBuilder builder(PackContent::Data, master_, Sealing::Encrypt, std::move(buffer));
    const Bytes content(5000, 7);
    builder.add(ObjectKind::Data, random_id(), {Codec::None, content}, content.size());
    return builder.finish();
  }

  const Key master_;
  blob::MemoryStorage storage_;
};

TEST_F(PackWriterTest, FillsThreeBuffersAgainAndAgain) {
  SealedObjects objects(storage_, master_, Sealing::Encrypt);
  ObjectIndex index(storage_, objects, master_, Sealing::Encrypt, "");
  PackWriter writer(
      storage_, objects, index, [](const auto&) {}, [](const auto&) {});
  std::set<const std::uint8_t*> places;
  Bytes trees = writer.take_buffer();
  places.insert(trees.data());
  for (int pack = 0; pack < 100; ++pack) {
    Bytes buffer = writer.take_buffer();
    places.insert(buffer.data());
    writer.write(pack_in(std::move(buffer)));
  }
  writer.flush();
  EXPECT_LE(places.size(), 3u);
  EXPECT_EQ(storage_.list("packs").size(), 100u);
}

TEST_F(PackWriterTest, DoesNotWaitForABufferThatAnErrorKeeps) {
  testing::FaultStorage failing(storage_, {.at = 1, .repeat = testing::FaultRepeat::FromThereOn});
  SealedObjects objects(failing, master_, Sealing::Encrypt);
  ObjectIndex index(failing, objects, master_, Sealing::Encrypt, "");
  PackWriter writer(
      failing, objects, index, [](const auto&) {}, [](const auto&) {});
  Bytes first = writer.take_buffer();
  const Bytes second = writer.take_buffer();
  const Bytes third = writer.take_buffer();
  writer.write(pack_in(std::move(first)));
  EXPECT_ERROR(writer.take_buffer(), ErrorKind::Unavailable);
}

}  // namespace
}  // namespace snapferry::repository
