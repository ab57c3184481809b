#include "stores/known_stores.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "testing/temporary_directory.h"

namespace snapferry::stores {
namespace {

using enum SeenStore::Protection;

const SeenStore kEncrypted{"aa01", Encrypted, "/mnt"};
const SeenStore kOther{"bb02", Encrypted, "/mnt"};
const SeenStore kOpen{"cc03", None, "/mnt"};
const SeenStore kNative{"dd04", Unknown, ""};

TEST(Familiarity, IsNewWhereNothingWasSeen) {
  EXPECT_EQ(compare({}, kEncrypted), Familiarity::New);
  EXPECT_EQ(compare({}, kOpen), Familiarity::New);
}

TEST(Familiarity, IsKnownForEachStoreThatTakesTurnsAtAnAddress) {
  EXPECT_EQ(compare({kOther, kEncrypted}, kEncrypted), Familiarity::Known);
  EXPECT_EQ(compare({kOther, kEncrypted}, kOther), Familiarity::Known);
  EXPECT_EQ(compare({kEncrypted, kOpen}, kOpen), Familiarity::Known);
  EXPECT_EQ(compare({kNative}, kNative), Familiarity::Known);
}

TEST(Familiarity, IsNotHadByAnotherStore) {
  EXPECT_EQ(compare({kEncrypted}, kOther), Familiarity::OtherStore);
  EXPECT_EQ(compare({kOpen}, kEncrypted), Familiarity::OtherStore);
  EXPECT_EQ(compare({kOpen}, SeenStore{"ee05", None, "/mnt"}), Familiarity::OtherStore);
}

TEST(Familiarity, IsNotHadByAStoreThatIsNotEncryptedInThePlaceOfOneThatWas) {
  EXPECT_EQ(compare({kEncrypted}, kOpen), Familiarity::NotEncrypted);
  SeenStore same_id = kEncrypted;
  same_id.protection = None;
  EXPECT_EQ(compare({kEncrypted}, same_id), Familiarity::NotEncrypted);
}

TEST(SeenStores, ArePutFirstOnceAndHaveAnEnd) {
  std::vector<SeenStore> seen{kEncrypted, kOther};
  EXPECT_EQ(with_seen(seen, kOther), (std::vector<SeenStore>{kOther, kEncrypted}));
  for (int i = 0; i < 1000; ++i) seen = with_seen(seen, {std::to_string(i), None, ""});
  EXPECT_LT(seen.size(), 100u);
  EXPECT_EQ(seen.front().identity, "999");
}

TEST(KnownStores, GiveBackWhatWasRememberedOfEachAddress) {
  const testing::TemporaryDirectory cache;
  const KnownStores known(cache.path() + "/made", 1000);
  EXPECT_TRUE(known.at("repo:/a").empty());
  known.remember("repo:/a", kEncrypted);
  known.remember("repo:/a", kOther);
  known.remember("repo:/b", kOpen);
  EXPECT_EQ(known.at("repo:/a"), (std::vector<SeenStore>{kOther, kEncrypted}));
  EXPECT_EQ(known.at("repo:/b"), std::vector<SeenStore>{kOpen});
}

TEST(KnownStores, OfAnotherUserSayNothing) {
  const testing::TemporaryDirectory cache;
  KnownStores(cache.path(), 1000).remember("repo:/a", kEncrypted);
  EXPECT_TRUE(KnownStores(cache.path(), 1001).at("repo:/a").empty());
}

TEST(KnownStores, SayNothingWithoutACacheThatCanBeUsed) {
  const testing::TemporaryDirectory directory;
  std::ofstream(directory.path() + "/file") << "x";
  for (const std::string& cache :
       {std::string(), directory.path() + "/file", std::string("/proc")}) {
    const KnownStores known(cache, 0);
    known.remember("repo:/a", kEncrypted);
    EXPECT_TRUE(known.at("repo:/a").empty()) << cache;
  }
}

TEST(KnownStores, AreReadableByTheirUserAlone) {
  const testing::TemporaryDirectory cache;
  KnownStores(cache.path(), 0).remember("repo:/a", kEncrypted);
  for (const auto& file : std::filesystem::directory_iterator(cache.path() + "/stores")) {
    struct stat status {};
    ASSERT_EQ(::stat(file.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600u);
  }
}

TEST(KnownStores, SayNothingWhereAnyBitOfTheirFileIsWrongOrItsEndIsMissing) {
  const Bytes whole = encode_known(5, "repo:/a", {kEncrypted, kOther});
  EXPECT_EQ(decode_known(whole, 5, "repo:/a").size(), 2u);
  EXPECT_TRUE(decode_known(whole, 5, "repo:/b").empty());
  for (std::size_t i = 0; i < whole.size(); ++i) {
    Bytes wrong = whole;
    wrong[i] ^= 0x10;
    EXPECT_TRUE(decode_known(wrong, 5, "repo:/a").empty()) << i;
    EXPECT_TRUE(decode_known(ByteView(whole).first(i), 5, "repo:/a").empty()) << i;
  }
}

TEST(KnownStores, DoNotWaitForAFifoInTheirPlace) {
  const testing::TemporaryDirectory cache;
  const KnownStores known(cache.path(), 0);
  known.remember("repo:/a", kEncrypted);
  for (const auto& file : std::filesystem::directory_iterator(cache.path() + "/stores")) {
    std::filesystem::remove(file.path());
    ASSERT_EQ(::mkfifo(file.path().c_str(), 0600), 0);
  }
  EXPECT_TRUE(known.at("repo:/a").empty());
}

}  // namespace
}  // namespace snapferry::stores
