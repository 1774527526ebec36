// SPDX-License-Identifier: Apache-2.0
#include "attributes.h"

#include <algorithm>
#include <limits>

#include "base/clock.h"
#include "base/text.h"
#include "json/value.h"

namespace slipway::drivers::neptune {
namespace {

constexpr std::string_view kSystem = "sys/";

Kind kind_of(const std::string& type) {
  for (const auto* config : {"float", "int", "string", "bool", "datetime", "string_set"}) {
    if (type == config) return Kind::config;
  }
  if (type == "float_series") return Kind::float_series;
  if (type == "string_series") return Kind::string_series;
  if (type == "histogram_series") return Kind::histogram_series;
  if (type == "file" || type == "artifact") return Kind::file;
  if (type == "file_series") return Kind::file_series;
  return type == "file_set" ? Kind::file_set : Kind::other;
}

std::optional<double> number_of(const std::string& text) {
  const auto word = to_lower(text);
  if (word == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (word == "inf" || word == "infinity") return std::numeric_limits<double>::infinity();
  if (word == "-inf" || word == "-infinity") return -std::numeric_limits<double>::infinity();
  return parse_double(text);
}

// The columns of values follow the six that say whose value it is.
enum Column { project, run, path, type, step, time, float_, int_, string_, bool_, datetime, set };

std::string config_text(const Cells& cells, std::size_t i, const std::string& type) {
  const auto cell = [&](int column) {
    return cells[static_cast<std::size_t>(column)][i].value_or("");
  };
  if (type == "float") return cell(float_);
  if (type == "int") return cell(int_);
  if (type == "bool") return cell(bool_);
  if (type == "string_set") return cell(set);
  if (type == "datetime") {
    const auto ms = parse_int(cell(datetime));
    return ms ? to_rfc3339({*ms}) : "";
  }
  return cell(string_);
}

std::optional<std::int64_t> ms_of(const std::string& text) {
  const auto at = parse_rfc3339(text);
  return at ? std::optional(at->ms) : std::nullopt;
}

// ["a","b"] as "a,b"
std::string joined(const std::string& list) {
  const auto value = json::parse_value(list);
  if (!value || !value->is_array()) return list;
  std::string out;
  for (const auto& item : value->get_array()) {
    if (!item.is_string()) continue;
    out += out.empty() ? "" : ",";
    out += std::string_view(item.get_string());
  }
  return out;
}

}  // namespace

const std::vector<std::string>& columns() {
  static const std::vector<std::string> kColumns = {
      "project_id",     "run_id",           "attribute_path", "attribute_type", "step",
      "timestamp",      "float_value",      "int_value",      "string_value",   "bool_value",
      "datetime_value", "string_set_value", "file_value",     "histogram_value"};
  return kColumns;
}

std::optional<Attribute> attribute_of(const Cells& cells, std::size_t i) {
  const auto& type_cell = cells[type][i];
  if (!cells[run][i] || !cells[path][i] || !type_cell) return std::nullopt;
  Attribute out{.project = cells[project][i].value_or(""),
                .run = *cells[run][i],
                .path = *cells[path][i],
                .kind = kind_of(*type_cell)};
  if (cells[step][i]) out.step = *cells[step][i];
  if (cells[time][i]) out.time = std::max<std::int64_t>(0, parse_int(*cells[time][i]).value_or(0));
  switch (out.kind) {
    case Kind::config:
      out.text = config_text(cells, i, *type_cell);
      break;
    case Kind::float_series: {
      const auto number = cells[float_][i] ? number_of(*cells[float_][i]) : std::nullopt;
      if (!number) return std::nullopt;
      out.number = *number;
      break;
    }
    case Kind::string_series:
      if (!cells[string_][i]) return std::nullopt;
      out.text = *cells[string_][i];
      break;
    case Kind::histogram_series:
      out.text = cells[13][i].value_or("");
      break;
    case Kind::file:
    case Kind::file_series:
    case Kind::file_set: {
      const auto file = json::parse_value(cells[12][i].value_or("{}"));
      const auto name = file ? json::text_at(*file, "path") : std::nullopt;
      if (!name || name->empty()) return std::nullopt;
      out.text = *name;
      break;
    }
    case Kind::other:
      return std::nullopt;
  }
  return out;
}

void add_config(transfer::RunRecord& run, const Attribute& from) {
  if (!from.path.starts_with(kSystem)) {
    run.params.push_back({from.path, from.text});
    return;
  }
  const auto name = from.path.substr(kSystem.size());
  if (name == "owner") run.user = from.text;
  if (name == "creation_time") run.started = ms_of(from.text).value_or(run.started);
  if (name == "modification_time" && !run.ended) run.ended = ms_of(from.text);
  if (name == "failed" && from.text == "true") run.status = "failed";
  if (name == "description" && !from.text.empty()) {
    run.tags.push_back({"mlflow.note.content", from.text});
  } else if (name == "tags" || name == "group_tags") {
    run.tags.push_back({"neptune." + name, joined(from.text)});
  } else {
    run.tags.push_back({"neptune.sys/" + name, from.text});
  }
}

std::string histogram_of(const std::string& text) {
  const auto value = json::parse_value(text);
  if (!value) return "";
  const auto* edges = json::find(*value, "edges");
  const auto* counts = json::find(*value, "values");
  if (edges == nullptr || counts == nullptr) return "";
  auto out = "{\"edges\":" + json::dump_value(*edges) + ",\"counts\":" + json::dump_value(*counts);
  if (const auto kind = json::text_at(*value, "type")) {
    append_json_string(out += ",\"type\":", *kind);
  }
  return out + "}";
}

std::string kind_of_file(const std::string& name) {
  const auto ending = to_lower(name.substr(std::min(name.rfind('.'), name.size())));
  for (const auto* image : {".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg", ".bmp"}) {
    if (ending == image) return "image";
  }
  for (const auto* sound : {".wav", ".mp3", ".flac", ".ogg"}) {
    if (ending == sound) return "audio";
  }
  return "file";
}

std::string stream_of(const std::string& path) {
  for (const std::string stream : {"stdout", "stderr"}) {
    if (path == stream || path.ends_with("/" + stream)) return stream;
  }
  return "";
}

std::string safe_path(const std::string& path) {
  std::string out;
  for (const auto part : split(path, '/')) {
    std::string clean;
    for (const char c : part) {
      clean += static_cast<unsigned char>(c) < 32 || c == '\\' || c == '#' ? '_' : c;
    }
    if (clean.empty() || clean == ".") continue;
    if (clean == "..") clean = "_..";
    if (clean.size() > 200) clean.resize(200);
    (out += out.empty() ? "" : "/") += clean;
  }
  return out;
}

}  // namespace slipway::drivers::neptune
