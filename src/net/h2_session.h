// SPDX-License-Identifier: Apache-2.0
// A gRPC connection: HTTP/2 (libnghttp2 keeps its state) on a socket of one of the loops.
// Everything of it happens on the loop's thread, except deliver().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "h2_stream.h"
#include "loop.h"

struct nghttp2_session;

namespace slipway::net {

// How much of what costs us and brings nothing (resets, pings, empty frames) a client may send.
class FloodGate {
 public:
  static constexpr int kBurst = 4000;
  static constexpr int kPerSecond = 1000;
  // False: too much.
  bool admit(double cost, std::int64_t now_ns);

 private:
  double tokens_ = kBurst;
  std::int64_t at_ns_ = 0;
};

class H2Session : public Connection, public std::enable_shared_from_this<H2Session> {
 public:
  H2Session(std::shared_ptr<Loop> loop, Tcp::socket socket);
  ~H2Session() override;

  void start();

  void check(std::int64_t now_ns) override;
  void close_if_idle() override;
  void close_now() override;

  // From any thread.
  void deliver(H2Outcome outcome);

 private:
  friend struct H2Callbacks;

  // Transport.
  void handshake();
  bool open_http2();
  void read();
  void received(error_code ec, std::size_t size);
  void flush();
  bool write_out();  // false: goes on by itself
  void close();
  void fail(std::string_view why);

  // Calls.
  void head_complete(H2Stream& stream);
  std::optional<GrpcStatus> admit(H2Stream& stream);
  void data(H2Stream& stream, std::string_view bytes);
  void take_message(H2Stream& stream, MessageReader::Whole whole);
  void input_ended(H2Stream& stream);
  void dispatch(H2Stream& stream, GrpcMessage message);
  void finish(H2Stream& stream, GrpcStatus status);
  void drain();
  void apply(H2Outcome outcome);
  void respond(H2Stream& stream);
  void refuse_http(H2Stream& stream, int status);
  void give_back_window(H2Stream& stream);
  std::shared_ptr<H2Stream> make_stream(std::int32_t id);
  void forget(std::int32_t id);
  void keep(std::shared_ptr<H2Stream> stream);
  std::shared_ptr<H2Stream> find(std::int32_t id) const;
  void report(H2Stream& stream);

  const std::shared_ptr<Loop> loop_;
  Shared& shared_;
  const GrpcOptions& options_;
  Tcp::socket socket_;
  std::optional<asio::ssl::stream<Tcp::socket&>> tls_;
  std::string remote_;
  nghttp2_session* http2_ = nullptr;
  using Streams =
      std::unordered_map<std::int32_t, std::shared_ptr<H2Stream>, std::hash<std::int32_t>,
                         std::equal_to<>,
                         Recycled<std::pair<const std::int32_t, std::shared_ptr<H2Stream>>>>;
  Streams streams_;
  std::vector<Request> spare_;  // of calls that are over, for their memory
  std::string in_;
  std::string out_;      // filled by nghttp2
  std::string sending_;  // handed to the socket
  std::size_t sent_ = 0;
  bool writing_ = false;
  bool in_library_ = false;  // between nghttp2's call and its return
  bool closed_ = false;
  bool opened_ = false;
  std::size_t held_ = 0;  // bytes set aside for messages under way
  std::int64_t began_ns_ = 0;
  std::int64_t received_ns_ = 0;
  std::int64_t progress_ns_ = 0;  // of writing
  FloodGate gate_;

  std::mutex inbox_mutex_;
  std::vector<H2Outcome> inbox_;
  std::vector<H2Outcome> taken_;  // of it; the loop's
  bool woken_ = false;
};

}  // namespace slipway::net
