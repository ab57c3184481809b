#include "zfs/replica_safety.h"

#include <array>

#include <unistd.h>

namespace snapferry::zfs {
namespace {

enum class Needs { Nothing, Root };

struct Property {
  const char* name;
  const char* value;
  Needs needs;
};

constexpr std::array kOfFilesystems = {
    Property{"readonly", "on", Needs::Nothing},  Property{"canmount", "noauto", Needs::Root},
    Property{"mountpoint", "none", Needs::Root}, Property{"exec", "off", Needs::Nothing},
    Property{"setuid", "off", Needs::Nothing},   Property{"devices", "off", Needs::Nothing},
    Property{"sharenfs", "off", Needs::Root},    Property{"sharesmb", "off", Needs::Root}};
constexpr std::array kOfZvols = {Property{"readonly", "on", Needs::Nothing},
                                 Property{"volmode", "none", Needs::Nothing},
                                 Property{"snapdev", "hidden", Needs::Nothing}};

template <typename Action>
void for_each_of(VolumeType type, const Action& action) {
  if (type == VolumeType::Zvol) {
    for (const auto& property : kOfZvols) action(property);
  } else {
    for (const auto& property : kOfFilesystems) action(property);
  }
}

std::string value_of(const std::map<std::string, std::string>& values, const std::string& name) {
  const auto found = values.find(name);
  return found == values.end() ? "-" : found->second;
}

// Nothing mounts a filesystem that has no place, or that waits to be told.
bool mounts_by_itself(const std::map<std::string, std::string>& values) {
  const auto place = value_of(values, "mountpoint");
  return value_of(values, "canmount") == "on" && place != "none" && place != "legacy";
}

}  // namespace

Privilege own_privilege() { return ::geteuid() == 0 ? Privilege::Root : Privilege::Delegated; }

std::vector<std::string> safe_receive_options(VolumeType type, Privilege privilege) {
  std::vector<std::string> options;
  for_each_of(type, [&](const Property& property) {
    if (property.needs == Needs::Root && privilege == Privilege::Delegated) return;
    options.emplace_back("-o");
    options.push_back(std::string(property.name) + "=" + property.value);
  });
  return options;
}

std::vector<std::string> safe_assignments(VolumeType type) {
  std::vector<std::string> assignments;
  for_each_of(type, [&](const Property& property) {
    assignments.push_back(std::string(property.name) + "=" + property.value);
  });
  return assignments;
}

std::vector<std::string> safety_columns() {
  std::vector<std::string> columns;
  for (const auto& property : kOfFilesystems) columns.emplace_back(property.name);
  for (const auto& property : kOfZvols) {
    if (columns.front() != property.name) columns.emplace_back(property.name);
  }
  return columns;
}

std::vector<std::string> unsafe_properties(VolumeType type,
                                           const std::map<std::string, std::string>& values) {
  std::vector<std::string> unsafe;
  for_each_of(type, [&](const Property& property) {
    const std::string name = property.name;
    const auto value = value_of(values, name);
    if (name == "canmount" || name == "mountpoint") {
      if (name == "canmount" && mounts_by_itself(values)) {
        unsafe.push_back("it mounts by itself on " + value_of(values, "mountpoint"));
      }
    } else if (value != property.value) {
      unsafe.push_back(name + " is " + value);
    }
  });
  return unsafe;
}

}  // namespace snapferry::zfs
