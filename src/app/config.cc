// SPDX-License-Identifier: Apache-2.0
#include "app/config.h"

#include <cstdlib>
#include <filesystem>

#include "base/sizes.h"
#include "base/text.h"
#include "toml.h"

namespace slipway::app {

const std::vector<Setting>& settings() {
  static const std::vector<Setting> table = {
      {"host", &Config::host, "address to listen on"},
      {"port", &Config::port, "HTTP port; 0 takes a free one", 0, 65535},
      {"grpc_port", &Config::grpc_port, "gRPC port; 0 takes a free one", 0, 65535},
      {"predict_route", &Config::predict_route,
       "a path that answers like /invocations (default: AIP_PREDICT_ROUTE)"},
      {"health_route", &Config::health_route,
       "a path that answers like /ping (default: AIP_HEALTH_ROUTE)"},
      {"data", &Config::data, "folder of everything that is kept"},
      {"store", &Config::store,
       "database URL: sqlite:///PATH or postgresql://USER@HOST/NAME (default: SQLite in the data "
       "folder)"},
      {"durability", &Config::durability,
       "what an acknowledged write survives: disk is the loss of power, process only the end of "
       "slipway itself (quicker where syncs are slow)",
       0, 0, "disk|process"},
      {"role", &Config::role,
       "all looks after the store: schedules, rollouts, webhooks, comparisons (one server a "
       "store); "
       "serve only answers, beside a server that does (PostgreSQL), and takes pipelines over when "
       "that one is gone",
       0, 0, "all|serve"},
      {"artifacts", &Config::artifacts,
       "where artifacts live (default: the folder blobs in the data folder)"},
      {"config", &Config::config, "file with settings"},
      {"url", &Config::url, "the server that commands talk to"},
      {"log_level", &Config::log_level, "least severe message to log", 0, 0,
       "debug|info|warn|error|off"},
      {"log_format", &Config::log_format, "auto is text on a terminal, JSON lines elsewhere", 0, 0,
       "auto|json|text"},
      {"io_threads", &Config::io_threads,
       "threads that serve connections (0: one a core, at most 8)", 0, 64},
      {"workers", &Config::workers, "threads that run request handlers", 1, 1024},
      {"queue", &Config::queue, "requests that may wait for a worker", 1, 1'000'000},
      {"grace_seconds", &Config::grace_seconds, "time for running requests at shutdown", 0, 3600},
      {"tls_certificate", &Config::tls_certificate, "PEM file with the certificate chain: HTTPS"},
      {"tls_key", &Config::tls_key, "PEM file with its private key"},
      {"webhook_schemes", &Config::webhook_schemes,
       "schemes that the address of a webhook may have, separated by commas"},
      {"webhook_private", &Config::webhook_private,
       "may webhooks lead into private networks and to this machine?", 0, 0, "no|yes"},
      {"smtp_url", &Config::smtp_url,
       "mail server of alerts: smtp://HOST:PORT (with STARTTLS where it is offered) or "
       "smtps://HOST:PORT"},
      {"smtp_from", &Config::smtp_from, "mail address that alerts come from"},
      {"smtp_user", &Config::smtp_user, "name at the mail server; none: no login"},
      {"smtp_password_file", &Config::smtp_password_file, "file with the password of that name"},
      {"onnxruntime", &Config::onnxruntime,
       "path of libonnxruntime.so (default: lib/ beside the executable, then the system's)"},
      {"duckdb", &Config::duckdb,
       "path of libduckdb.so, which reads Parquet, CSV and JSON lines (default: as above)"},
      {"onnx_device", &Config::onnx_device,
       "where ONNX graphs run: auto is a GPU when the library of onnxruntime-gpu and a GPU with "
       "room "
       "are there, else the CPU",
       0, 0, "auto|cpu|cuda"},
      {"onnx_memory", &Config::onnx_memory,
       "MiB that one run of an ONNX graph may take, and its answer a quarter of; 0 is no bound", 0,
       1'048'576},
      {"python", &Config::python,
       "interpreter that has what Python models need (default: an environment a version, made by "
       "uv from its requirements)"},
      {"uv", &Config::uv, "path of uv (default: beside the executable, then on the PATH)"},
      {"python_workers", &Config::python_workers, "processes that a Python model may have", 1, 256},
      {"python_timeout", &Config::python_timeout,
       "seconds after which a call of a Python model is given up and its process killed", 1, 86400},
      {"python_idle", &Config::python_idle,
       "seconds without work after which a Python model's process ends", 1, 86400},
      {"python_memory", &Config::python_memory,
       "MiB that one process of a Python model may take; 0 is no bound", 0, 1'048'576},
      {"batch_places", &Config::batch_places,
       "what batch predictions may read and write beside DATA/batch when the server listens beyond "
       "this machine: s3://BUCKET/PREFIX and postgresql://USER@HOST/NAME, separated by commas"},
      {"s3_endpoint", &Config::s3_endpoint,
       "URL of the S3 server (default: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, else Amazon's); keys "
       "are those of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"},
      {"s3_region", &Config::s3_region,
       "region of the S3 server (default: AWS_REGION, AWS_DEFAULT_REGION, else us-east-1)"},
      {"convert", &Config::convert,
       "try scikit-learn models as trees or ONNX when they are registered, and use what gives the "
       "same answers?",
       0, 0, "no|yes"},
      {"model_memory", &Config::model_memory,
       "what the loaded models may take together, such as 2GiB: above it those that were not asked "
       "for longest are freed until they are asked again; 0 is no bound"},
      {"model_instances", &Config::model_instances,
       "batches of one version that may run at the same time", 1, 64},
      {"batch_rows", &Config::batch_rows, "rows that requests are put together to, at most", 1,
       65'536},
      {"batch_ms", &Config::batch_ms,
       "milliseconds that a batch should not take longer than: its rows are bounded by what the "
       "version was seen to need",
       1, 10'000},
      {"access_log", &Config::access_log, "log a line for each request?", 0, 0, "no|yes"},
      {"trace_export", &Config::trace_export,
       "URL of an OpenTelemetry collector (OTLP/HTTP) that gets a span for each prediction"},
      {"trace_share", &Config::trace_share,
       "share of predictions without a traceparent of their own that are exported, 0 to 1"},
      {"statsd", &Config::statsd,
       "DogStatsD agent that gets the metrics: HOST:PORT (UDP) or unix:///PATH"},
      {"metrics_export", &Config::metrics_export,
       "URL of an OpenTelemetry collector (OTLP/HTTP) that gets the metrics"},
      {"metrics_seconds", &Config::metrics_seconds, "how often metrics are sent to those two", 1,
       3600},
  };
  return table;
}

std::string_view name_of(Source source) {
  switch (source) {
    case Source::fallback:
      return "default";
    case Source::file:
      return "file";
    case Source::environment:
      return "environment";
    case Source::flag:
      return "flag";
  }
  return "default";
}

std::string flag_of(const Setting& setting) {
  if (setting.name == "url") return "--server";  // commands only
  std::string out = "--" + std::string(setting.name);
  for (char& c : out) {
    if (c == '_') c = '-';
  }
  return out;
}

std::string variable_of(const Setting& setting) {
  std::string out = "SLIPWAY_" + std::string(setting.name);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

std::string text_of(const Setting& setting, const Config& config) {
  if (const auto* number = std::get_if<std::int64_t Config::*>(&setting.field)) {
    return std::to_string(config.**number);
  }
  return config.*std::get<std::string Config::*>(setting.field);
}

std::optional<std::string> environment(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

namespace {

bool is_choice(std::string_view choices, std::string_view value) {
  for (const auto choice : split(choices, '|')) {
    if (choice == value) return true;
  }
  return false;
}

Result<void> assign(Config& config, const Setting& setting, const std::string& value,
                    const std::string& called) {
  if (const auto* number = std::get_if<std::int64_t Config::*>(&setting.field)) {
    const auto parsed = parse_int(value);
    if (!parsed || *parsed < setting.least || *parsed > setting.most) {
      return invalid(called + ": '" + value + "' is not a number between " +
                     std::to_string(setting.least) + " and " + std::to_string(setting.most));
    }
    config.** number = *parsed;
    return {};
  }
  if (!setting.choices.empty() && !is_choice(setting.choices, value)) {
    return invalid(called + ": '" + value + "' is none of " + std::string(setting.choices));
  }
  config.*std::get<std::string Config::*>(setting.field) = value;
  return {};
}

// Vertex AI tells its containers by variables of its own where to listen and answer.
Result<void> follow_vertex(Effective& out) {
  constexpr std::pair<std::string_view, std::string_view> kVariables[] = {
      {"port", "AIP_HTTP_PORT"},
      {"predict_route", "AIP_PREDICT_ROUTE"},
      {"health_route", "AIP_HEALTH_ROUTE"},
  };
  for (const auto& setting : settings()) {
    for (const auto& [name, variable] : kVariables) {
      if (setting.name != name || out.sources[std::string(name)] != Source::fallback) continue;
      const auto value = environment(variable);
      if (!value) continue;
      SW_CHECK_OK(assign(out.config, setting, *value, std::string(variable)));
      out.sources[std::string(name)] = Source::environment;
      // A container listens for the outside.
      if (name == "port" && out.sources["host"] == Source::fallback) out.config.host = "0.0.0.0";
    }
  }
  for (const auto* path : {&out.config.predict_route, &out.config.health_route}) {
    if (path->empty()) continue;
    if (path->front() != '/' || path->find_first_of("{}?# ") != std::string::npos) {
      return invalid("'" + *path + "' is not a path to answer at", "it begins with a slash");
    }
  }
  return {};
}

}  // namespace

Result<Effective> load_config(const std::map<std::string, std::string>& flags) {
  Effective out;
  std::string file = out.config.config;
  const auto named = environment("SLIPWAY_CONFIG");
  if (named) file = *named;
  const auto flagged = flags.find("config");
  if (flagged != flags.end()) file = flagged->second;
  std::map<std::string, std::string> from_file;
  std::error_code ec;
  if (std::filesystem::exists(file, ec)) {
    SW_TRY(from_file, read_toml(file));
  } else if (named || flagged != flags.end()) {
    return invalid("there is no configuration file '" + file + "'");
  }
  for (const auto& setting : settings()) {
    const std::string name(setting.name);
    auto& source = out.sources[name];
    const auto in_file = from_file.extract(name);
    const auto flag = flags.find(name);
    if (flag != flags.end()) {
      SW_CHECK_OK(assign(out.config, setting, flag->second, flag_of(setting)));
      source = Source::flag;
    } else if (const auto variable = environment(variable_of(setting))) {
      SW_CHECK_OK(assign(out.config, setting, *variable, variable_of(setting)));
      source = Source::environment;
    } else if (!in_file.empty()) {
      const auto where = std::string(file).append(": ").append(name);
      SW_CHECK_OK(assign(out.config, setting, in_file.mapped(), where));
      source = Source::file;
    }
  }
  if (!from_file.empty()) {
    return invalid(file + ": unknown setting '" + from_file.begin()->first + "'",
                   "`slipway config` lists the settings");
  }
  SW_CHECK_OK(follow_vertex(out));
  if (!parse_bytes(out.config.model_memory)) {
    return invalid("model_memory: '" + out.config.model_memory + "' is not a size",
                   "write 512MiB or 2GiB");
  }
  const auto share = parse_double(out.config.trace_share);
  if (!share || !(*share >= 0 && *share <= 1)) {
    return invalid("trace_share: '" + out.config.trace_share + "' is not between 0 and 1");
  }
  if (out.config.tls_certificate.empty() != out.config.tls_key.empty()) {
    return invalid("tls_certificate and tls_key belong together, and only one is set");
  }
  return out;
}

}  // namespace slipway::app
