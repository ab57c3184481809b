#include "agent/policy.h"

#include <algorithm>

#include "core/address_parts.h"
#include "core/error.h"
#include "core/volume_kind.h"
#include "wire/names.h"

namespace snapferry::agent {
namespace {

using wire::AgentRole;
using wire::is_bookmark_of_cursor;
using wire::is_cursor_of_set;
using wire::is_host_name;
using wire::is_point_name;
using wire::is_set_name;
using wire::is_snapshot_of_set;
using wire::is_volume_name;
using wire::parse_role;
using wire::quoted;

[[noreturn]] void invalid(std::string message) {
  throw Error(ErrorKind::InvalidArgument, std::move(message));
}

Decision refuse(std::string_view subject, std::string_view cause) {
  return Decision::refuse(quoted(subject) + ": " + std::string(cause));
}

// What a line of authorized_keys needs to grant the role: Policy::make() wants all of it.
std::string lacks(AgentRole role) {
  return "its line in authorized_keys lacks " + std::string(wire::options_for(role));
}

// Whether a listing that begins at `below` stays within one that begins at `above`.
bool is_below(std::string_view below, std::string_view above) {
  if (above.empty() || above == "/" || below == above) return true;
  return below.starts_with(above) && below[above.size()] == '/';
}

// A pattern for what `pattern` means that is no error where it names nothing.
std::string tolerant(const VolumePattern& pattern) {
  if (pattern.has_wildcards()) return pattern.text();
  return pattern.text() + (pattern.text().ends_with('/') ? "**" : "/**");
}

// The one of both that begins deeper; nullopt if they have no volume in common.
std::optional<std::string> common_listing(const VolumePattern& asked, const VolumePattern& own) {
  if (asked.kind() != own.kind()) return std::nullopt;
  if (!asked.has_wildcards()) {
    return own.matches(asked.text()) ? std::optional(asked.text()) : std::nullopt;
  }
  if (is_below(own.literal_prefix(), asked.literal_prefix())) return tolerant(own);
  if (is_below(asked.literal_prefix(), own.literal_prefix())) return asked.text();
  return std::nullopt;
}

std::vector<VolumePattern> parse_patterns(const std::vector<std::string>& texts) {
  std::vector<VolumePattern> patterns;
  patterns.reserve(texts.size());
  for (const auto& text : texts) patterns.push_back(VolumePattern::parse(text));
  return patterns;
}

bool are_of_one_kind(std::string_view one, std::string_view other) {
  return split_local_name(one).kind == split_local_name(other).kind;
}

const Point* find_point(const VolumeState& volume, const Point& wanted) {
  const auto found = std::ranges::find_if(volume.points, [&](const Point& point) {
    return point.kind == wanted.kind && point.name == wanted.name && point.guid == wanted.guid;
  });
  return found == volume.points.end() ? nullptr : &*found;
}

Decision check_points(const StreamRequest& request) {
  const auto check = [&](const Point& point) {
    return is_point_name(request.volume, point.name)
               ? Decision::allow()
               : refuse(point.name, "is no name of a snapshot");
  };
  if (const auto decision = check(request.to); !decision) return decision;
  if (request.to.kind != PointKind::Snapshot) {
    return refuse(request.to.name, "is a bookmark, which holds no data to send");
  }
  if (request.base) {
    if (const auto decision = check(*request.base); !decision) return decision;
  }
  for (const auto* points : {&request.intermediates, &request.clone_sources}) {
    for (const auto& point : *points) {
      if (const auto decision = check(point); !decision) return decision;
    }
  }
  return Decision::allow();
}

void check_store(const Policy& policy) {
  const auto address = AddressParts::parse(policy.store());
  if (!address.remote.empty())
    invalid(policy.store() +
            ": is on another machine; an agent keeps what "
            "it receives on its own: leave the host out");
  if (!find_native_kind(address.kind)) {
    invalid(policy.store() +
            ": an agent receives into zfs:DATASET or btrfs:DIRECTORY; give one of them as --store");
  }
  if (VolumePattern::parse(policy.store()).has_wildcards()) {
    invalid(policy.store() + ": a store is one place; give --store without '*' and '?'");
  }
}

}  // namespace

Decision Decision::refuse(std::string reason) {
  Decision decision;
  decision.reason_ = std::move(reason);
  return decision;
}

const std::string& Decision::reason() const {
  static const std::string kNone;
  return reason_ ? *reason_ : kNone;
}

void Decision::require() const {
  if (reason_) throw Error(ErrorKind::PermissionDenied, *reason_);
}

Policy Policy::make(const PolicyOptions& options) {
  Policy policy;
  for (const auto& text : options.allow) {
    const auto role = parse_role(text);
    if (!policy.has(role)) policy.roles_.push_back(role);
  }
  std::ranges::sort(policy.roles_);
  policy.set_ = options.set;
  policy.volumes_ = parse_patterns(options.volumes);
  policy.store_ = options.store;
  policy.host_ = options.host;
  if (policy.roles_.empty())
    invalid("the agent allows nothing: give --allow source, store or target");
  if (!is_set_name(policy.set_)) {
    invalid(quoted(policy.set_) +
            ": no name of a set; give --set NAME of letters, digits, '.', ':' and '-'");
  }
  for (const auto& pattern : policy.volumes_) {
    if (pattern.kind() != "zfs" && pattern.kind() != "btrfs") {
      invalid(pattern.text() + ": an agent sends zfs: and btrfs: volumes; give one as --volume");
    }
  }
  if ((policy.has(AgentRole::Source) || policy.has(AgentRole::Target)) && policy.volumes_.empty()) {
    invalid("the agent covers no volume: give --volume, such as --volume 'zfs:tank/**'");
  }
  if (policy.has(AgentRole::Store)) {
    if (policy.store_.empty()) invalid("the agent has no store: give --store zfs:DATASET");
    check_store(policy);
    if (!is_host_name(policy.host_)) {
      invalid(quoted(policy.host_) + ": no name of a host; give --host, whose replicas it adds to");
    }
  } else if (!policy.store_.empty() || !policy.host_.empty()) {
    invalid("--store and --host are for a store agent: add --allow store, or leave them out");
  } else if (policy.has(AgentRole::Restore)) {
    invalid("--allow restore reads a store back: add --allow store with --store and --host");
  }
  return policy;
}

bool Policy::has(AgentRole role) const { return std::ranges::find(roles_, role) != roles_.end(); }

std::vector<std::string> Policy::arguments() const {
  std::vector<std::string> result;
  const auto add = [&](std::string_view option, std::string_view value) {
    result.emplace_back(option);
    result.emplace_back(value);
  };
  for (const auto role : roles_) add("--allow", to_string(role));
  add("--set", set_);
  for (const auto& pattern : volumes_) add("--volume", pattern.text());
  if (has(AgentRole::Store)) {
    add("--store", store_);
    add("--host", host_);
  }
  return result;
}

// What the peer is to say.
std::string Policy::pass_set() const { return "; pass --set " + set_; }

Decision Policy::covers(std::string_view volume) const {
  if (!is_volume_name(volume)) return refuse(volume, "is no name of a volume");
  const auto covered = [&](const VolumePattern& pattern) { return pattern.matches(volume); };
  if (std::ranges::any_of(volumes_, covered)) return Decision::allow();
  return refuse(volume,
                "not in the policy of this key; add --volume to its line in "
                "authorized_keys to allow it");
}

Decision Policy::may_list(std::string_view volume) const {
  if (!has(AgentRole::Source)) {
    return refuse(volume, "this key sends nothing; " + lacks(AgentRole::Source));
  }
  return covers(volume);
}

std::vector<std::string> Policy::listing(const std::vector<std::string>& patterns) const {
  std::vector<std::string> result;
  for (const auto& asked : parse_patterns(patterns)) {
    if (!has(AgentRole::Source) || !asked.has_wildcards()) may_list(asked.text()).require();
    bool any = false;
    for (const auto& own : volumes_) {
      const auto common = common_listing(asked, own);
      if (!common) continue;
      any = true;
      if (std::ranges::find(result, *common) == result.end()) result.push_back(*common);
    }
    if (!any) {
      refuse(asked.text(),
             "covers nothing in the policy of this key; add --volume to its line in "
             "authorized_keys to allow it")
          .require();
    }
  }
  return result;
}

std::vector<VolumeState> Policy::visible(std::vector<VolumeState> listed,
                                         const std::vector<std::string>& patterns) const {
  const auto asked = parse_patterns(patterns);
  std::erase_if(listed, [&](const VolumeState& volume) {
    const auto matches = [&](const VolumePattern& pattern) { return pattern.matches(volume.name); };
    return !may_list(volume.name) || std::ranges::none_of(asked, matches);
  });
  return listed;
}

Decision Policy::may_freeze(std::string_view volume, std::string_view snapshot) const {
  if (const auto decision = may_list(volume); !decision) return decision;
  if (is_snapshot_of_set(snapshot, set_)) return Decision::allow();
  return refuse(snapshot,
                "no snapshot name of set " + set_ + ", the only one of this key" + pass_set());
}

Decision Policy::may_send(const StreamRequest& request) const {
  if (const auto decision = may_list(request.volume); !decision) return decision;
  return check_points(request);
}

Decision Policy::may_resume(const StreamRequest& request, std::string_view snapshot) const {
  if (const auto decision = may_send(request); !decision) return decision;
  if (snapshot == request.volume + "@" + request.to.name) return Decision::allow();
  return refuse(snapshot, "the resume token is of another snapshot than " +
                              quoted(request.volume + "@" + request.to.name));
}

Decision Policy::may_settle(const Settlement& settlement,
                            const std::vector<VolumeState>& listing) const {
  if (const auto decision = may_list(settlement.volume); !decision) return decision;
  const auto volume = std::ranges::find(listing, settlement.volume, &VolumeState::name);
  if (volume == listing.end()) return refuse(settlement.volume, "no such volume on this machine");
  if (!is_cursor_of_set(settlement.cursor, set_)) {
    return refuse(settlement.cursor,
                  "no cursor of set " + set_ + ", the only one of this key" + pass_set());
  }
  std::vector<Point> named = settlement.release;
  if (settlement.hold) named.push_back(*settlement.hold);
  if (settlement.bookmark_of) named.push_back(*settlement.bookmark_of);
  for (const auto& point : named) {
    if (!is_point_name(settlement.volume, point.name))
      return refuse(point.name, "is no name of a snapshot");
  }
  if (settlement.bookmark_of && !is_bookmark_of_cursor(settlement.bookmark, settlement.cursor)) {
    return refuse(settlement.bookmark, "no bookmark of the cursor " + settlement.cursor);
  }
  for (const auto& point : settlement.destroy) {
    if (const auto decision = may_remove(settlement, point, *volume); !decision) return decision;
  }
  return Decision::allow();
}

Decision Policy::may_remove(const Settlement& settlement, const Point& point,
                            const VolumeState& volume) const {
  const bool own = point.kind == PointKind::Bookmark
                       ? is_bookmark_of_cursor(point.name, settlement.cursor)
                       : is_snapshot_of_set(point.name, set_);
  if (!own) {
    return refuse(point.name, "not of set " + set_ + "; this key destroys nothing of others");
  }
  if (find_point(volume, point) == nullptr) {
    return refuse(point.name, "no longer on " + quoted(volume.name) + " under this identity");
  }
  return Decision::allow();
}

Decision Policy::may_list_host(std::string_view host) const {
  if (!has(AgentRole::Store)) {
    return refuse(host, "this key has no store; " + lacks(AgentRole::Store));
  }
  if (host == host_) return Decision::allow();
  return refuse(host,
                "this key is for the replicas of host " + host_ + " alone; pass --host " + host_);
}

Decision Policy::own_replica(const VolumeName& volume) const {
  if (const auto decision = may_list_host(volume.host); !decision) return decision;
  if (!is_volume_name(volume.path)) return refuse(volume.path, "is no name of a volume");
  if (!are_of_one_kind(volume.path, store_)) {
    return refuse(volume.path, "does not fit into the store " + store_ + " of this key");
  }
  return volumes_.empty() ? Decision::allow() : covers(volume.path);
}

Decision Policy::may_receive(const ReceiveRequest& request) const {
  if (const auto decision = own_replica(request.volume); !decision) return decision;
  if (request.stream.volume != request.volume.path) {
    return refuse(request.stream.volume, "is another volume than the replica is of");
  }
  return check_points(request.stream);
}

Decision Policy::may_describe(const VolumeName& volume) const { return own_replica(volume); }

Decision Policy::may_abort(const VolumeName& volume) const { return own_replica(volume); }

Decision Policy::may_set_aside(const VolumeName& volume) const { return own_replica(volume); }

Decision Policy::may_move(const VolumeName& from, const VolumeName& to) const {
  const auto decision = own_replica(from);
  return decision ? own_replica(to) : decision;
}

Decision Policy::may_record_unchanged(std::string_view set,
                                      const std::vector<VolumeName>& volumes) const {
  if (set != set_) return refuse(set, "this key is for the set " + set_ + " alone" + pass_set());
  for (const auto& volume : volumes) {
    if (const auto decision = own_replica(volume); !decision) return decision;
  }
  return Decision::allow();
}

Decision Policy::may_await(std::string_view host, const std::string& name) const {
  if (name.find_first_of("*?") == name.npos) return own_replica({std::string(host), name});
  if (name.size() > kLongestExpected) return refuse(name, "is too long");
  const auto pattern = VolumePattern::parse(name);
  if (!are_of_one_kind(pattern.text(), store_)) {
    return refuse(name, "does not fit into the store " + store_ + " of this key");
  }
  const bool is_granted =
      volumes_.empty() || std::ranges::any_of(volumes_, [&](const VolumePattern& granted) {
        return granted.covers(pattern);
      });
  return is_granted ? Decision::allow() : refuse(name, "covers more than this key does");
}

Decision Policy::may_change_expectations(std::string_view host,
                                         const ExpectationChange& change) const {
  if (const auto decision = may_list_host(host); !decision) return decision;
  if (change.retires()) {
    return refuse(host, "no key can retire volumes; do it on the machine of the store");
  }
  if (change.set != set_)
    return refuse(change.set, "this key is for the set " + set_ + " alone" + pass_set());
  return Decision::allow();
}

Decision Policy::may_verify(const VolumeName& volume) const { return own_replica(volume); }

Decision Policy::may_browse(const VolumeName& volume) const {
  if (const auto decision = own_replica(volume); !decision) return decision;
  if (has(AgentRole::Restore)) return Decision::allow();
  return refuse(volume.path,
                "this key only adds; add --allow restore to its line in "
                "authorized_keys to read back");
}

Decision Policy::may_restore(const VolumeName& volume, const StreamRequest& request) const {
  if (const auto decision = may_browse(volume); !decision) return decision;
  if (request.volume != volume.path) {
    return refuse(request.volume, "is another volume than the replica is of");
  }
  return check_points(request);
}

Decision Policy::may_init(std::string_view store) const {
  if (!has(AgentRole::Store)) {
    return refuse(store, "this key has no store; " + lacks(AgentRole::Store));
  }
  if (store == store_) return Decision::allow();
  return refuse(store,
                "the store of this key is " + store_ + ", and it can make no other; give that one");
}

Decision Policy::may_destroy(const VolumeName& volume) const {
  return refuse(volume.path, "no key can destroy backups; prune on the machine of the store");
}

Decision Policy::may_make(std::string_view volume) const {
  if (!has(AgentRole::Target)) {
    return refuse(volume, "this key makes no volumes; " + lacks(AgentRole::Target));
  }
  if (const auto decision = covers(volume); !decision) return decision;
  if ((std::string(volume) + "/").find("/.snapferry/") == std::string::npos) {
    return Decision::allow();
  }
  return refuse(volume, "is where snapshots are kept; restore under another name");
}

Decision Policy::may_make_of(std::string_view volume, const StreamRequest& request) const {
  if (const auto decision = may_make(volume); !decision) return decision;
  const bool whole = !request.base && request.intermediates.empty() &&
                     request.clone_sources.empty() && request.resume_token.empty();
  if (whole) return check_points(request);
  return refuse(volume, "a new volume is made of one whole snapshot, and the stream needs others");
}

}  // namespace snapferry::agent
