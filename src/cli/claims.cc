#include "cli/claims.h"

#include <fmt/format.h>

namespace snapferry::cli {

std::string claim_owner(const stores::StoreClaim& claim) {
  if (!claim.is_readable) return "an unreadable claim";
  return fmt::format("a {} on {}, process {}", claim.is_prune ? "prune" : "backup", claim.host,
                     claim.pid);
}

JsonObject claim_json(std::string_view type, const stores::StoreClaim& claim) {
  auto object = JsonObject::line(type).text("claim", claim.id.hex());
  if (claim.is_readable) {
    object.text("type", claim.is_prune ? "prune" : "backup")
        .text("host", claim.host)
        .number("pid", claim.pid)
        .time("started", claim.started);
  }
  if (claim.refreshed != Timestamp{}) object.time("refreshed", claim.refreshed);
  object.boolean("counts", claim.counts)
      .boolean("from_the_future", claim.from_the_future)
      .text("state", claim.state);
  return object;
}

}  // namespace snapferry::cli
