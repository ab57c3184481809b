#pragma once

#include <string>
#include <vector>

#include "cli/context.h"
#include "cli/exit_code.h"
#include "core/store_address.h"
#include "core/volume_address.h"
#include "replication/run.h"

namespace snapferry::cli {

// `backup` of native volumes into a native store: one run of replication for each machine and
// kind among `volumes` (addresses, which may be patterns), each volume's outcome told as it is
// known, and one line in sum. A run that fails as a whole does not stop the others.
ExitCode replicate(Context& context, const std::vector<VolumeAddress>& volumes,
                   const StoreAddress& store);

// `backup --from`: the same for what the store `from` has, into another one: `volumes`, by the host
// that they are of ("web1:zfs:tank/**"), or all there is.
ExitCode replicate_store(Context& context, const StoreAddress& from,
                         const std::vector<VolumeAddress>& volumes, const StoreAddress& store);

// "10M": bytes per second, with K, M, G or T as powers of 1024. Throws InvalidArgument.
std::uint64_t parse_rate(std::string_view text);

// "2 of 5 volumes  1.2 GiB  30.0 MiB/s  zfs:tank/home 200.0 MiB, zfs:tank/srv 10.0 MiB", as far as
// it fits into `width` columns.
std::string render_run(const replication::RunProgress& progress, double seconds, std::size_t width);

}  // namespace snapferry::cli
