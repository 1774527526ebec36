// SPDX-License-Identifier: Apache-2.0
// The mail server of the settings, given to the monitor.
#pragma once

#include "app/config.h"
#include "base/result.h"
#include "monitor/monitor.h"

namespace slipway::app {

// Nothing without smtp_url. What cannot work (another scheme, a sender that is no address, a
// password file that cannot be read) is an error that names the setting.
Result<void> add_mail(const Config& config, monitor::Monitor::Hooks& hooks);

}  // namespace slipway::app
