#include "zfs/store_listing.h"

#include <algorithm>
#include <set>

#include "core/error.h"
#include "zfs/dataset_name.h"
#include "zfs/expected_record.h"
#include "zfs/partial_mark.h"
#include "zfs/resume_token.h"
#include "zfs/source_record.h"

namespace snapferry::zfs {
namespace {

using Row = std::vector<std::string>;

struct StoreColumn {
  enum : std::size_t {
    Name,
    Type,
    Guid,
    CreateTxg,
    Holds,
    Encryption,
    EncryptionRoot,
    KeyStatus,
    Token,
    UsedByDataset,
    UsedBySnapshots,
    Placeholder,
    Identity,
    Record,
    Damaged,
    Partial,
    Unchanged,  // and the parts behind it
    Expected = Unchanged + UnchangedRecord::kParts
  };
};

Guid guid_of(const Row& row) {
  const auto number = parse_number(row[StoreColumn::Guid]);
  if (!number)
    throw Error(ErrorKind::Corrupt, "zfs list: " + row[StoreColumn::Name] + " has no guid");
  return Guid::from_number(*number);
}

// A replica that was received raw has the key of its source, so the root of its encryption is
// itself or another replica. Others have the key of the store, of their host's dataset, or of
// whatever else was made by hand to hold replicas.
bool is_raw(const StoreDataset& dataset, const StoreContents& contents, const StoreLayout& layout) {
  if (!dataset.encrypted || !layout.volume_of(dataset.encryption_root)) return false;
  const auto root = contents.datasets.find(dataset.encryption_root);
  return root == contents.datasets.end() || root->second.is_replica();
}

StoreDataset dataset_of(const Row& row) {
  StoreDataset dataset;
  dataset.name = row[StoreColumn::Name];
  dataset.type = row[StoreColumn::Type] == "volume" ? VolumeType::Zvol : VolumeType::Filesystem;
  dataset.guid = guid_of(row);
  dataset.placeholder =
      without_incoming(row[StoreColumn::Placeholder]) == without_incoming(row[StoreColumn::Name]);
  dataset.encrypted = is_encryption(row[StoreColumn::Encryption]);
  if (dataset.encrypted) dataset.encryption_root = row[StoreColumn::EncryptionRoot];
  dataset.key_loaded = row[StoreColumn::KeyStatus] != "unavailable";
  dataset.bytes = parse_number(row[StoreColumn::UsedByDataset]).value_or(0) +
                  parse_number(row[StoreColumn::UsedBySnapshots]).value_or(0);
  if (row[StoreColumn::Token] != "-") dataset.token = row[StoreColumn::Token];
  if (row[StoreColumn::Partial] != "-") dataset.partial_mark = row[StoreColumn::Partial];
  if (row[StoreColumn::Record] != "-") dataset.record = row[StoreColumn::Record];
  return dataset;
}

Point stored_point(const Row& row, std::size_t at) {
  Point point;
  point.name = row[StoreColumn::Name].substr(at + 1);
  point.guid = guid_of(row);
  point.order = parse_number(row[StoreColumn::CreateTxg]).value_or(0);
  point.holds = static_cast<std::uint32_t>(parse_number(row[StoreColumn::Holds]).value_or(0));
  return point;
}

UnchangedRecord memory_of(const Row& row) {
  std::string text;
  for (std::size_t part = 0; part < UnchangedRecord::kParts; ++part) {
    if (const auto& value = row[StoreColumn::Unchanged + part]; value != "-") text += value;
  }
  return UnchangedRecord::parse(text);
}

HostExpectations expected_of(const Row& row) {
  std::string text;
  for (std::size_t part = 0; part < ExpectedRecord::kParts; ++part) {
    if (const auto& value = row[StoreColumn::Expected + part]; value != "-") text += value;
  }
  return decode_expectations(text);
}

}  // namespace

bool is_encryption(std::string_view value) { return value != "off" && value != "-"; }

Partial partial_of(const StoreDataset& dataset) {
  try {
    return parse_resume_token(dataset.token).partial;
  } catch (const Error&) {
    Partial partial;
    partial.token = dataset.token;
    return partial;
  }
}

ListRequest store_listing(const std::string& root) {
  ListRequest request;
  request.columns = {"name",
                     "type",
                     "guid",
                     "createtxg",
                     "userrefs",
                     "encryption",
                     "encryptionroot",
                     "keystatus",
                     "receive_resume_token",
                     "usedbydataset",
                     "usedbysnapshots",
                     kPlaceholderProperty,
                     kIdentityProperty,
                     SourceRecord::kHashProperty,
                     kDamagedProperty,
                     kPartialProperty};
  for (std::size_t part = 0; part < UnchangedRecord::kParts; ++part) {
    request.columns.push_back(UnchangedRecord::property(part));
  }
  for (std::size_t part = 0; part < ExpectedRecord::kParts; ++part) {
    request.columns.push_back(ExpectedRecord::property(part));
  }
  request.types = "filesystem,volume,snapshot";
  request.roots = {root};
  return request;
}

StoreContents parse_store_rows(const std::vector<Row>& rows, const StoreLayout& layout) {
  StoreContents contents;
  std::map<std::string, std::vector<Point>> points;
  std::set<std::string> damaged;
  for (const auto& row : rows) {
    const auto at = row[StoreColumn::Name].find('@');
    const auto name = row[StoreColumn::Name].substr(0, at);
    const std::string suffix = "@" + layout.store();
    if (row[StoreColumn::Identity].size() == 2 * sizeof(std::uint64_t) + suffix.size() &&
        row[StoreColumn::Identity].ends_with(suffix)) {
      contents.identity = row[StoreColumn::Identity].substr(0, 2 * sizeof(std::uint64_t));
    }
    if (at == std::string::npos) {
      contents.datasets.emplace(name, dataset_of(row));
    } else if (const auto host = layout.host_of(name);
               host && name == layout.store() + "/" + *host) {
      if (row[StoreColumn::Name].substr(at + 1) != kMemory) continue;
      contents.memories[*host] = memory_of(row);
      contents.expectations[*host] = expected_of(row);
    } else {
      points[name].push_back(stored_point(row, at));
      if (row[StoreColumn::Damaged] != "-") damaged.insert(row[StoreColumn::Name]);
    }
  }
  for (auto& [name, list] : points) {
    const auto found = contents.datasets.find(name);
    if (found == contents.datasets.end()) continue;
    std::sort(list.begin(), list.end(), [](const Point& one, const Point& two) {
      return std::tie(one.order, one.name) < std::tie(two.order, two.name);
    });
    found->second.damaged = damaged.contains(name + "@" + list.back().name);
    found->second.points = std::move(list);
  }
  for (auto& [name, dataset] : contents.datasets) {
    dataset.placeholder &= !dataset.is_replica();
    dataset.raw = is_raw(dataset, contents, layout);
    contents.encrypts |= dataset.encrypted && !dataset.raw;
  }
  return contents;
}

std::vector<ReplicaState> replicas_of(const StoreContents& contents, const StoreLayout& layout) {
  std::vector<ReplicaState> replicas;
  for (const auto& [name, dataset] : contents.datasets) {
    const auto volume = layout.volume_of(name);
    if (!volume || !dataset.is_replica()) continue;
    ReplicaState replica;
    replica.volume = *volume;
    replica.type = dataset.type;
    replica.raw = dataset.raw;
    replica.points = dataset.points;
    // What comes next would share what cannot be read.
    if (dataset.damaged) {
      replica.changed = "@" + dataset.points.back().name + " was found damaged by verify";
    }
    if (!dataset.token.empty()) replica.partial = partial_of(dataset);
    replica.bytes = dataset.bytes;
    if (const auto memory = contents.memories.find(volume->host);
        memory != contents.memories.end() && !dataset.points.empty()) {
      replica.seen_unchanged = memory->second.seen(dataset.points.back().guid);
    }
    replicas.push_back(std::move(replica));
  }
  std::sort(replicas.begin(), replicas.end(),
            [](const auto& one, const auto& two) { return one.volume < two.volume; });
  return replicas;
}

}  // namespace snapferry::zfs
