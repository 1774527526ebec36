// SPDX-License-Identifier: Apache-2.0
// One function a command; each lives in the file named like it.
#pragma once

#include "cli/cli.h"

namespace slipway::cli {

int audit(const Args& args);
int backup(const Args& args);
int check(const Args& args);
int capacity(const Args& args);
int completion(const Args& args);
int config(const Args& args);
int data(const Args& args);
int endpoint(const Args& args);
int doctor(const Args& args);
int drift(const Args& args);
int evaluate(const Args& args);
int profile(const Args& args);
int errors(const Args& args);
int model(const Args& args);
int policy(const Args& args);
int restore(const Args& args);
int predict(const Args& args);
int probe(const Args& args);
int rollback(const Args& args);
int rollout(const Args& args);
int routes(const Args& args);
int cron(const Args& args);
int export_edge(const Args& args);
int export_history(const Args& args);
int gc(const Args& args);
int graph(const Args& args);
int import_history(const Args& args);
int logs(const Args& args);
int pipeline(const Args& args);
int run(const Args& args);
int up(const Args& args);
int version(const Args& args);

}  // namespace slipway::cli
