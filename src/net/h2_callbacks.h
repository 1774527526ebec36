// SPDX-License-Identifier: Apache-2.0
// Between nghttp2's C interface and H2Session.
#pragma once

#include "net/grpc.h"

struct nghttp2_session;

namespace slipway::net {

class H2Session;

// A server's side, with its settings submitted; null when there is no memory.
nghttp2_session* make_http2(const GrpcOptions& options, H2Session* session);

// Submits head and body of a call's answer.
struct H2Stream;
int submit_answer(nghttp2_session* http2, H2Stream& stream);
// The status alone.
int submit_status(nghttp2_session* http2, const H2Stream& stream);

}  // namespace slipway::net
