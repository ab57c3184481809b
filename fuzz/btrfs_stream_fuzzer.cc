// Streams of `btrfs send`. The first byte chooses the plan; checksums are made right first, so that
// what they protect is reached.

#include <cstdlib>
#include <cstring>
#include <string>

#include "btrfs/crc32c.h"
#include "btrfs/stream_format.h"
#include "btrfs/stream_inspector.h"
#include "core/error.h"
#include "testing/btrfs_stream_builder.h"

namespace {

using namespace snapferry;
using namespace snapferry::btrfs;

void repair(std::string& stream) {
  using namespace stream_format;
  std::size_t at = kStreamHeaderSize;
  while (at + kRecordHeaderSize <= stream.size()) {
    std::uint32_t size = 0;
    std::memcpy(&size, stream.data() + at, sizeof size);
    if (size > stream.size() - at - kRecordHeaderSize) return;
    std::memset(stream.data() + at + kCrcOffset, 0, sizeof size);
    const auto crc =
        crc32c(0, as_bytes(std::string_view(stream).substr(at, kRecordHeaderSize + size)));
    std::memcpy(stream.data() + at + kCrcOffset, &crc, sizeof crc);
    at += kRecordHeaderSize + size;
  }
}

bool is_safe(std::string_view path) {
  const std::string whole = "/" + std::string(path) + "/";
  return path.find('\0') == path.npos && whole.find("//") == whole.npos &&
         whole.find("/../") == whole.npos && whole.find("/./") == whole.npos;
}

// What it passes on is as its contract says.
void check(const StreamRecord& record) {
  using Attribute = stream_format::Attribute;
  for (const auto attribute : {Attribute::Path, Attribute::PathTo, Attribute::ClonePath}) {
    if (!record.has(attribute) || record.text(attribute).empty()) continue;
    if (!is_safe(record.text(attribute))) std::abort();
  }
  if (record.summary().empty()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Guid to = testing::BtrfsStreamBuilder::guid(1), base = testing::BtrfsStreamBuilder::guid(2);
  StreamPlan plan{"fuzz", {}, {}};
  if ((data[0] & 1) != 0) {
    plan.steps.push_back({to, base});
  } else {
    plan.steps.push_back({to, std::nullopt});
  }
  if ((data[0] & 2) != 0) plan.steps.push_back({base, to});
  std::string text(as_text({data + 1, size - 1}));
  if ((data[0] & 4) == 0) repair(text);
  testing::TextStream stream(text, (data[0] & 8) != 0 ? 3 : 1 << 20);
  try {
    StreamInspector inspector(stream, plan, nullptr, nullptr);
    while (const auto* record = inspector.next()) check(*record);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Corrupt) std::abort();
  }
  return 0;
}
