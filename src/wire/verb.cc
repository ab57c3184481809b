#include "wire/verb.h"

#include <array>

#include "core/error.h"

namespace snapferry::wire {
namespace {

constexpr std::array kVerbs = {
    VerbTraits{Verb::SourceFeatures, "source.features"},
    VerbTraits{Verb::SourceInventory, "source.inventory"},
    VerbTraits{Verb::SourceFreeze, "source.freeze"},
    VerbTraits{Verb::SourceSend, "source.send", false, true},
    VerbTraits{Verb::SourceSettle, "source.settle"},
    VerbTraits{Verb::SourceDescribe, "source.describe"},
    VerbTraits{Verb::StoreOpen, "store.open"},
    VerbTraits{Verb::StoreInventory, "store.inventory"},
    VerbTraits{Verb::StoreReceive, "store.receive", true, false},
    VerbTraits{Verb::StoreAbortPartial, "store.abort_partial"},
    VerbTraits{Verb::StoreSetAside, "store.set_aside"},
    VerbTraits{Verb::StoreRecordUnchanged, "store.record_unchanged"},
    VerbTraits{Verb::StoreSend, "store.send", false, true},
    VerbTraits{Verb::StoreDestroy, "store.destroy"},
    VerbTraits{Verb::StoreVerify, "store.verify", false, true},
    VerbTraits{Verb::StoreDescribe, "store.describe"},
    VerbTraits{Verb::StoreDescription, "store.description"},
    VerbTraits{Verb::StoreExpectations, "store.expectations"},
    VerbTraits{Verb::StoreChangeExpectations, "store.change_expectations"},
    VerbTraits{Verb::StoreReplicas, "store.replicas"},
    VerbTraits{Verb::StoreMove, "store.move"},
    VerbTraits{Verb::StoreGiveUpPartial, "store.give_up_partial"},
    VerbTraits{Verb::AgentReport, "agent.report"},
    VerbTraits{Verb::AgentPrepare, "agent.prepare"},
    VerbTraits{Verb::TargetFeatures, "target.features"},
    VerbTraits{Verb::TargetRequireFree, "target.require_free"},
    VerbTraits{Verb::TargetRestore, "target.restore", true, false},
    VerbTraits{Verb::StoreInit, "store.init"},
    VerbTraits{Verb::TargetComplete, "target.complete"},
    VerbTraits{Verb::TargetDescribe, "target.describe"},
    VerbTraits{Verb::ViewRoot, "view.root"},
    VerbTraits{Verb::ViewList, "view.list", false, true},
    VerbTraits{Verb::ViewDataIn, "view.data_in"},
    VerbTraits{Verb::ViewRead, "view.read", false, true},
};

}  // namespace

std::optional<VerbTraits> find_verb(std::uint16_t number) {
  for (const auto& traits : kVerbs) {
    if (static_cast<std::uint16_t>(traits.verb) == number) return traits;
  }
  return std::nullopt;
}

const VerbTraits& traits_of(Verb verb) {
  for (const auto& traits : kVerbs) {
    if (traits.verb == verb) return traits;
  }
  throw Error(ErrorKind::Internal, "a verb without traits");
}

}  // namespace snapferry::wire
