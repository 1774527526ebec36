// SPDX-License-Identifier: Apache-2.0
// `slipway import`: the history of another tool, into a running server or into a data folder.
#include "app/config.h"
#include "app/platform.h"
#include "arguments.h"
#include "base/log.h"
#include "columns.h"
#include "commands.h"
#include "drivers/mlflow/mlflow.h"
#include "drivers/neptune/neptune.h"
#include "drivers/tensorboard/tensorboard.h"
#include "drivers/wandb/wandb.h"
#include "registry/registry.h"
#include "remote_target.h"
#include "transfer_report.h"

namespace slipway::cli {
namespace {

struct Options {
  std::string from;
  std::string artifacts;
  std::string experiment;
  std::string files;
  bool no_artifacts = false;
  std::string server;
  std::string data;
  std::string store;
  std::string json;
};

Result<transfer::Report> into_folder(const Options& o, transfer::Source& source,
                                     const transfer::Options& options,
                                     const transfer::Watch& watch) {
  std::map<std::string, std::string> flags{{"data", o.data}};
  if (!o.store.empty()) flags["store"] = o.store;
  SW_TRY(const auto effective, app::load_config(flags));
  log::configure(log::Level::warn, log::Format::text);
  SW_TRY(const auto platform, app::Platform::open(effective.config, app::Mode::local));
  const auto target = transfer::open_local_target(platform->database(), platform->registry(),
                                                  platform->blobs(), platform->ids());
  return transfer::copy(source, *target, options, watch);
}

Result<transfer::Report> into_server(const Options& o, transfer::Source& source,
                                     const transfer::Options& options,
                                     const transfer::Watch& watch) {
  SW_TRY(const auto client, Client::connect(o.server));
  SW_CHECK_OK(client.get("/health"));
  const auto target = make_remote_target(client);
  return transfer::copy(source, *target, options, watch);
}

int transfer_from(const Options& o, transfer::Source& source) {
  Bars bars;
  const transfer::Watch watch = [&](const std::string& part, std::int64_t done, std::int64_t of) {
    bars.show(part, done, of);
  };
  const transfer::Options options{.artifacts = !o.no_artifacts};
  const auto report = o.data.empty() ? into_server(o, source, options, watch)
                                     : into_folder(o, source, options, watch);
  bars.end();
  return finish_transfer(report, o.json, "import");
}

// Parquet as texts, for the driver that knows the columns but not the library.
Result<void> read_parquet(
    const std::string& file, const std::vector<std::string>& columns,
    const std::function<Result<void>(const drivers::neptune::Cells&, std::size_t)>& each) {
  SW_TRY(const auto table, open_table(file));
  return table->scan_texts(columns, [&](const auto& pieces, std::size_t rows) {
    drivers::neptune::Cells cells(pieces.size());
    for (std::size_t c = 0; c < pieces.size(); ++c) {
      cells[c].resize(rows);
      for (std::size_t i = 0; i < rows; ++i) {
        if (!pieces[c].missing[i]) cells[c][i] = pieces[c].texts[i];
      }
    }
    return each(cells, rows);
  });
}

}  // namespace

int import_history(const Args& args) {
  CLI::App app;
  Options o;
  app.require_subcommand(1);
  const auto common = [&](CLI::App* sub) {
    sub->add_flag("--no-artifacts", o.no_artifacts, "leave files where they are");
    auto* server = sub->add_option("--server", o.server, "URL of the server to import into");
    sub->add_option("--data", o.data, "import into this data folder instead")->excludes(server);
    sub->add_option("--store", o.store, "with --data: its database, when it is not in the folder");
    sub->add_option("--json", o.json, "write a summary to this file, - for standard output");
  };
  auto* mlflow = app.add_subcommand("mlflow", "An MLflow server, mlruns folder or database");
  mlflow->add_option("SOURCE", o.from, "URL, folder, SQLite file or database URL")->required();
  mlflow->add_option("--artifacts", o.artifacts,
                     "folder that mlflow-artifacts: URIs of a database stand for");
  common(mlflow);
  auto* tensorboard = app.add_subcommand("tensorboard", "A folder of TensorBoard's event files");
  tensorboard->add_option("DIR", o.from, "what `tensorboard --logdir` is given")->required();
  tensorboard->add_option("--experiment", o.experiment, "its name here; that of DIR by default");
  common(tensorboard);
  auto* wandb = app.add_subcommand("wandb", "Offline runs of Weights & Biases");
  wandb->add_option("DIR", o.from, "a folder with offline-run-* folders in it")->required();
  common(wandb);
  auto* neptune = app.add_subcommand("neptune", "What neptune-exporter wrote (Parquet and files)");
  neptune->add_option("DIR", o.from, "its folder of Parquet files, or the one above")->required();
  neptune->add_option("--files", o.files, "its folder of files; files/ beside the data by default");
  common(neptune);
  if (const auto code = parse(app, "import", args)) return *code;
  const auto source = mlflow->parsed()        ? drivers::mlflow::open(o.from, o.artifacts)
                      : tensorboard->parsed() ? drivers::tensorboard::open(o.from, o.experiment)
                      : neptune->parsed() ? drivers::neptune::open(o.from, o.files, read_parquet)
                                          : drivers::wandb::open(o.from);
  if (!source) return fail(source.error());
  return transfer_from(o, **source);
}

}  // namespace slipway::cli
