// SPDX-License-Identifier: Apache-2.0
// One gRPC call on its HTTP/2 stream: what has come of it, and what waits to go.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/recycle.h"
#include "net/grpc.h"

namespace slipway::net {

class H2Session;

enum class Encoding { identity, gzip, deflate };

// Five bytes and the message.
class OutgoingMessage {
 public:
  OutgoingMessage(std::string body, bool compressed);
  std::size_t left() const { return kPrefix + body_.size() - at_; }
  // Appends the next `size` bytes, at most what is left.
  void move_to(std::string& out, std::size_t size);
  std::string take_body() { return std::move(body_); }

 private:
  static constexpr std::size_t kPrefix = 5;
  std::array<char, kPrefix> prefix_;
  std::string body_;
  std::size_t at_ = 0;
};

// Cuts the bytes of a stream into messages.
class MessageReader {
 public:
  struct Whole {
    std::shared_ptr<char[]> block;
    std::string_view bytes;
    bool compressed = false;
  };
  // Takes from `in`. A message when one is whole; an error when it would pass `limit`.
  Result<std::optional<Whole>> take(std::string_view& in, std::size_t limit);
  bool in_message() const { return prefix_size_ > 0; }
  std::size_t held() const { return size_; }  // bytes set aside for the message under way

 private:
  static constexpr std::size_t kPrefix = 5;
  std::array<char, kPrefix> prefix_;
  std::size_t prefix_size_ = 0;
  std::shared_ptr<char[]> block_;
  char* begin_ = nullptr;
  std::size_t size_ = 0;
  std::size_t have_ = 0;
};

// Held by its session and by the handles of its handler. What is not atomic or const belongs to the
// I/O thread once the handler has been called.
struct H2Stream {
  H2Stream(std::weak_ptr<H2Session> its_session, std::int32_t its_id)
      : session(std::move(its_session)), id(its_id) {}

  const std::weak_ptr<H2Session> session;
  const std::int32_t id;

  Request request;
  bool is_grpc = false;  // says its content-type
  std::int64_t deadline_ns = 0;
  const GrpcMethod* method = nullptr;
  Encoding request_encoding = Encoding::identity;
  Encoding answer_encoding = Encoding::identity;
  std::size_t header_bytes = 0;
  bool head_done = false;

  MessageReader reader;
  std::optional<MessageReader::Whole> only;  // of a call with one message
  std::shared_ptr<GrpcSink> sink;
  std::size_t unanswered = 0;  // messages of a streaming call
  std::size_t withheld = 0;    // bytes whose window was not given back yet
  std::int64_t progress_ns = 0;
  bool input_ended = false;

  std::atomic<bool> cancelled{false};
  std::atomic<bool> finished{false};  // by the handler

  std::deque<OutgoingMessage, Recycled<OutgoingMessage>> out;
  bool responded = false;  // the head is on its way
  bool deferred = false;   // nothing to send at the moment
  bool ended = false;      // after `out` comes the status
  GrpcStatus status;
};

// What a handler did, on its way to the I/O thread.
struct H2Outcome {
  std::shared_ptr<H2Stream> stream;
  std::optional<std::string> message;
  bool compressed = false;
  std::optional<GrpcStatus> status;
};

// The handle for the handler.
std::shared_ptr<GrpcCall> call_of(std::shared_ptr<H2Stream> stream);

// "100m": in nanoseconds; nothing when it is not what gRPC says.
std::optional<std::int64_t> parse_grpc_timeout(std::string_view text);
std::optional<Encoding> parse_encoding(std::string_view name);
std::string_view name_of(Encoding encoding);
bool accepts(std::string_view list, Encoding encoding);

}  // namespace slipway::net
