// SPDX-License-Identifier: Apache-2.0
// gRPC as the rest of the house sees it: methods, calls, messages and codes. HTTP/2 stops behind
// net/server.h.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/http.h"

namespace slipway::net {

enum class GrpcCode {
  ok = 0,
  cancelled = 1,
  unknown = 2,
  invalid_argument = 3,
  deadline_exceeded = 4,
  not_found = 5,
  already_exists = 6,
  permission_denied = 7,
  resource_exhausted = 8,
  failed_precondition = 9,
  aborted = 10,
  out_of_range = 11,
  unimplemented = 12,
  internal = 13,
  unavailable = 14,
  data_loss = 15,
  unauthenticated = 16,
};
std::string_view name_of(GrpcCode code);  // "INVALID_ARGUMENT"

struct GrpcStatus {
  GrpcCode code = GrpcCode::ok;
  std::string message;
};
GrpcStatus status_of(const Error& error);

// A message as it was received. Its last byte lies at the end of an aligned block, so that a tensor
// at the end of the message, where they are, is aligned for its type.
struct GrpcMessage {
  std::string_view bytes;
  std::shared_ptr<const void> owner;  // keeps the bytes
};

// A call that is under way, answered from any thread. Dropping it unfinished finishes it as
// internal.
class GrpcCall {
 public:
  virtual ~GrpcCall() = default;
  // Path, headers (the metadata), principal, request id, when it came.
  virtual const Request& request() const = 0;
  virtual std::int64_t deadline_ns() const = 0;  // monotonic; 0: the client gave none
  virtual void send(std::string message) = 0;
  virtual void finish(GrpcStatus status) = 0;
  // The only answer and the end.
  virtual void answer(std::string message) = 0;
  // Becomes true when the client went away or gave up; lives as long as anybody holds it.
  virtual std::shared_ptr<const std::atomic<bool>> cancellation() const = 0;
};

// What takes the messages of a call that streams; called on the I/O thread, must not block.
class GrpcSink {
 public:
  virtual ~GrpcSink() = default;
  virtual void message(GrpcMessage message) = 0;
  virtual void end() = 0;  // the client sends no more; not called when it went away
};

struct GrpcMethod {
  std::string path;    // "/inference.GRPCInferenceService/ModelInfer"
  std::string wire;    // "oip"
  std::string action;  // what the gate is asked
  // One of the three. On the I/O thread, must not block:
  std::function<void(GrpcMessage, std::shared_ptr<GrpcCall>)> unary;
  // On a worker:
  std::function<Result<std::string>(const Request&, std::string_view message)> plain;
  // Both sides stream:
  std::function<std::shared_ptr<GrpcSink>(std::shared_ptr<GrpcCall>)> stream;
};

// The methods. Filled once, then only read (from any thread).
class GrpcRouter {
 public:
  // The same path twice is a programmer error.
  void add(GrpcMethod method);
  const GrpcMethod* find(std::string_view path) const;
  // "inference.GRPCInferenceService" and the like, in order.
  std::vector<std::string> services() const;
  bool has_service(std::string_view name) const;
  const std::map<std::string, GrpcMethod, std::less<>>& methods() const { return methods_; }

 private:
  std::map<std::string, GrpcMethod, std::less<>> methods_;
};

struct GrpcOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;                    // 0: any free one
  std::size_t message_limit = 256u << 20;    // of one message, after decompression
  std::size_t connection_memory = 1u << 30;  // of messages that one connection has begun to send
  std::uint32_t streams = 1024;              // calls under way on one connection
  std::uint32_t stream_window = 1u << 20;    // bytes in flight
  std::uint32_t connection_window = 8u << 20;
  std::size_t header_limit = 16u << 10;  // of one call, decoded
  std::size_t stream_backlog = 256;      // messages of a streaming call that are not answered
  int idle_timeout_ms = 1'800'000;       // without a call; clients connect again by themselves
};

// Called around every call, like Middleware.
struct GrpcMiddleware {
  std::function<Result<void>(Request&, const GrpcMethod&)> before;
  // `method` is null when there is no such one.
  std::function<void(const Request&, const GrpcMethod* method, GrpcCode, std::int64_t took_ns)>
      after;
};

}  // namespace slipway::net
