// SPDX-License-Identifier: Apache-2.0
#include "mlmodel.h"

#include "json/value.h"
#include "yaml/yaml.h"

namespace slipway::registry {
namespace {

constexpr auto kName = "MLmodel";
constexpr std::size_t kSizeLimit = 1 << 20;
constexpr std::size_t kFlavorLimit = 64;
constexpr std::size_t kValueLimit = 256;  // settings of one flavour
constexpr std::size_t kColumnLimit = 10'000;
constexpr std::size_t kTextLimit = 4'096;  // of one setting

std::string scalar(const yaml::Node* node) {
  const bool readable = node != nullptr && node->is_scalar() && node->text.size() <= kTextLimit &&
                        node->kind != yaml::Node::Kind::null;
  return readable ? node->text : std::string();
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
Result<std::vector<Column>> parse_columns(const yaml::Node& signature, const char* part) {
  std::vector<Column> out;
  const auto* node = signature.find(part);
  if (node == nullptr || node->kind == yaml::Node::Kind::null || node->text == "null") return out;
  const auto refuse = [&](const std::string& why) {
    return yaml::error_at(kName, node->line, "signature." + std::string(part) + " " + why);
  };
  if (!node->is_scalar()) return refuse("is not the JSON text of a list");
  auto document = json::parse_value(node->text);
  if (!document || !document->is_array()) return refuse("is not the JSON text of a list");
  const auto& columns = document->get_array();
  if (columns.size() > kColumnLimit) {
    return refuse("has more than " + std::to_string(kColumnLimit) + " columns");
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

Result<void> read_flavors(const yaml::Node& flavors, ModelFile& out) {
  if (flavors.members.size() > kFlavorLimit) {
    return yaml::error_at(kName, flavors.line, "more than 64 flavours");
  }
  for (const auto& [name, settings] : flavors.members) {
    Flavor flavor{.name = name};
    for (const auto& [key, value] : settings->members) {
      if (flavor.values.size() >= kValueLimit) break;
      if (value->is_scalar()) flavor.values[key] = scalar(value.get());
    }
    out.flavors.push_back(std::move(flavor));
  }
  return {};
}

}  // namespace

const Flavor* ModelFile::flavor(std::string_view name) const {
  for (const auto& flavor : flavors) {
    if (flavor.name == name) return &flavor;
  }
  return nullptr;
}

Result<ModelFile> parse_model_file(std::string_view text) {
  if (text.size() > kSizeLimit) return invalid("the MLmodel file is larger than 1 MiB");
  SW_TRY(const auto root, yaml::parse(text, kName));
  if (root->kind != yaml::Node::Kind::map) {
    return yaml::error_at(kName, root->line,
                          "expected a map, got " + std::string(yaml::kind_of(*root)));
  }
  ModelFile out;
  if (const auto* flavors = root->find("flavors")) SW_CHECK_OK(read_flavors(*flavors, out));
  if (const auto* signature = root->find("signature");
      signature != nullptr && signature->kind == yaml::Node::Kind::map) {
    out.signature.emplace();
    SW_TRY(out.signature->inputs, parse_columns(*signature, "inputs"));
    SW_TRY(out.signature->outputs, parse_columns(*signature, "outputs"));
    SW_TRY(out.signature->params, parse_columns(*signature, "params"));
  }
  out.run_id = scalar(root->find("run_id"));
  out.model_id = scalar(root->find("model_id"));
  out.made_with = scalar(root->find("mlflow_version"));
  out.artifact_path = scalar(root->find("artifact_path"));
  return out;
}

}  // namespace slipway::registry
