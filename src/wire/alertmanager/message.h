// SPDX-License-Identifier: Apache-2.0
// What a webhook of Alertmanager or Grafana says, and whether it comes from who knows the secret.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/http.h"
#include "pipeline/hooks.h"

namespace slipway::wire::alertmanager {

struct Message {
  std::vector<pipeline::Fired> firing;
  std::size_t resolved = 0;
};

// At most 1,000 alerts. The key of an alert is its fingerprint (else a digest of its labels) and
// when it began: both senders repeat themselves.
Result<Message> message_of(std::string_view body);

// The secret as a bearer token or as the password of basic authentication; or a signature by it:
// x-slipway-signature: sha256=HEX of the body, or Grafana's x-grafana-alerting-signature: HEX of
// the body, with x-grafana-alerting-timestamp of "TIMESTAMP:BODY".
bool knows(const net::Headers& headers, std::string_view body, std::string_view secret);

}  // namespace slipway::wire::alertmanager
