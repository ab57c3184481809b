#include "zfs/property_rules.h"

#include <algorithm>
#include <array>
#include <map>

#include "zfs/dataset_name.h"

namespace snapferry::zfs {
namespace {

struct Rule {
  std::string_view name;
  PropertyUse use;
};

constexpr std::array kRules = {
    Rule{"acltype", PropertyUse::Reads},
    Rule{"xattr", PropertyUse::Reads},
    Rule{"aclinherit", PropertyUse::Restores},
    Rule{"aclmode", PropertyUse::Restores},
    Rule{"atime", PropertyUse::Restores},
    Rule{"checksum", PropertyUse::Restores},
    Rule{"compression", PropertyUse::Restores},
    Rule{"copies", PropertyUse::Restores},
    Rule{"dedup", PropertyUse::Restores},
    Rule{"dnodesize", PropertyUse::Restores},
    Rule{"filesystem_limit", PropertyUse::Restores},
    Rule{"logbias", PropertyUse::Restores},
    Rule{"nbmand", PropertyUse::Restores},
    Rule{"primarycache", PropertyUse::Restores},
    Rule{"quota", PropertyUse::Restores},
    Rule{"recordsize", PropertyUse::Restores},
    Rule{"redundant_metadata", PropertyUse::Restores},
    Rule{"refquota", PropertyUse::Restores},
    Rule{"refreservation", PropertyUse::Restores},
    Rule{"relatime", PropertyUse::Restores},
    Rule{"reservation", PropertyUse::Restores},
    Rule{"secondarycache", PropertyUse::Restores},
    Rule{"snapdir", PropertyUse::Restores},
    Rule{"snapshot_limit", PropertyUse::Restores},
    Rule{"special_small_blocks", PropertyUse::Restores},
    Rule{"sync", PropertyUse::Restores},
    Rule{"casesensitivity", PropertyUse::Streams},
    Rule{"normalization", PropertyUse::Streams},
    Rule{"utf8only", PropertyUse::Streams},
    Rule{"canmount", PropertyUse::Stays},
    Rule{"context", PropertyUse::Stays},
    Rule{"defcontext", PropertyUse::Stays},
    Rule{"devices", PropertyUse::Stays},
    Rule{"exec", PropertyUse::Stays},
    Rule{"fscontext", PropertyUse::Stays},
    Rule{"jailed", PropertyUse::Stays},
    Rule{"keylocation", PropertyUse::Stays},
    Rule{"mlslabel", PropertyUse::Stays},
    Rule{"mountpoint", PropertyUse::Stays},
    Rule{"overlay", PropertyUse::Stays},
    Rule{"readonly", PropertyUse::Stays},
    Rule{"rootcontext", PropertyUse::Stays},
    Rule{"setuid", PropertyUse::Stays},
    Rule{"sharenfs", PropertyUse::Stays},
    Rule{"sharesmb", PropertyUse::Stays},
    Rule{"snapdev", PropertyUse::Stays},
    Rule{"volmode", PropertyUse::Stays},
    Rule{"vscan", PropertyUse::Stays},
    Rule{"zoned", PropertyUse::Stays},
};

// What was set by this program for itself; "snapferry:exclude" is its user's word.
bool is_own_book(std::string_view name) {
  constexpr std::string_view kOwn = "snapferry:";
  if (!name.starts_with(kOwn)) return false;
  name.remove_prefix(kOwn.size());
  return name.starts_with("identity") || name.starts_with("placeholder") ||
         name.starts_with("unchanged") || name.starts_with("source") || name == "incomplete";
}

// Of a user property; what begins as an option does is none that anybody should have.
bool is_possible(std::string_view name) {
  constexpr std::string_view kOthers = ":+.-_";
  return name.size() < 256 && !name.starts_with('-') && std::ranges::all_of(name, [&](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                  kOthers.find(c) != kOthers.npos;
         });
}

// `zfs get -p` of a limit on how many there may be that is none.
constexpr std::string_view kNoLimit = "18446744073709551615";

bool is_limit(std::string_view name) {
  return name.ends_with("quota") || name.ends_with("reservation") || name.ends_with("_limit");
}

// The value that a dataset has which nobody decided otherwise about when it was made.
bool is_usual(std::string_view name, std::string_view value) {
  return (name == "casesensitivity" && value == "sensitive") ||
         (name == "normalization" && value == "none") || (name == "utf8only" && value == "off") ||
         (is_limit(name) && (value == "0" || value == "none" || value == kNoLimit));
}

bool is_recorded(std::string_view name, std::string_view value, std::string_view source) {
  if (value == "-" || is_usual(name, value)) return false;
  // What is inherited of those says something about the place and not about the volume.
  const bool inherited = source.starts_with("inherited");
  switch (use_of(name)) {
    case PropertyUse::None:
      return false;
    case PropertyUse::Stays:
      return !inherited;
    default:
      return !(inherited && is_user_property(name));
  }
}

std::vector<std::string_view> split(std::string_view text, char delimiter) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto end = text.find(delimiter);
    parts.push_back(text.substr(0, end));
    if (end == text.npos) return parts;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

bool is_user_property(std::string_view name) { return name.find(':') != name.npos; }

// "posix" is newer than "posixacl".
std::string portable_value(std::string_view name, const std::string& value) {
  return name == "acltype" && value == "posix" ? "posixacl" : value;
}

PropertyUse use_of(std::string_view name) {
  if (is_user_property(name)) {
    return is_own_book(name) || !is_possible(name) ? PropertyUse::None : PropertyUse::Restores;
  }
  const auto* rule = std::ranges::find(kRules, name, &Rule::name);
  return rule == kRules.end() ? PropertyUse::None : rule->use;
}

std::vector<std::string> reading_assignments(VolumeType type, const VolumeProperties* properties) {
  if (type == VolumeType::Zvol) return {};
  const auto value_of = [&](const std::string& name, const std::string& by_default) {
    const auto found = properties->find(name);
    return portable_value(name, found == properties->end() ? by_default : found->second);
  };
  if (properties == nullptr) return {"acltype=posixacl", "xattr=on"};
  return {"acltype=" + value_of("acltype", "off"), "xattr=" + value_of("xattr", "on")};
}

std::vector<std::string> initial_assignments(VolumeType type, const VolumeProperties& properties) {
  std::vector<std::string> assignments;
  for (const auto& [name, value] : properties) {
    const auto use = use_of(name);
    const bool given = use == PropertyUse::Reads || use == PropertyUse::Restores;
    // Of a zvol the kernel refuses what is a filesystem's, and the stream with it.
    const bool fits = type == VolumeType::Filesystem || is_user_property(name);
    if (given && fits && !is_limit(name)) {
      assignments.push_back(name + "=" + portable_value(name, value));
    }
  }
  return assignments;
}

std::vector<std::string> describing_arguments() {
  return {"zfs",
          "get",
          "-Hp",
          "-o",
          "name,property,value,source",
          "-s",
          "local,received,inherited,none",
          "all"};
}

std::vector<VolumeDescription> parse_descriptions(std::string_view text,
                                                  const std::vector<std::string>& datasets) {
  std::map<std::string_view, VolumeProperties> found;
  for (const auto& dataset : datasets) found[dataset];
  std::map<std::string_view, bool> told;
  for (const auto line : split(text, '\n')) {
    const auto fields = split(line, '\t');
    if (fields.size() != 4 || !found.contains(fields[0])) continue;
    told[fields[0]] = true;
    if (!is_recorded(fields[1], fields[2], fields[3])) continue;
    found[fields[0]][std::string(fields[1])] = fields[2];
  }
  std::vector<VolumeDescription> descriptions;
  for (const auto& dataset : datasets) {
    if (!told.contains(dataset)) continue;
    descriptions.push_back({volume_of_dataset(dataset), found[dataset]});
  }
  return descriptions;
}

}  // namespace snapferry::zfs
