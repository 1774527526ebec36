// SPDX-License-Identifier: Apache-2.0
// One function a command; each lives in the file named like it.
#pragma once

#include "cli/cli.h"

namespace slipway::cli {

int data(const Args& args);
int endpoint(const Args& args);
int up(const Args& args);
int version(const Args& args);

}  // namespace slipway::cli
