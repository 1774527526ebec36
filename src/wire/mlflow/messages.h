// SPDX-License-Identifier: Apache-2.0
// Shapes that several nouns share. Each noun has its own messages_<noun>.h and .cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "domain/types.h"
#include "json/json.h"
#include "tracking/types.h"

namespace slipway::wire::mlflow {

struct Empty {};
BOOST_DESCRIBE_STRUCT(Empty, (), ())

struct KeyValue {
  std::string key;
  std::string value;
};
BOOST_DESCRIBE_STRUCT(KeyValue, (), (key, value))

std::vector<Tag> to_tags(const std::vector<KeyValue>& in);
std::vector<KeyValue> to_wire(const std::vector<Tag>& tags);

// Does the tag slipway.delete say 'anyway': delete although versions stem from it?
bool insists(const std::vector<Tag>& tags);

struct FileInfo {
  std::string path;
  bool is_dir = false;
  std::optional<std::int64_t> file_size;
};
BOOST_DESCRIBE_STRUCT(FileInfo, (), (path, is_dir, file_size))

struct FileList {
  std::optional<std::string> root_uri;
  std::vector<FileInfo> files;
};
BOOST_DESCRIBE_STRUCT(FileList, (), (root_uri, files))

// An enumeration comes by name ("FINISHED") or by number (3): the name, or nothing when it is
// neither. `names` are in the order of their numbers, from `first`.
Result<std::optional<std::string>> enum_name(const json::Raw& raw, std::string_view field,
                                             const std::vector<std::string_view>& names, int first);

// ACTIVE_ONLY (also when absent), DELETED_ONLY or ALL.
Result<tracking::View> view_of(const json::Raw& raw, std::string_view field);

// An observation as it is answered, the infinities as the largest numbers like the original's.
struct MetricMessage {
  std::string key;
  double value = 0;
  std::int64_t timestamp = 0;
  std::int64_t step = 0;
  std::optional<std::string> model_id;
  std::optional<std::string> dataset_name;
  std::optional<std::string> dataset_digest;
  std::optional<std::string> run_id;
};
BOOST_DESCRIBE_STRUCT(MetricMessage, (),
                      (key, value, timestamp, step, model_id, dataset_name, dataset_digest, run_id))
MetricMessage to_wire(const tracking::Metric& metric);

}  // namespace slipway::wire::mlflow
