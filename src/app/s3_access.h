// SPDX-License-Identifier: Apache-2.0
// The S3 server that the settings and the environment name, for everything that reads s3:// by URL.
#pragma once

#include "app/config.h"
#include "fetch/s3.h"

namespace slipway::app {

fetch::S3Access s3_access(const Config& config);

}  // namespace slipway::app
