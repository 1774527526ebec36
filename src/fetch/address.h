// SPDX-License-Identifier: Apache-2.0
// Where an address leads: out into the world, or into our own network.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

struct sockaddr;

namespace slipway::fetch {

// The host of an http or https URL, without its port; invalid_argument when it has none.
Result<std::string> host_of(std::string_view url);

// False for loopback, private, link-local, carrier, documentation and multicast addresses, also
// where they are wrapped in IPv6.
bool is_public(const sockaddr* address);

// Looks the host up: invalid_argument when one of its addresses is not public, or there is none.
Result<void> check_public(const std::string& host);

}  // namespace slipway::fetch
