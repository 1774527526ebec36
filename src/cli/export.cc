// SPDX-License-Identifier: Apache-2.0
// `slipway export`: everything into another server, so that nobody is locked in; and what others
// make of our metrics.
#include "wire/prometheus/export.h"

#include <algorithm>

#include "arguments.h"
#include "client.h"
#include "commands.h"
#include "drivers/mlflow/mlflow.h"
#include "output.h"
#include "transfer_report.h"

namespace slipway::cli {

int export_history(const Args& args) {
  if (std::any_of(args.begin(), args.end(),
                  [](const std::string& word) { return word.starts_with("--target"); })) {
    return export_edge(args);
  }
  CLI::App app;
  std::string to;
  std::string server;
  std::string json;
  bool no_artifacts = false;
  app.require_subcommand(1);
  auto* mlflow = app.add_subcommand("mlflow", "Write everything into a running MLflow server");
  mlflow->add_option("URL", to, "of the MLflow server")->required();
  mlflow->add_flag("--no-artifacts", no_artifacts, "leave files where they are");
  mlflow->add_option("--server", server, "URL of the server to export from");
  mlflow->add_option("--json", json, "write a summary to this file, - for standard output");
  std::string output = "-";
  auto* rules = app.add_subcommand("prometheus-rules", "Recording and alert rules for Prometheus");
  rules->add_option("--output", output, "write to this file; - is standard output")
      ->capture_default_str();
  auto* grafana = app.add_subcommand("grafana", "A dashboard for Grafana, to import or provision");
  grafana->add_option("--output", output, "write to this file; - is standard output")
      ->capture_default_str();
  if (const auto code = parse(app, "export", args)) return *code;
  if (*rules || *grafana) {
    const auto text =
        *rules ? wire::prometheus::alert_rules() : wire::prometheus::grafana_dashboard();
    const auto written = write_document(output, std::string(text));
    return written ? kDone : fail(written.error());
  }
  const auto client = Client::connect(server);
  if (!client) return fail(client.error());
  // Our own server speaks MLflow's interface, so it is read like one.
  const auto source = drivers::mlflow::open(client->url(), "");
  if (!source) return fail(source.error());
  const auto target = drivers::mlflow::open_target(to);
  if (!target) return fail(target.error());
  Bars bars;
  const auto report = transfer::copy(**source, **target, {.artifacts = !no_artifacts},
                                     [&](const std::string& part, std::int64_t done,
                                         std::int64_t of) { bars.show(part, done, of); });
  bars.end();
  return finish_transfer(report, json, "export");
}

}  // namespace slipway::cli
