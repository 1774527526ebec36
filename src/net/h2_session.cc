// SPDX-License-Identifier: Apache-2.0
// The socket of a gRPC connection. What its calls are is h2_calls.cc.
#include "h2_session.h"

#include <algorithm>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <nghttp2/nghttp2.h>

#include "base/clock.h"
#include "base/log.h"
#include "h2_callbacks.h"

namespace slipway::net {
namespace {

constexpr std::size_t kReadBuffer = 64 << 10;
constexpr std::size_t kKeptBuffer = 256 << 10;
constexpr std::int64_t kMs = 1'000'000;

std::int64_t now_ns() {
  return system_clock().monotonic_ns();
}

}  // namespace

bool FloodGate::admit(double cost, std::int64_t now) {
  if (at_ns_ != 0) {
    const double earned = static_cast<double>(now - at_ns_) * 1e-9 * kPerSecond;
    tokens_ = std::min<double>(kBurst, tokens_ + earned);
  }
  at_ns_ = now;
  tokens_ -= cost;
  return tokens_ >= 0;
}

H2Session::H2Session(std::shared_ptr<Loop> loop, Tcp::socket socket)
    : loop_(std::move(loop)),
      shared_(*loop_->shared),
      options_(shared_.grpc_options),
      socket_(std::move(socket)) {
  error_code ec;
  socket_.set_option(Tcp::no_delay(true), ec);
  socket_.set_option(asio::socket_base::keep_alive(true), ec);
  const auto peer = socket_.remote_endpoint(ec);
  if (!ec) remote_ = peer.address().to_string();
  if (shared_.grpc_tls) tls_.emplace(socket_, *shared_.grpc_tls);
  began_ns_ = progress_ns_ = now_ns();
  in_.resize(kReadBuffer);
  loop_->sessions.insert(this);
}

H2Session::~H2Session() {
  nghttp2_session_del(http2_);
  shared_.connections.fetch_sub(1);
}

void H2Session::start() {
  if (tls_) return handshake();
  if (open_http2()) read();
}

void H2Session::handshake() {
  tls_->async_handshake(asio::ssl::stream_base::server, [self = shared_from_this()](error_code ec) {
    if (ec) return self->close();
    if (self->open_http2()) self->read();
  });
}

bool H2Session::open_http2() {
  http2_ = make_http2(options_, this);
  if (http2_ == nullptr) {
    close();
    return false;
  }
  flush();
  return !closed_;
}

void H2Session::read() {
  auto on_read = [self = shared_from_this()](error_code ec, std::size_t size) {
    self->received(ec, size);
  };
  const auto room = asio::buffer(in_);
  if (tls_) {
    tls_->async_read_some(room, std::move(on_read));
  } else {
    socket_.async_read_some(room, std::move(on_read));
  }
}

void H2Session::received(error_code ec, std::size_t size) {
  if (closed_) return;
  if (ec || size == 0) return close();
  opened_ = true;
  received_ns_ = now_ns();
  in_library_ = true;
  const auto taken =
      nghttp2_session_mem_recv(http2_, reinterpret_cast<const std::uint8_t*>(in_.data()), size);
  in_library_ = false;
  if (taken < 0) {
    log::debug("grpc.connection_refused",
               {{"remote", remote_}, {"why", nghttp2_strerror(static_cast<int>(taken))}});
    nghttp2_session_terminate_session(http2_, NGHTTP2_PROTOCOL_ERROR);
    flush();
    return close();
  }
  drain();
  flush();
  if (!closed_) read();
}

// Lets nghttp2 write what it has and the socket takes.
void H2Session::flush() {
  while (!closed_ && !writing_) {
    in_library_ = true;
    const int result = nghttp2_session_send(http2_);
    in_library_ = false;
    if (result != 0) return close();
    if (out_.empty()) break;
    if (!write_out()) return;
  }
  if (!closed_ && !writing_ && nghttp2_session_want_read(http2_) == 0 &&
      nghttp2_session_want_write(http2_) == 0) {
    close();
  }
}

bool H2Session::write_out() {
  std::swap(out_, sending_);
  out_.clear();
  if (out_.capacity() > kKeptBuffer) out_ = std::string();
  sent_ = 0;
  progress_ns_ = now_ns();
  if (!tls_) {
    error_code ec;
    while (sent_ < sending_.size()) {
      sent_ +=
          socket_.write_some(asio::buffer(sending_.data() + sent_, sending_.size() - sent_), ec);
      if (ec == asio::error::would_block) break;
      if (ec) {
        close();
        return false;
      }
    }
    if (sent_ == sending_.size()) return true;
  }
  writing_ = true;
  auto on_written = [self = shared_from_this()](error_code ec, std::size_t size) {
    self->writing_ = false;
    if (self->closed_) return;
    if (ec) return self->close();
    self->sent_ += size;
    self->progress_ns_ = now_ns();
    self->flush();
  };
  const auto rest = asio::buffer(sending_.data() + sent_, sending_.size() - sent_);
  if (tls_) {
    asio::async_write(*tls_, rest, std::move(on_written));
  } else {
    asio::async_write(socket_, rest, std::move(on_written));
  }
  return false;
}

void H2Session::close() {
  if (closed_) return;
  closed_ = true;
  error_code ec;
  socket_.close(ec);
  loop_->sessions.erase(this);
  auto streams = std::move(streams_);
  streams_.clear();
  for (auto& [id, stream] : streams) {
    stream->cancelled = true;
    stream->sink.reset();
    if (stream->head_done && !stream->ended) stream->status = {GrpcCode::cancelled, {}};
    report(*stream);
  }
}

void H2Session::fail(std::string_view why) {
  log::warn("grpc.connection_ended", {{"remote", remote_}, {"why", why}});
  nghttp2_session_terminate_session(http2_, NGHTTP2_ENHANCE_YOUR_CALM);
}

void H2Session::check(std::int64_t now) {
  if (closed_) return;
  const auto& limits = shared_.options;
  if (!opened_ && now - began_ns_ > limits.header_timeout_ms * kMs) return close();
  if (opened_ && streams_.empty() && now - received_ns_ > options_.idle_timeout_ms * kMs) {
    return close_if_idle();
  }
  if (writing_ && now - progress_ns_ > limits.body_timeout_ms * kMs) return close();
  std::vector<std::shared_ptr<H2Stream>> late;
  for (const auto& [id, stream] : streams_) {
    const bool stalled =
        !stream->input_ended && (!stream->head_done || stream->reader.in_message()) &&
        now - stream->progress_ns >
            (stream->head_done ? limits.body_timeout_ms : limits.header_timeout_ms) * kMs;
    const bool expired = stream->deadline_ns != 0 && now > stream->deadline_ns && !stream->ended;
    if (stalled || expired) late.push_back(stream);
  }
  if (late.empty()) return;
  for (const auto& stream : late) {
    stream->cancelled = true;
    if (stream->head_done) {
      finish(*stream, {GrpcCode::deadline_exceeded, "the time that the client gave ran out"});
    } else {
      nghttp2_submit_rst_stream(http2_, NGHTTP2_FLAG_NONE, stream->id, NGHTTP2_CANCEL);
    }
  }
  flush();
}

void H2Session::close_if_idle() {
  if (closed_ || http2_ == nullptr) return close();
  const auto last = nghttp2_session_get_last_proc_stream_id(http2_);
  nghttp2_submit_goaway(http2_, NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR, nullptr, 0);
  for (const auto& [id, stream] : streams_) {  // a stream that waits for its client may wait long
    if (stream->sink != nullptr && stream->unanswered == 0) {
      finish(*stream, {GrpcCode::unavailable, "the server is shutting down"});
    }
  }
  flush();
  if (!closed_ && streams_.empty() && !writing_) close();
}

void H2Session::close_now() {
  close();
}

void H2Session::deliver(H2Outcome outcome) {
  if (loop_->is_this_thread() && in_library_) return apply(std::move(outcome));
  {
    const std::lock_guard lock(inbox_mutex_);
    inbox_.push_back(std::move(outcome));
    if (woken_) return;
    woken_ = true;
  }
  auto write = [self = shared_from_this()] {
    self->drain();
    if (!self->closed_) self->flush();
  };
  if (loop_->is_this_thread()) {
    asio::post(loop_->context, std::move(write));
  } else {
    loop_->post(std::move(write));
  }
}

void H2Session::drain() {
  {
    const std::lock_guard lock(inbox_mutex_);
    taken_.swap(inbox_);
    woken_ = false;
  }
  for (auto& outcome : taken_) apply(std::move(outcome));
  taken_.clear();
}

}  // namespace slipway::net
