#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace snapferry::wire {

// All that can be asked for. The numbers are those of PROTOCOL.md.
enum class Verb : std::uint16_t {
  SourceFeatures = 1,
  SourceInventory = 2,
  SourceFreeze = 3,
  SourceSend = 4,
  SourceSettle = 5,
  SourceDescribe = 6,
  StoreOpen = 16,
  StoreInventory = 17,
  StoreReceive = 18,
  StoreAbortPartial = 19,
  StoreSetAside = 20,
  StoreRecordUnchanged = 21,
  StoreSend = 22,
  StoreDestroy = 23,
  StoreVerify = 24,
  StoreDescribe = 25,
  StoreDescription = 26,
  StoreExpectations = 27,
  StoreChangeExpectations = 28,
  StoreReplicas = 29,
  StoreMove = 30,
  StoreGiveUpPartial = 31,
  AgentReport = 32,
  AgentPrepare = 33,
  TargetFeatures = 64,
  TargetRequireFree = 65,
  TargetRestore = 66,
  StoreInit = 67,
  TargetComplete = 68,
  TargetDescribe = 69,
  ViewRoot = 80,
  ViewList = 81,
  ViewDataIn = 82,
  ViewRead = 83,
};

// Which of the two directions carry a stream.
struct VerbTraits {
  Verb verb;
  std::string_view name;         // "source.inventory"
  bool request_stream = false;   // Data behind the request's message
  bool response_stream = false;  // Data in place of the answer's message
};

// nullopt for a number that names no verb.
std::optional<VerbTraits> find_verb(std::uint16_t number);
const VerbTraits& traits_of(Verb verb);

}  // namespace snapferry::wire
