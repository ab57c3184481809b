#include "zfs/resume_check.h"

#include <algorithm>

#include "core/error.h"
#include "core/printable.h"
#include "zfs/arguments.h"
#include "zfs/listing.h"
#include "zfs/resume_token.h"

namespace snapferry::zfs {
namespace {

bool is_of(const ResumeToken& token, const std::string& dataset, const StreamRequest& request) {
  const auto base = request.base ? std::optional(request.base->guid) : std::nullopt;
  return token.dataset == dataset && token.partial.to == request.to.guid &&
         token.partial.base == base && token.partial.raw == request.features.raw;
}

// Whether that snapshot is here under its name.
bool is_here(platform::Commands& commands, const std::string& dataset, const Point& point) {
  const auto listing = run_list(commands, {.columns = {"name", "guid"},
                                           .types = "snapshot",
                                           .recursive = false,
                                           .roots = {point_name(dataset, point)}});
  return std::any_of(listing.rows.begin(), listing.rows.end(), [&](const auto& row) {
    const auto guid = parse_number(row[1]);
    return guid && Guid::from_number(*guid) == point.guid;
  });
}

}  // namespace

void check_resumable(platform::Commands& commands, const std::string& dataset,
                     const StreamRequest& request) {
  const auto token = parse_resume_token(request.resume_token);
  const bool same = is_of(token, dataset, request) && request.to.kind == PointKind::Snapshot &&
                    is_here(commands, dataset, request.to);
  if (same) return;
  throw Error(ErrorKind::Conflict, request.volume + ": the interrupted receive was of " +
                                       printable(token.dataset + "@" + token.partial.to_name) +
                                       ", not of what shall be sent; discard it");
}

}  // namespace snapferry::zfs
