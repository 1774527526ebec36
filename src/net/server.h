// SPDX-License-Identifier: Apache-2.0
// The HTTP/1.1 and gRPC server: accepts, bounds, times out, decompresses, dispatches, and shuts
// down gracefully.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/pool.h"
#include "net/grpc.h"
#include "net/http.h"

namespace slipway::net {

struct ServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;  // 0: any free one, see Server::port
  std::size_t io_threads = 1;
  std::size_t header_limit = 32u << 10;
  std::size_t connection_limit = 4096;  // more are answered 503 and closed
  int header_timeout_ms = 15'000;       // slow-loris bound
  int body_timeout_ms = 60'000;         // without any progress
  int idle_timeout_ms = 75'000;         // keep-alive
  std::string tls_certificate;          // PEM files; both set: HTTPS
  std::string tls_key;
  bool gzip = true;  // answers over 1 KiB of compressible types, when accepted
};

// Called around every request: may refuse it (authentication, rights), and is told the outcome.
struct Middleware {
  // Before the body is read, on the I/O thread; may set Request::principal. An error is rendered
  // and sent.
  std::function<Result<void>(Request&, const Route&)> before;
  // On the I/O thread, once the answer is written or given up (status 0: the client went away).
  std::function<void(const Request&, const Route*, int status, std::int64_t took_ns)> after;
};

class Server {
 public:
  // Binds at once: a port in use is an error that names it. `workers` runs the plain handlers; when
  // its queue is full a request is answered `exhausted`. `router` must outlive the server.
  static Result<std::unique_ptr<Server>> start(const ServerOptions& options, const Router& router,
                                               Pool& workers, Middleware middleware = {});
  virtual ~Server() = default;
  virtual std::uint16_t port() const = 0;
  virtual std::size_t connections() const = 0;
  // gRPC as well, on the same threads, with the same certificate; answers its port. `router` must
  // outlive the server.
  virtual Result<std::uint16_t> listen_grpc(const GrpcOptions& options, const GrpcRouter& router,
                                            GrpcMiddleware middleware) = 0;
  // Stops accepting, lets running requests end (at most `grace_ms`), closes idle connections.
  virtual void shut_down(int grace_ms) = 0;
};

}  // namespace slipway::net
