// SPDX-License-Identifier: Apache-2.0
// The settings of the platform: one struct, one table row a setting. A value comes from the flag,
// else from the SLIPWAY_<NAME> environment variable, else from slipway.toml, else it is the
// default.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace slipway::app {

struct Config {
  std::string host = "127.0.0.1";
  std::int64_t port = 5800;
  std::int64_t grpc_port = 5801;
  std::string predict_route;
  std::string health_route;
  std::string data = "./slipway-data";
  std::string store;  // empty: SQLite in the data folder
  std::string durability = "disk";
  std::string role = "all";
  std::string artifacts;  // empty: a folder in the data folder
  std::string config = "slipway.toml";
  std::string url = "http://127.0.0.1:5800";
  std::string log_level = "info";
  std::string log_format = "auto";
  std::int64_t io_threads = 0;  // one a core, at most eight
  std::int64_t workers = 8;
  std::int64_t queue = 1024;
  std::int64_t grace_seconds = 20;
  std::string tls_certificate;
  std::string tls_key;
  std::string webhook_schemes = "https";
  std::string webhook_private = "no";
  std::string smtp_url;
  std::string smtp_from = "slipway@localhost";
  std::string smtp_user;
  std::string smtp_password_file;
  std::string duckdb;       // empty: libduckdb.so, sought as below
  std::string onnxruntime;  // empty: lib/ beside the executable, then the system's
  std::string onnx_device = "auto";
  std::int64_t onnx_memory = 1024;
  std::string python;  // empty: an environment a version
  std::string uv;      // empty: beside the executable, then on the PATH
  std::int64_t python_workers = 2;
  std::int64_t python_timeout = 60;
  std::int64_t python_idle = 600;
  std::int64_t python_memory = 4096;
  std::string convert = "yes";
  std::string batch_places;
  std::string s3_endpoint;
  std::string s3_region;
  std::string model_memory = "0";
  std::int64_t model_instances = 1;
  std::int64_t batch_rows = 256;
  std::int64_t batch_ms = 10;
  std::string access_log = "no";
  std::string trace_export;
  std::string trace_share = "1";
  std::string statsd;
  std::string metrics_export;
  std::int64_t metrics_seconds = 10;
  std::string executable;  // no setting: of slipway itself, when this process is one
};

struct Setting {
  std::string_view name;  // snake_case: flag --grpc-port, variable SLIPWAY_GRPC_PORT, grpc_port =
  std::variant<std::string Config::*, std::int64_t Config::*> field;
  std::string_view help;
  std::int64_t least = 0;  // numbers only
  std::int64_t most = 0;
  std::string_view choices = {};  // texts only: "a|b|c"; empty: any
};

const std::vector<Setting>& settings();

enum class Source { fallback, file, environment, flag };
std::string_view name_of(Source source);

struct Effective {
  Config config;
  std::map<std::string, Source, std::less<>> sources;  // by setting name
};

// `flags`: by setting name. A missing slipway.toml is fine unless it was named explicitly; an
// unknown key in it, and a value that does not fit, are errors that name it.
Result<Effective> load_config(const std::map<std::string, std::string>& flags);

std::string flag_of(const Setting& setting);      // "--grpc-port"
std::string variable_of(const Setting& setting);  // "SLIPWAY_GRPC_PORT"
std::string text_of(const Setting& setting, const Config& config);

// The one place where the environment is read.
std::optional<std::string> environment(std::string_view name);

}  // namespace slipway::app
