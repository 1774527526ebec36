// SPDX-License-Identifier: Apache-2.0
// YAML to GraphSpec. Private to this room.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "serving/graph_spec.h"
#include "yaml/yaml.h"

namespace slipway::serving {

class GraphReader {
 public:
  explicit GraphReader(const std::string& file) : file_(file) {}
  Result<void> read(const yaml::Node& root, GraphSpec& out);

 private:
  Error fail(const yaml::Node& node, const std::string& message, std::string hint = {}) const;
  Result<std::string> name_of(const yaml::Node& node, std::string_view what) const;
  Result<std::string> text_of(const yaml::Node& map, std::string_view key) const;
  Result<double> number_of(const yaml::Node& node) const;
  Result<std::vector<double>> numbers_of(const yaml::Node& node) const;
  Result<GraphRef> ref_of(const yaml::Node& node) const;
  Result<std::vector<GraphRef>> refs_of(const yaml::Node& node) const;

  Result<void> read_inputs(const yaml::Node& node, GraphSpec& out);
  Result<GraphInput> read_input(const yaml::Node& node);
  Result<GraphStep> read_step(const yaml::Node& node);
  Result<GraphCall> read_call(const yaml::Node& map);
  Result<std::vector<GraphFeed>> read_feeds(const yaml::Node& node);
  Result<void> read_cases(const yaml::Node& node, GraphStep& out);
  Result<GraphCase> read_case(const yaml::Node& node);
  Result<void> read_combine(const yaml::Node& node, GraphStep& out);
  Result<void> read_apply(const yaml::Node& node, GraphStep& out);
  Result<void> read_setting(const std::string& key, const yaml::Node& value, GraphFunction& out);
  Result<void> read_outputs(const yaml::Node& node, GraphSpec& out);

  const std::string& file_;
};

}  // namespace slipway::serving
