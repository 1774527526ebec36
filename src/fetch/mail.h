// SPDX-License-Identifier: Apache-2.0
// Outgoing mail, through the SMTP server that the settings name.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace slipway::fetch {

struct MailServer {
  std::string url;       // smtp://HOST:PORT (STARTTLS where it is offered) or smtps://HOST:PORT
  std::string from;      // "slipway@example.org"
  std::string user;      // empty: no login
  std::string password;  // with one, an unencrypted connection is refused unless to this machine
  int timeout_ms = 20'000;
};

// One address without name or brackets: "team@example.org". invalid_argument says what is wrong.
Result<void> check_address(const std::string& address);

// `message` is a whole RFC 5322 message. `unavailable` when the server cannot be reached or refuses
// (the message says why), `deadline` when it takes too long. Thread-safe.
Result<void> send_mail(const MailServer& server, const std::vector<std::string>& to,
                       const std::string& message);

}  // namespace slipway::fetch
