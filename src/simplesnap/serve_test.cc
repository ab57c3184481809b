#include "simplesnap/serve.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "platform/fd.h"
#include "testing/errors.h"
#include "testing/fake_clock.h"
#include "testing/fake_commands.h"
#include "testing/fake_waiter.h"
#include "testing/time_zone.h"
#include "zfs/test_pool_calls.h"

namespace snapferry::simplesnap {
namespace {

constexpr const char* kLook =
    "zfs list -Hp -d 1 -t filesystem,volume,snapshot,bookmark -o "
    "name,guid,createtxg,org.complete.simplesnap:exclude,snapferry:exclude,"
    "org.complete.simplesnap:createbookmarks,snapferry:simplesnap tank";
constexpr const char* kList =
    "zfs list -Hp -r -t filesystem,volume -o "
    "name,org.complete.simplesnap:exclude,snapferry:exclude";
constexpr const char* kNew = "tank@__simplesnap_s_2026-03-01T12:00:00__";

// A wrapper whose peer reads from a pipe.
class Serving : public ::testing::Test {
 protected:
  Serving() {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    read_end_ = platform::Fd(ends[0]);
    write_end_ = platform::Fd(ends[1]);
  }

  void serve_words(const std::vector<std::string_view>& words) {
    ServerContext context{.commands = commands_,
                          .calls = calls_,
                          .clock = clock_,
                          .waiter = waiter_,
                          .output = write_end_.get(),
                          .log = [](std::string_view) {}};
    serve(parse_words(words), context);
  }

  std::string received() {
    write_end_.reset();
    std::string text(4096, '\0');
    text.resize(platform::read_up_to(read_end_.get(), reinterpret_cast<std::uint8_t*>(text.data()),
                                     text.size(), "the pipe"));
    return text;
  }

  testing::LocalTimeZone zone_{"UTC"};
  testing::FakeCommands commands_;
  zfs::FakePoolCalls calls_;
  testing::FakeClock clock_;
  testing::FakeWaiter waiter_;
  platform::Fd read_end_;
  platform::Fd write_end_;
};

TEST_F(Serving, ListsAllButTheExcluded) {
  commands_.expect(kList, {"tank\t-\t-\ntank/a\ton\t-\ntank/b\toff\t-\ntank/c\t-\ton\n"});
  serve_words({"listfs"});
  EXPECT_EQ(received(), "tank\ntank/b\n");
}

TEST_F(Serving, FailsWhereTheListingFails) {
  commands_.expect(kList, {.output = "", .status = 1, .errors = "internal error: out of memory\n"});
  EXPECT_ERROR(serve_words({"listfs"}), ErrorKind::Unavailable);
}

TEST_F(Serving, SendsEverythingTheFirstTime) {
  commands_.expect(kLook, {"tank\t1\t1\t-\t-\t-\t-\ntank/a\t2\t1\t-\t-\t-\t-\n"});
  commands_.expect(std::string("zfs snapshot -o snapferry:simplesnap=sending 1 full ") + kNew);
  commands_.expect(std::string("zfs send ") + kNew, {"the stream"});
  commands_.expect(std::string("zfs set snapferry:simplesnap=sent 1 full ") + kNew);
  serve_words({"sendback", "s", "tank"});
  EXPECT_EQ(received(), "the stream");
  EXPECT_TRUE(commands_.missing().empty());
}

TEST_F(Serving, SendsFromTheSnapshotOfTheSetAndAvoidsATakenName) {
  const std::string next = "tank@__simplesnap_s_2026-03-01T12:00:01__";
  commands_.expect(kLook,
                   {std::string("tank\t1\t1\t-\t-\t-\t-\n") + kNew + "\t7\t5\t-\t-\t-\t-\n"});
  commands_.expect("zfs snapshot -o snapferry:simplesnap=sending 1 incremental " + next);
  commands_.expect(std::string("zfs send -I ") + kNew + " " + next, {"the stream"});
  commands_.expect("zfs set snapferry:simplesnap=sent 1 incremental " + next);
  serve_words({"sendback", "s", "tank", "1k"});
  EXPECT_TRUE(commands_.missing().empty());
}

TEST_F(Serving, RefusesTheExcludedAndTheUnknown) {
  for (const std::string_view verb : {"sendback", "reap"}) {
    commands_.expect(kLook, {"tank\t1\t1\ton\t-\t-\t-\n"});
    EXPECT_ERROR(serve_words({verb, "s", "tank"}), ErrorKind::PermissionDenied);
    commands_.expect(
        kLook,
        {.output = "", .status = 1, .errors = "cannot open 'tank': dataset does not exist\n"});
    EXPECT_ERROR(serve_words({verb, "s", "tank"}), ErrorKind::NotFound);
  }
}

TEST_F(Serving, KeepsWhatWasSentWhereThePeerIsGone) {
  ::signal(SIGPIPE, SIG_IGN);
  commands_.expect(kLook, {"tank\t1\t1\t-\t-\t-\t-\n"});
  commands_.expect(std::string("zfs snapshot -o snapferry:simplesnap=sending 1 full ") + kNew);
  commands_.expect(std::string("zfs send ") + kNew, {"the stream"});
  read_end_.reset();
  EXPECT_ERROR(serve_words({"sendback", "s", "tank"}), ErrorKind::Unavailable);
}

TEST_F(Serving, ReapsTheOlderAndMarksTheNewest) {
  const std::string old = "tank@__simplesnap_s_2026-02-01T12:00:00__";
  commands_.expect(
      kLook, {"tank\t1\t1\t-\t-\t-\t-\n" + old + "\t7\t5\t-\t-\t-\t-\n" +
              "tank@daily\t8\t6\t-\t-\t-\t-\n" + kNew + "\t9\t7\t-\t-\t-\tsent 1 incremental\n"});
  commands_.expect(std::string("zfs set snapferry:simplesnap=arrived ") + kNew);
  commands_.expect("zfs list -Hp -t snapshot,bookmark -o name,guid,userrefs " + old,
                   {old + "\t7\t0\n"});
  serve_words({"reap", "s", "tank"});
  EXPECT_TRUE(commands_.missing().empty());
  EXPECT_EQ(calls_.calls(), std::vector<std::string>{"destroy " + old});
}

}  // namespace
}  // namespace snapferry::simplesnap
