#include "zfs/resume_check.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "testing/errors.h"
#include "testing/fake_commands.h"
#include "zfs/test_token.h"

namespace snapferry::zfs {
namespace {

using testing::FakeAnswer;
using testing::FakeCommands;
using testing::NvlistBuilder;

constexpr const char* kList = "zfs list -Hp -t snapshot -o name,guid tank/home@a";

NvlistBuilder token() {
  return NvlistBuilder().number("toguid", 7).text("toname", "tank/home@a").number("fromguid", 3);
}

StreamRequest request_with(const NvlistBuilder& list) {
  StreamRequest request;
  request.volume = "zfs:tank/home";
  request.to.name = "a";
  request.to.guid = Guid::from_number(7);
  request.base = Point{};
  request.base->guid = Guid::from_number(3);
  request.resume_token = token_of(list);
  return request;
}

void check(const StreamRequest& request, const FakeAnswer& answer = {"tank/home@a\t7\n"}) {
  FakeCommands commands;
  commands.expect(kList, answer);
  check_resumable(commands, "tank/home", request);
}

TEST(ResumeCheck, PassesATokenOfWhatIsHereAndWasAskedFor) {
  EXPECT_NO_THROW(check(request_with(token())));
}

// zfs send -t would look for the guid elsewhere.
TEST(ResumeCheck, RefusesAGuidThatTheNamedSnapshotDoesNotHave) {
  EXPECT_ERROR(check(request_with(token()), {"tank/home@a\t8\n"}), ErrorKind::Conflict);
  const FakeAnswer gone{"", 1, "cannot open 'tank/home@a': dataset does not exist\n"};
  EXPECT_ERROR(check(request_with(token()), gone), ErrorKind::Conflict);
}

TEST(ResumeCheck, RefusesATokenOfSomethingElse) {
  const auto changed = [](auto change) {
    auto request = request_with(token());
    change(request);
    return request;
  };
  for (const auto& request :
       {request_with(NvlistBuilder().number("toguid", 7).text("toname", "tank/secret@a")),
        request_with(token().flag("rawok")),
        changed([](auto& asked) { asked.to.guid = Guid::from_number(8); }),
        changed([](auto& asked) { asked.base.reset(); }),
        changed([](auto& asked) { asked.to.kind = PointKind::Bookmark; })}) {
    EXPECT_ERROR(check(request), ErrorKind::Conflict);
  }
  EXPECT_ERROR(check(request_with(NvlistBuilder().flag("x"))), ErrorKind::Corrupt);
}

}  // namespace
}  // namespace snapferry::zfs
