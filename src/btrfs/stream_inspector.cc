#include "btrfs/stream_inspector.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "btrfs/crc32c.h"
#include "core/error.h"

namespace snapferry::btrfs {
namespace {

using namespace stream_format;
using Command = stream_format::Command;
using Attribute = stream_format::Attribute;

// A pipe holds as much; a record at its end is moved to the front.
constexpr std::size_t kInspectedSize = (1u << 20) + kMaxRecordSize;

}  // namespace

StreamPlan StreamPlan::of(const StreamRequest& request) {
  StreamPlan plan;
  plan.subject = request.volume + "@" + request.to.name;
  std::optional<Guid> base;
  if (request.base) base = request.base->guid;
  for (const auto& point : request.intermediates) {
    plan.steps.push_back({point.guid, base});
    base = point.guid;
  }
  plan.steps.push_back({request.to.guid, base});
  for (const auto& point : request.clone_sources) plan.clone_sources.push_back(point.guid);
  return plan;
}

StreamInspector::StreamInspector(Stream& stream, const StreamPlan& plan, Progress* progress,
                                 const Cancellation* cancellation)
    : stream_(stream),
      plan_(plan),
      progress_(progress),
      cancellation_(cancellation),
      // Never touched beyond what a small stream needs.
      buffer_(std::make_unique_for_overwrite<std::uint8_t[]>(kInspectedSize)) {}

std::string StreamInspector::place() const {
  auto text = plan_.subject + ": the stream's ";
  text += records_ == 0 ? "header" : "record " + std::to_string(records_);
  text += " at offset " + std::to_string(offset_);
  if (record_) return text + " (" + record_->summary() + ")";
  if (command_) return text + " (" + command_name(*command_) + ")";
  return text;
}

void StreamInspector::refuse(const std::string& cause) const {
  throw Error(ErrorKind::Corrupt,
              place() + " " + cause + "; nothing of it was kept, look at the machine that sent it");
}

// Whether `size` bytes are there before the stream ends.
bool StreamInspector::fill(std::size_t size) {
  if (end_ - begin_ >= size) return true;
  std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  while (end_ < size) {
    if (cancellation_ != nullptr) cancellation_->check();
    const auto got = stream_.read({buffer_.get() + end_, kInspectedSize - end_});
    if (got == 0) return false;
    if (progress_ != nullptr) progress_->bytes += got;
    end_ += got;
  }
  return true;
}

void StreamInspector::need(std::size_t size) {
  if (fill(size)) return;
  // Its maker knows better why.
  stream_.finish();
  refuse("is cut off");
}

ByteView StreamInspector::take(std::size_t size) {
  need(size);
  const ByteView bytes(buffer_.get() + begin_, size);
  begin_ += size;
  taken_ += size;
  return bytes;
}

void StreamInspector::read_header() {
  const auto header = take(kStreamHeaderSize);
  if (as_text(header.first(kMagic.size())) != kMagic) refuse("is not that of a btrfs stream");
  ByteReader reader(header.subspan(kMagic.size()), plan_.subject);
  version_ = reader.u32();
  if (version_ == 0 || version_ > kNewestVersion) {
    refuse("says version " + std::to_string(version_) + ", of which nothing is known");
  }
}

void StreamInspector::read_record() {
  ++records_;
  command_.reset();
  offset_ = taken_;
  need(kRecordHeaderSize);
  std::array<std::uint8_t, kRecordHeaderSize> header{};
  std::memcpy(header.data(), buffer_.get() + begin_, header.size());
  ByteReader reader(header, plan_.subject);
  const std::size_t size = reader.u32();
  command_ = reader.u16();
  const std::uint32_t crc = reader.u32();
  if (size > kMaxRecordSize - kRecordHeaderSize) {
    refuse("has " + std::to_string(size) + " bytes, more than any record");
  }
  const auto attributes = take(kRecordHeaderSize + size).subspan(kRecordHeaderSize);
  std::fill_n(header.begin() + kCrcOffset, sizeof crc, std::uint8_t{0});
  if (crc32c(crc32c(0, header), attributes) != crc) refuse("does not match its checksum");
  try {
    record_ = StreamRecord::parse(*command_, attributes, version_);
  } catch (const Error& error) {
    refuse("has " + error.message());
  }
}

void StreamInspector::check_begin(const StreamPlan::Step& step) const {
  const bool full = record_->command() == Command::Subvol;
  if (record_->guid(Attribute::Uuid) != step.to)
    refuse("begins another snapshot than was asked for");
  if (full && step.base) refuse("begins a whole stream where an incremental one was asked for");
  if (!full && !step.base) refuse("begins an incremental stream where a whole one was asked for");
  if (!full && record_->guid(Attribute::CloneUuid) != *step.base) {
    refuse("is relative to another snapshot than was asked for");
  }
}

void StreamInspector::check_clone(const StreamPlan::Step& step) const {
  const auto source = record_->guid(Attribute::CloneUuid);
  const bool allowed = source == step.to || (step.base && source == *step.base) ||
                       std::find(plan_.clone_sources.begin(), plan_.clone_sources.end(), source) !=
                           plan_.clone_sources.end();
  if (!allowed) refuse("takes data from a snapshot that is not its own business");
}

void StreamInspector::check_order() {
  const auto& step = plan_.steps[step_];
  const auto command = record_->command();
  const bool begins = command == Command::Subvol || command == Command::Snapshot;
  if (begins == in_step_) {
    refuse(begins ? "begins a second subvolume" : "comes before any subvolume");
  }
  if (begins) {
    check_begin(step);
    in_step_ = true;
  } else if (command == Command::Clone) {
    check_clone(step);
  } else if (command == Command::End) {
    in_step_ = false;
    ++step_;
  }
}

void StreamInspector::expect_end() {
  record_.reset();
  command_.reset();
  offset_ = taken_;
  ++records_;
  if (fill(1)) refuse("comes behind the end");
  stream_.finish();
}

const StreamRecord* StreamInspector::next() {
  record_.reset();
  if (!in_step_) {
    if (step_ == plan_.steps.size()) {
      expect_end();
      return nullptr;
    }
    offset_ = taken_;
    read_header();
  }
  read_record();
  check_order();
  return &*record_;
}

}  // namespace snapferry::btrfs
