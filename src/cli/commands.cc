// SPDX-License-Identifier: Apache-2.0
// The command table: one line a command.
#include "commands.h"

namespace slipway::cli {

const std::vector<CommandSpec>& commands() {
  static const std::vector<CommandSpec> table = {
      {"up", "Run the whole platform in the foreground", "slipway up --port 5800", up},
      {"data",
       "Version data with DVC's verbs and files",
       "slipway data add data/flights.csv",
       data,
       {"init", "add", "status", "checkout"}},
      {"endpoint",
       "Create and change the addresses that answer predictions",
       "slipway endpoint create delays --route flights@champion",
       endpoint,
       {"create", "list", "show", "update", "delete"}},
      {"drift", "Say which columns of a file have changed against another",
       "slipway drift --reference train.csv --current today.csv --json -", drift},
      {"model",
       "Models and versions: what there is, who moved it, and why",
       "slipway model why flights 2",
       model,
       {"list", "show", "promote", "archive", "why"}},
      {"policy",
       "Judge a version by a policy file",
       "slipway policy check policies/production.yaml --model flights --version 2",
       policy,
       {"check"}},
      {"rollout",
       "Move an endpoint's traffic to a new version on evidence",
       "slipway rollout start delays flights 2 --step 5:200 --step 50:2000 --step 100:1000",
       rollout,
       {"start", "status", "pause", "resume", "abort"}},
      {"rollback", "Back to the version before, at once", "slipway rollback delays", rollback},
      {"audit",
       "Check that nobody edited the registry's history",
       "slipway audit verify",
       audit,
       {"verify"}},
      {"doctor", "Say what this machine lacks, and how to get it", "slipway doctor", doctor},
      {"config", "Print the settings, their values and where those come from",
       "SLIPWAY_PORT=8080 slipway config", config},
      {"routes", "Print what the server answers", "slipway routes --wire api", routes},
      {"errors", "Print the error codes and what they mean", "slipway errors", errors},
      {"completion",
       "Print the completion script of a shell",
       "source <(slipway completion bash)",
       completion,
       {"bash", "zsh", "fish"}},
      {"version", "Print the version", "slipway version", version},
  };
  return table;
}

}  // namespace slipway::cli
