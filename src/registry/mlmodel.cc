// SPDX-License-Identifier: Apache-2.0
#include "mlmodel.h"

#include <yaml-cpp/yaml.h>

#include "json/value.h"

namespace slipway::registry {
namespace {

constexpr std::size_t kSizeLimit = 1 << 20;
constexpr std::size_t kFlavorLimit = 64;
constexpr std::size_t kValueLimit = 256;  // settings of one flavour
constexpr std::size_t kColumnLimit = 10'000;
constexpr std::size_t kTextLimit = 4'096;  // of one setting

std::string scalar(const YAML::Node& node) {
  return node && node.IsScalar() && node.Scalar().size() <= kTextLimit ? node.Scalar()
                                                                       : std::string();
}

std::string type_of(const json::value& column) {
  if (auto text = json::text_at(column, "type"); text && *text != "tensor") return *text;
  if (auto text = json::text_at(column, "dtype")) return *text;
  const auto* tensor = json::find(column, "tensor-spec");
  if (tensor == nullptr) return "";
  return json::text_at(*tensor, "dtype").value_or("");
}

void read_shape(const json::value& column, std::vector<std::int64_t>& out) {
  const auto* tensor = json::find(column, "tensor-spec");
  const auto* shape = tensor == nullptr ? nullptr : json::find(*tensor, "shape");
  if (shape == nullptr || !shape->is_array() || shape->get_array().size() > 16) return;
  for (const auto& axis : shape->get_array()) {
    out.push_back(axis.is_int64() ? axis.get_int64() : -1);
  }
}

// MLflow keeps each part of the signature as JSON text inside the YAML.
Result<std::vector<Column>> parse_columns(const YAML::Node& signature, const char* part) {
  std::vector<Column> out;
  const auto node = signature[part];
  if (!node || !node.IsScalar() || node.Scalar() == "null" || node.Scalar().empty()) return out;
  auto document = json::parse_value(node.Scalar());
  if (!document || !document->is_array()) {
    return invalid("MLmodel line " + std::to_string(node.Mark().line + 1) + ": signature." + part +
                   " is not a JSON list of columns");
  }
  const auto& columns = document->get_array();
  if (columns.size() > kColumnLimit) {
    return invalid("MLmodel: signature." + std::string(part) + " has " +
                   std::to_string(columns.size()) + " columns, at most " +
                   std::to_string(kColumnLimit) + " are read");
  }
  for (const auto& column : columns) {
    Column read{.name = json::text_at(column, "name").value_or(""),
                .type = type_of(column),
                .required = json::bool_at(column, "required").value_or(true)};
    read_shape(column, read.shape);
    out.push_back(std::move(read));
  }
  return out;
}

Result<void> read_flavors(const YAML::Node& flavors, ModelFile& out) {
  if (!flavors || !flavors.IsMap()) return {};
  if (flavors.size() > kFlavorLimit) return invalid("MLmodel: more than 64 flavours");
  for (const auto& entry : flavors) {
    if (!entry.first.IsScalar()) continue;
    Flavor flavor{.name = scalar(entry.first)};
    if (entry.second.IsMap()) {
      for (const auto& setting : entry.second) {
        if (!setting.first.IsScalar() || !setting.second.IsScalar()) continue;
        if (flavor.values.size() >= kValueLimit) break;
        flavor.values[scalar(setting.first)] = scalar(setting.second);
      }
    }
    out.flavors.push_back(std::move(flavor));
  }
  return {};
}

Result<ModelFile> read(const YAML::Node& root) {
  if (!root.IsMap()) return invalid("the MLmodel file is not a YAML mapping");
  ModelFile out;
  SW_CHECK_OK(read_flavors(root["flavors"], out));
  if (const auto signature = root["signature"]; signature && signature.IsMap()) {
    out.signature.emplace();
    SW_TRY(out.signature->inputs, parse_columns(signature, "inputs"));
    SW_TRY(out.signature->outputs, parse_columns(signature, "outputs"));
    SW_TRY(out.signature->params, parse_columns(signature, "params"));
  }
  out.run_id = scalar(root["run_id"]);
  out.model_id = scalar(root["model_id"]);
  out.made_with = scalar(root["mlflow_version"]);
  out.artifact_path = scalar(root["artifact_path"]);
  return out;
}

}  // namespace

const Flavor* ModelFile::flavor(std::string_view name) const {
  for (const auto& flavor : flavors) {
    if (flavor.name == name) return &flavor;
  }
  return nullptr;
}

Result<ModelFile> parse_model_file(std::string_view yaml) {
  if (yaml.size() > kSizeLimit) {
    return invalid("the MLmodel file is larger than 1 MiB");
  }
  try {
    return read(YAML::Load(std::string(yaml)));
  } catch (const YAML::Exception& e) {
    return invalid("the MLmodel file is no YAML: line " + std::to_string(e.mark.line + 1) + ": " +
                   e.msg);
  }
}

}  // namespace slipway::registry
