#include "zfs/source_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace snapferry::zfs {
namespace {

using ::testing::ElementsAre;
using Values = std::map<std::string, std::string>;

Values values_of(const SourceRecord& record) {
  Values values;
  for (const auto& assignment : record.assignments()) {
    const auto equals = assignment.find('=');
    values[assignment.substr(0, equals)] = assignment.substr(equals + 1);
  }
  return values;
}

TEST(SourceRecord, ComesBackAsItWasWhateverTheValuesHold) {
  std::string every_byte;
  for (int byte = 1; byte < 256; ++byte) every_byte += static_cast<char>(byte);
  const VolumeProperties properties = {{"acltype", "posix"},
                                       {"a:empty", ""},
                                       {"a:bytes", every_byte},
                                       {"a:long", std::string(30'000, 'x')}};
  const auto values = values_of(SourceRecord("zfs:tank/a", properties));
  EXPECT_EQ(SourceRecord::parse("zfs:tank/a", values), properties);
  for (const auto& [name, value] : values) {
    EXPECT_LT(value.size(), 8192u) << name;
    EXPECT_EQ(value.find_first_of("\t\n\x7f"), std::string::npos) << name;
  }
}

TEST(SourceRecord, IsWrittenAsTheGrammarSays) {
  const SourceRecord record("zfs:tank/a", {{"acltype", "posix"}, {"a:b", "c d%"}});
  EXPECT_THAT(record.assignments(), ElementsAre("snapferry:source=" + record.hash(),
                                                "snapferry:source.0=a:b=c%20d%25 acltype=posix"));
  EXPECT_TRUE(record.hash().ends_with(".1"));
}

TEST(SourceRecord, OfAnotherVolumeIsNone) {
  const auto values = values_of(SourceRecord("zfs:tank/a", {{"acltype", "posix"}}));
  EXPECT_FALSE(SourceRecord::parse("zfs:tank/a/child", values));
  EXPECT_NE(SourceRecord("zfs:tank/a", {}).hash(), SourceRecord("zfs:tank/b", {}).hash());
}

TEST(SourceRecord, ThatIsNotWholeIsNone) {
  auto values = values_of(SourceRecord("v", {{"a:long", std::string(20'000, 'x')}}));
  values.erase("snapferry:source.1");
  EXPECT_FALSE(SourceRecord::parse("v", values));
  EXPECT_FALSE(SourceRecord::parse("v", {}));
  EXPECT_FALSE(SourceRecord::parse("v", {{"snapferry:source", "nonsense"}}));
}

TEST(SourceRecord, KeepsToItselfThatARestOfALongerOneIsBehindIt) {
  auto values = values_of(SourceRecord("v", {{"a:long", std::string(20'000, 'x')}}));
  for (const auto& [name, value] : values_of(SourceRecord("v", {{"quota", "1"}}))) {
    values[name] = value;
  }
  EXPECT_EQ(SourceRecord::parse("v", values), (VolumeProperties{{"quota", "1"}}));
}

TEST(SourceRecord, LeavesUserPropertiesOutThatAreTooLargeAndSaysSo) {
  const SourceRecord record("v", {{"a:huge", std::string(70'000, 'x')}, {"quota", "1"}});
  EXPECT_EQ(SourceRecord::parse("v", values_of(record)),
            (VolumeProperties{{"quota", "1"}, {SourceRecord::kIncomplete, "on"}}));
}

}  // namespace
}  // namespace snapferry::zfs
