#pragma once

#include <functional>
#include <memory>
#include <string>

#include "blob/storage.h"
#include "core/cancellation.h"
#include "platform/clock.h"
#include "stores/endpoints.h"

namespace snapferry::stores {

// The storage of a repository in a directory, which exists.
using OpenStorage = std::function<std::unique_ptr<blob::Storage>(const std::string& directory)>;
using OpenEndpoints = std::function<std::unique_ptr<Endpoints>(const EndpointOptions&)>;

// What stores are opened with: whatever of it comes from a command line, a configuration or a
// person, whoever opens them has asked for. What is borrowed outlives every store.
struct Surroundings {
  platform::Clock& clock;
  // Of this user's cache, which is lost without harm; "": there is none. Called whenever it is
  // needed.
  std::function<std::string()> cache_directory;
  // The password of the repository of that name, "repo:/srv/backups"; called at most once for each
  // that is opened, and only if it has one. Throws WrongPassword where there is none to be had.
  std::function<std::string(const std::string& store)> password;
  // It is given, and nobody would be asked: a repository that needs none is refused then.
  bool password_is_given = false;
  // Another store than the one that was seen at the address is meant, or one without encryption.
  bool accept_changed_store = false;
  // How stores of native snapshots are reached; `host` is also this machine's name in them.
  EndpointOptions reached_by = {};
  // Null: those of the system.
  OpenStorage storage = {};
  OpenEndpoints endpoints = {};

  std::unique_ptr<Endpoints> open_endpoints() const {
    return endpoints ? endpoints(reached_by) : system_endpoints(reached_by);
  }
};

}  // namespace snapferry::stores
