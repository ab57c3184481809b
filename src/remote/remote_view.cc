#include "remote/remote_view.h"

#include "core/error.h"
#include "core/printable.h"

namespace snapferry::remote {

Entry RemoteView::root() {
  return wire::decode<wire::ViewRootReply>(
             requests_->ask(wire::Verb::ViewRoot, wire::encode(wire::ViewRootRequest{snapshot_})))
      .root;
}

std::vector<DataRange> RemoteView::data_in(const FileRange& range) {
  auto data = wire::decode<wire::ViewDataInReply>(
                  requests_->ask(wire::Verb::ViewDataIn,
                                 wire::encode(wire::ViewDataInRequest{snapshot_, range})))
                  .data;
  const bool within = data.empty() || (data.front().begin >= range.offset &&
                                       data.back().end - range.offset <= range.length);
  if (!within) {
    throw Error(ErrorKind::Corrupt, printable(range.name) +
                                        ": has data where nobody asked for it; look for what runs "
                                        "as snapferry at the far end");
  }
  return data;
}

}  // namespace snapferry::remote
