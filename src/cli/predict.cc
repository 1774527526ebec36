// SPDX-License-Identifier: Apache-2.0
// `slipway predict`: a file through a version, by the server that has the model.
#include <chrono>
#include <filesystem>
#include <thread>

#include "arguments.h"
#include "client.h"
#include "commands.h"
#include "json/value.h"
#include "output.h"

namespace slipway::cli {
namespace {

namespace fs = std::filesystem;

constexpr int kLookMs = 100;

struct Options {
  std::string target;
  std::string input;
  std::string output;
  std::string table;
  std::string key;
  std::vector<std::string> keep;
  bool answers_only = false;
  std::string server;
  std::string json;
};

// A path as the server understands it; other addresses as they are.
std::string place_of(const std::string& text) {
  if (text.find("://") != std::string::npos) return text;
  return fs::absolute(text).lexically_normal().string();
}

Result<std::string> body_of(const Options& options) {
  std::error_code failed;
  if (options.input.find("://") == std::string::npos && !fs::exists(options.input, failed)) {
    return not_found("there is no file '" + options.input + "'");
  }
  json::object body{{"target", options.target}, {"input", place_of(options.input)}};
  if (!options.output.empty()) body["output"] = place_of(options.output);
  if (!options.table.empty()) body["table"] = options.table;
  if (!options.key.empty()) body["key"] = options.key;
  json::array keep;
  if (options.answers_only) {
    keep.emplace_back("-");
  } else {
    for (const auto& name : options.keep) keep.emplace_back(name);
  }
  if (!keep.empty()) body["keep"] = std::move(keep);
  return json::dump_value(body);
}

// Until it is over; the last thing that the server said about it.
Result<std::string> wait_for(const Client& client, const std::string& id) {
  std::unique_ptr<Progress> progress;
  while (true) {
    SW_TRY(auto text, client.get("/api/v1/batch/" + encode(id)));
    SW_TRY(const auto job, json::parse_value(text));
    const auto total = json::int_at(job, "rows").value_or(0);
    if (progress == nullptr && total > 0) {
      progress = std::make_unique<Progress>("rows", static_cast<std::uint64_t>(total));
    }
    if (progress != nullptr) {
      progress->set(static_cast<std::uint64_t>(json::int_at(job, "rows_done").value_or(0)));
    }
    const auto status = json::text_at(job, "status").value_or("");
    if (status != "queued" && status != "running") return text;
    std::this_thread::sleep_for(std::chrono::milliseconds(kLookMs));
  }
}

Result<int> run(const Options& options) {
  SW_TRY(const auto body, body_of(options));
  SW_TRY(const auto client, Client::connect(options.server));
  SW_TRY(const auto started, client.post("/api/v1/batch", body));
  SW_TRY(const auto first, json::parse_value(started));
  SW_TRY(const auto last, wait_for(client, json::text_at(first, "id").value_or("")));
  SW_TRY(const auto job, json::parse_value(last));
  if (!options.json.empty()) SW_CHECK_OK(write_document(options.json, last));
  if (json::text_at(job, "status") != "succeeded") {
    say("error: " + json::text_at(job, "error").value_or("the job was cancelled"));
    say("hint: the same command goes on where it stopped");
    return kFailed;
  }
  const auto rows = std::to_string(json::int_at(job, "rows_done").value_or(0));
  say(rows + " rows by version " + json::text_at(job, "version").value_or("") + " of model '" +
      json::text_at(job, "model").value_or("") + "'" +
      (options.output.empty()
           ? ""
           : " into " + (options.table.empty() ? options.output : options.table)));
  return kDone;
}

}  // namespace

int predict(const Args& args) {
  CLI::App command;
  Options options;
  command
      .add_option("TARGET", options.target,
                  "an endpoint, models:/NAME/VERSION or models:/NAME@ALIAS")
      ->required();
  command
      .add_option("--input", options.input,
                  "Parquet, CSV or JSON lines: a file, or s3://BUCKET/KEY")
      ->required();
  command.add_option("--output", options.output,
                     "a file or s3://BUCKET/KEY that ends in .csv, .jsonl or .parquet, or "
                     "postgresql://USER@HOST/NAME");
  command.add_option("--table", options.table, "the table of such a database, made when missing");
  command.add_option("--key", options.key, "column by which the answers can be looked up later");
  command.add_option("--keep", options.keep, "column that goes with the answers (default: all)");
  command.add_flag("--answers-only", options.answers_only, "no column goes with the answers");
  command.add_option("--server", options.server, "the server, on this machine");
  command.add_option("--json", options.json,
                     "write the job as JSON to this file; - is standard output");
  if (const auto code = parse(command, "predict", args)) return *code;
  const auto done = run(options);
  return done ? *done : fail(done.error());
}

}  // namespace slipway::cli
