// SPDX-License-Identifier: Apache-2.0
// Answers as server-sent events: `data: PIECE` for each, `data: [DONE]` at the end. Private to this
// room.
#pragma once

#include <memory>
#include <string>

#include "net/http.h"
#include "serving/target.h"

namespace slipway::wire::scoring {

// The header Accept: text/event-stream.
bool accepts_events(const net::Request& request);
// That, or "stream": true at the top of a JSON body.
bool wants_events(const net::Request& request);

// `body` is one of MLflow's scoring protocol. What fails before the first piece is an answer of its
// own, later an event with "error" and no [DONE].
void stream_answer(const serving::Target& target, std::string body,
                   const std::shared_ptr<const net::Request>& request,
                   const std::shared_ptr<net::Reply>& reply);

}  // namespace slipway::wire::scoring
