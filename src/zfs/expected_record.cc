#include "zfs/expected_record.h"

namespace snapferry::zfs {

std::string ExpectedRecord::property(std::size_t part) {
  return "snapferry:expected." + std::to_string(part);
}

std::vector<std::string> ExpectedRecord::parts(const HostExpectations& expectations) {
  const auto text = encode_expectations(expectations);
  std::vector<std::string> parts;
  for (std::size_t at = 0; at < text.size(); at += kPartSize) {
    parts.push_back(text.substr(at, kPartSize));
  }
  return parts;
}

}  // namespace snapferry::zfs
