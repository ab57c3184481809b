// What a peer of simplesnapwrap asks for, and what one of simplesnap answers.

#include <cstdlib>

#include "core/bytes.h"
#include "core/error.h"
#include "simplesnap/chain.h"
#include "simplesnap/far_end.h"
#include "simplesnap/request.h"

namespace {

template <typename Action>
void fails_at_most_as(snapferry::ErrorKind kind, const Action& action) {
  try {
    action();
  } catch (const snapferry::Error& error) {
    if (error.kind() != kind) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace simplesnap = snapferry::simplesnap;
  const std::string_view text = snapferry::as_text({data, size});
  fails_at_most_as(snapferry::ErrorKind::InvalidArgument, [&] {
    const auto request = simplesnap::parse_command(text);
    if (request.verb == simplesnap::Verb::List) return;
    // These become arguments of zfs.
    if (!simplesnap::is_set_name(request.set) || request.dataset.front() == '-' ||
        request.dataset.find_first_of(" @#%;`$\n\t\\'\"") != std::string::npos ||
        request.dataset.find("..") != std::string::npos)
      std::abort();
  });
  fails_at_most_as(snapferry::ErrorKind::Corrupt, [&] {
    for (const auto& name : simplesnap::parse_names(text)) {
      if (name.empty() || name.front() == '-') std::abort();
    }
  });
  const auto delivery = simplesnap::Delivery::parse(text);
  if (simplesnap::Delivery::parse(delivery.text()) != delivery) std::abort();
  return 0;
}
