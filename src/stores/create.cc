#include "stores/create.h"

#include "blob/local_storage.h"
#include "platform/absolute_path.h"
#include "repository/crypto.h"
#include "repository/repository.h"
#include "stores/store_recognition.h"

namespace snapferry::stores {
namespace {

std::string create_native(const StoreAddress& address, const Surroundings& surroundings) {
  const auto recognition = StoreRecognition::of_native(surroundings, address);
  recognition.require_mounted();
  const auto endpoints = surroundings.open_endpoints();
  endpoints->create_store(address);
  recognition.remember(endpoints->store(address)->identity(), SeenStore::Protection::Unknown);
  return address.text();
}

std::string create_repository(const std::string& directory, const CreateRequest& request,
                              const Surroundings& surroundings) {
  const std::string name = "repo:" + directory;
  const auto recognition = StoreRecognition::of_repository(surroundings, directory);
  recognition.require_mounted();
  repository::CreateOptions options;
  if (request.encrypted) {
    options.password = request.first_password(name);
  } else {
    options.encryption = repository::Encryption::None;
  }
  const auto storage = blob::LocalStorage::create(directory);
  const ObjectId id = repository::Repository::create(*storage, options);
  repository::wipe(options.password);
  recognition.remember(
      id.hex(), request.encrypted ? SeenStore::Protection::Encrypted : SeenStore::Protection::None);
  return name;
}

}  // namespace

std::string create(const StoreAddress& address, const CreateRequest& request,
                   const Surroundings& surroundings) {
  if (address.is_native()) return create_native(address, surroundings);
  return create_repository(platform::absolute_path(address.name), request, surroundings);
}

}  // namespace snapferry::stores
