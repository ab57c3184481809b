#include "wire/frame.h"

#include <gtest/gtest.h>

#include "testing/errors.h"

namespace snapferry::wire {
namespace {

FrameHeader again(const FrameHeader& header) { return parse_header(encode_header(header)); }

TEST(Frame, HeaderComesBack) {
  for (const FrameHeader header :
       {FrameHeader{FrameType::Hello, 0, 20}, FrameHeader{FrameType::Data, 7, 1},
        FrameHeader{FrameType::Data, 0xffffffff, kMaxPayload}, FrameHeader{FrameType::End, 1, 0},
        FrameHeader{FrameType::Ping, 0, 0}}) {
    EXPECT_EQ(again(header), header);
  }
}

TEST(Frame, OfAnUnknownTypeIsRefused) {
  for (const int type : {0, 14, 255}) {
    EXPECT_ERROR(again({static_cast<FrameType>(type), 0, 0}), ErrorKind::Corrupt);
  }
}

TEST(Frame, OutsideTheLimitsOfItsTypeIsRefused) {
  for (const FrameHeader header :
       {FrameHeader{FrameType::Data, 1, 0}, FrameHeader{FrameType::Data, 1, kMaxPayload + 1},
        FrameHeader{FrameType::Data, 1, 0xffffffff}, FrameHeader{FrameType::Message, 1, 0},
        FrameHeader{FrameType::Hello, 0, 8193}, FrameHeader{FrameType::Request, 1, 3},
        FrameHeader{FrameType::End, 1, 1}, FrameHeader{FrameType::Credit, 1, 8},
        FrameHeader{FrameType::Failure, 1, 4}, FrameHeader{FrameType::Goodbye, 0, 4102},
        FrameHeader{FrameType::Ping, 0, 8}}) {
    EXPECT_ERROR(again(header), ErrorKind::Corrupt);
  }
}

TEST(Frame, InTheWrongKindOfChannelIsRefused) {
  EXPECT_ERROR(again({FrameType::Data, 0, 1}), ErrorKind::Corrupt);
  EXPECT_ERROR(again({FrameType::Hello, 1, 20}), ErrorKind::Corrupt);
  EXPECT_ERROR(again({FrameType::Ping, 1, 0}), ErrorKind::Corrupt);
}

}  // namespace
}  // namespace snapferry::wire
