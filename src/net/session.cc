// SPDX-License-Identifier: Apache-2.0
// The life of a connection: reading requests and having them handled. Writing is session_write.cc.
#include "session.h"

#include <algorithm>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "compress.h"
#include "head.h"
#include "target.h"

namespace slipway::net {
namespace {

constexpr std::size_t kSmallBuffer = 8 << 10;
constexpr std::size_t kLargeBuffer = 64 << 10;

std::int64_t now_ns() {
  return system_clock().monotonic_ns();
}

Error nothing_at(const Request& request) {
  return not_found("there is nothing at '" + request.path + "'");
}

}  // namespace

Session::Session(std::shared_ptr<Loop> loop, Tcp::socket socket)
    : loop_(std::move(loop)),
      shared_(*loop_->shared),
      socket_(std::move(socket)),
      event_(loop_->context, asio::steady_timer::time_point::max()),
      parser_(shared_.options.header_limit) {
  error_code ec;
  socket_.set_option(Tcp::no_delay(true), ec);
  const auto peer = socket_.remote_endpoint(ec);
  if (!ec) remote_ = peer.address().to_string();
  if (shared_.tls) tls_.emplace(socket_, *shared_.tls);
  buffer_.resize(kSmallBuffer);
  loop_->sessions.insert(this);
}

Session::~Session() {
  shared_.connections.fetch_sub(1);
}

awaitable<void> Session::run(std::shared_ptr<Session> self) {
  bool open = true;
  if (self->tls_) {
    auto shaking = self->handshake();
    open = co_await std::move(shaking);
  }
  while (open) {
    Turn turn;
    auto reading = self->read_head(turn);
    open = co_await std::move(reading);
    if (!open) break;
    auto answering = self->answer(turn);
    open = co_await std::move(answering);
    self->exchange_.reset();
    if (turn.began_ns != 0 && self->shared_.middleware.after) {
      const auto took = now_ns() - turn.began_ns;
      self->shared_.middleware.after(*turn.request, turn.route, turn.status, took);
    }
  }
  auto finishing = self->finish(!self->peer_gone_);
  co_await std::move(finishing);
  self->loop_->sessions.erase(self.get());
}

void Session::wake() {
  if (loop_->is_this_thread()) return notify();
  loop_->post([self = shared_from_this()] { self->notify(); });
}

void Session::notify() {
  if (waiting_) {
    event_.cancel();
  } else if (phase_ == Phase::upload && exchange_ && exchange_->answered()) {
    error_code ec;
    socket_.cancel(ec);  // answered before the body was whole: read no more of it
  }
}

awaitable<void> Session::wait() {
  error_code ec;
  waiting_ = true;
  auto waiting = event_.async_wait(asio::redirect_error(asio::use_awaitable, ec));
  co_await std::move(waiting);
  waiting_ = false;
}

void Session::expire_in(int ms) {
  deadline_ns_ = now_ns() + ms * 1'000'000LL;
}

void Session::check(std::int64_t now) {
  if (deadline_ns_ != 0 && now >= deadline_ns_) {
    deadline_ns_ = 0;
    timed_out_ = true;
    error_code ec;
    socket_.cancel(ec);
    return;
  }
  if (phase_ != Phase::handling && phase_ != Phase::streaming) return;
  char byte = 0;
  const auto got = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) {
    if (peer_gone_ || !exchange_) return;
    peer_gone_ = true;
    exchange_->cancel();
    if (phase_ == Phase::streaming) {
      exchange_->stream()->client_gone();
      notify();
    }
  }
}

void Session::close_if_idle() {
  error_code ec;
  if (phase_ == Phase::idle) socket_.cancel(ec);
  if (phase_ == Phase::streaming && exchange_) exchange_->stream()->close();
}

void Session::close_now() {
  error_code ec;
  socket_.close(ec);
  notify();
}

awaitable<bool> Session::handshake() {
  error_code ec;
  expire_in(shared_.options.header_timeout_ms);
  auto shaking = tls_->async_handshake(asio::ssl::stream_base::server,
                                       asio::redirect_error(asio::use_awaitable, ec));
  co_await std::move(shaking);
  deadline_ns_ = 0;
  peer_gone_ = static_cast<bool>(ec);
  co_return !ec;
}

awaitable<bool> Session::fill() {
  if (begin_ == end_) begin_ = end_ = 0;
  if (end_ == buffer_.size()) {
    if (begin_ > 0) {
      buffer_.erase(0, begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    buffer_.resize(kLargeBuffer);
  }
  error_code ec;
  std::size_t got = 0;
  const auto room = asio::buffer(buffer_.data() + end_, buffer_.size() - end_);
  if (tls_) {
    auto reading = tls_->async_read_some(room, asio::redirect_error(asio::use_awaitable, ec));
    got = co_await std::move(reading);
  } else {
    auto reading = socket_.async_read_some(room, asio::redirect_error(asio::use_awaitable, ec));
    got = co_await std::move(reading);
  }
  end_ += got;
  if (got == 0 && ec != asio::error::operation_aborted) peer_gone_ = true;
  co_return got > 0;
}

awaitable<bool> Session::read_head(Turn& turn) {
  parser_.reset(*turn.request);
  if (begin_ == end_ && buffer_.size() > kSmallBuffer) {
    buffer_ = std::string(kSmallBuffer, '\0');
    begin_ = end_ = 0;
  }
  phase_ = begin_ == end_ ? Phase::idle : Phase::head;
  expire_in(phase_ == Phase::idle ? shared_.options.idle_timeout_ms
                                  : shared_.options.header_timeout_ms);
  Refusal refusal;
  while (!parser_.head_done()) {
    if (begin_ < end_) {
      const auto taken =
          parser_.put(std::string_view(buffer_).substr(begin_, end_ - begin_), refusal);
      begin_ += taken;
      if (refusal.status == 0 && taken == 0 && end_ - begin_ >= kLargeBuffer) {
        refusal = {431, "the head of the request is too large"};
      }
      if (refusal.status != 0) {
        auto refusing = refuse(turn, refusal.status, invalid(refusal.message));
        co_return co_await std::move(refusing);
      }
      if (taken > 0) continue;
    }
    if (phase_ == Phase::idle && shared_.stopping) co_return false;
    auto filling = fill();
    const bool more = co_await std::move(filling);
    if (!more) {
      if (phase_ == Phase::head && timed_out_) {
        auto refusing =
            refuse(turn, 408, {Code::deadline, "the head of the request took too long"});
        co_return co_await std::move(refusing);
      }
      co_return false;
    }
    if (phase_ == Phase::idle) {
      phase_ = Phase::head;
      expire_in(shared_.options.header_timeout_ms);
    }
  }
  deadline_ns_ = 0;
  co_return true;
}

// Answers what is not even a request, and ends the connection.
awaitable<bool> Session::refuse(Turn& turn, int status, Error error) {
  turn.request->protocol_status = status;
  turn.request->remote = remote_;
  if (turn.request->path.empty()) turn.request->path = raw_path(turn.request->target);
  turn.keep_alive = false;
  auto writing = write_answer(turn, shared_.router.render(*turn.request, error));
  co_await std::move(writing);
  co_return false;
}

// Fills in the request and finds its route. An error is what to answer at once, before the body.
std::optional<Error> Session::prepare(Turn& turn, int& status) {
  auto& request = *turn.request;
  turn.began_ns = request.received_ns = now_ns();
  turn.http_1_0 = parser_.is_http_1_0();
  turn.keep_alive = parser_.keep_alive();
  turn.head_only = request.method == Method::head;
  request.remote = remote_;
  request.request_id = request_id_of(request.headers.get("x-request-id"));
  if (auto split = split_target(request); !split) return split.error();
  auto match = shared_.router.match(request.method, raw_path(request.target));
  if (match.method_mismatch) {
    status = 405;
    request.path_params["allow"] = match.allowed;
    return Error{Code::unimplemented,
                 std::string(name_of(request.method)) + " is not offered at '" + request.path + "'",
                 "use " + match.allowed};
  }
  if (match.route == nullptr) return nothing_at(request);
  turn.route = match.route;
  request.path_params = std::move(match.params);
  if (!is_known_encoding(request.headers.get("content-encoding"))) {
    status = 415;
    return invalid("the content encoding '" + std::string(request.headers.get("content-encoding")) +
                       "' is not known here",
                   "use gzip, deflate or none");
  }
  if (shared_.middleware.before) {
    if (auto allowed = shared_.middleware.before(request, *turn.route); !allowed) {
      return allowed.error();
    }
  }
  if (!turn.route->streams_body && request.content_length.value_or(0) > turn.route->body_limit) {
    status = 413;
    return exhausted("the body of " + std::to_string(*request.content_length) +
                     " bytes is larger than the " + std::to_string(turn.route->body_limit) +
                     " that are taken here");
  }
  return std::nullopt;
}

awaitable<bool> Session::answer(Turn& turn) {
  int status = 0;
  auto problem = prepare(turn, status);
  if (!problem && !turn.route->streams_body && !parser_.done()) {
    auto reading = read_body(turn);
    const bool whole = co_await std::move(reading);
    if (!whole) co_return false;
  }
  if (!problem && !turn.route->streams_body) {
    auto& request = *turn.request;
    request.body = std::move(parser_.body());
    const auto encoding = request.headers.get("content-encoding");
    if (!encoding.empty() && encoding != "identity" && !request.body.empty()) {
      auto whole = decompress(request.body, turn.route->body_limit);
      if (!whole) {
        status = whole.error().code == Code::exhausted ? 413 : 400;
        problem = whole.error();
      } else {
        request.body = std::move(*whole);
      }
    }
  }
  if (problem) {
    turn.request->protocol_status = status;
    auto response = shared_.router.render(*turn.request, *problem);
    if (status == 405) response.headers.set("allow", turn.request->param("allow"));
    if (!parser_.done()) turn.keep_alive = false;
    auto writing = write_answer(turn, std::move(response));
    co_return co_await std::move(writing);
  }
  exchange_ = turn.exchange =
      std::make_shared<Exchange>(weak_from_this(), turn.request, shared_.options.gzip);
  auto handling = handle(turn);
  co_await std::move(handling);
  if (!parser_.done()) turn.keep_alive = false;
  auto response = turn.exchange->take_response();
  if (turn.exchange->stream()) {
    auto streaming = write_stream(turn, response);
    co_return co_await std::move(streaming);
  }
  auto writing = write_answer(turn, std::move(response));
  co_return co_await std::move(writing);
}

// Returns once there is an answer.
awaitable<void> Session::handle(Turn& turn) {
  if (turn.route->streams_body) {
    auto inflow = std::make_shared<Inflow>(weak_from_this());
    turn.request->source = inflow;
    const auto encoding = turn.request->headers.get("content-encoding");
    if (!encoding.empty() && encoding != "identity") {
      turn.request->source = decompressing(inflow);
    }
    dispatch(turn);
    auto taking = take_upload(turn, inflow);
    co_await std::move(taking);
  } else {
    dispatch(turn);
  }
  phase_ = Phase::handling;
  deadline_ns_ = 0;
  while (!turn.exchange->answered()) {
    auto waiting = wait();
    co_await std::move(waiting);
  }
}

namespace {

// The one catch-all of a request: an exception that gets here is a defect.
template <class Call>
void guarded(const std::shared_ptr<Exchange>& exchange, const Request& request,
             const Router& router, Call&& call) {
  std::string what = "unknown";
  try {
    return call();
  } catch (const std::exception& defect) {
    what = defect.what();
  } catch (...) {
  }
  log::error("net.handler_threw",
             {{"path", request.path}, {"request_id", request.request_id}, {"message", what}});
  if (!exchange->answered()) {
    exchange->answer(router.render(request, internal("the request met a defect of the server")),
                     nullptr);
  }
}

}  // namespace

void Session::dispatch(Turn& turn) {
  const auto& route = *turn.route;
  const auto& router = shared_.router;
  const std::shared_ptr<const Request> request = turn.request;
  const auto exchange = turn.exchange;
  std::function<void()> work;
  std::shared_ptr<Reply> reply;  // kept here: the last one dropped answers
  if (route.async) {
    reply = Exchange::reply(exchange);
    work = [&route, &router, request, exchange, reply] {
      guarded(exchange, *request, router, [&] { route.async(request, reply); });
    };
    if (request->body.size() <= route.inline_limit) return work();
  } else {
    work = [&route, &router, request, exchange] {
      guarded(exchange, *request, router,
              [&] { exchange->answer(route.handler(*request), nullptr); });
    };
  }
  Pool& pool = route.streams_body ? shared_.uploads : shared_.workers;
  if (!pool.post(std::move(work))) {
    auto response = router.render(
        *request, unavailable("the server has more requests waiting than it takes", "retry later"));
    response.headers.set("retry-after", "1");
    exchange->answer(std::move(response), nullptr);
  }
}

void Session::body_progress() {
  // Every byte buys a millisecond on top of the time that a pause may last: a body that trickles
  // in slower than about 1 kB/s is given up.
  const auto patience = shared_.options.body_timeout_ms * 1'000'000LL;
  const auto earned = static_cast<std::int64_t>(std::min<std::uint64_t>(body_bytes_, 1u << 31));
  deadline_ns_ = std::min(now_ns() + patience, body_began_ns_ + patience + earned * 1'000'000LL);
}

bool Session::parse_body(Refusal& refusal) {
  while (begin_ < end_ && !parser_.done()) {
    const auto taken =
        parser_.put(std::string_view(buffer_).substr(begin_, end_ - begin_), refusal);
    begin_ += taken;
    if (refusal.status == 0 && taken == 0 && end_ - begin_ >= kLargeBuffer) {
      refusal = {400, "a chunk header or trailer is too large"};
    }
    if (refusal.status != 0 || taken == 0) break;
  }
  return refusal.status == 0;
}

awaitable<bool> Session::send_continue() {
  if (!parser_.expects_continue() || begin_ < end_) co_return true;
  auto writing = write("HTTP/1.1 100 Continue\r\n\r\n", {});
  co_return co_await std::move(writing);
}

// The whole body into the parser. False when the connection is over.
awaitable<bool> Session::read_body(Turn& turn) {
  const auto limit = turn.route->body_limit;
  phase_ = Phase::body;
  body_began_ns_ = now_ns();
  body_bytes_ = 0;
  auto continuing = send_continue();
  const bool going = co_await std::move(continuing);
  if (!going) co_return false;
  const auto expected = turn.request->content_length.value_or(0);
  parser_.body().reserve(std::min<std::size_t>({expected, limit, 1u << 20}));
  Refusal refusal;
  while (true) {
    if (!parse_body(refusal)) {
      auto refusing = refuse(turn, refusal.status, invalid(refusal.message));
      co_return co_await std::move(refusing);
    }
    if (parser_.body().size() > limit) {
      auto refusing = refuse(turn, 413,
                             exhausted("the body is larger than the " + std::to_string(limit) +
                                       " bytes that are taken here"));
      co_return co_await std::move(refusing);
    }
    if (parser_.done()) break;
    body_bytes_ = parser_.body().size();
    body_progress();
    auto filling = fill();
    const bool more = co_await std::move(filling);
    if (more) continue;
    if (timed_out_) {
      auto refusing = refuse(turn, 408, {Code::deadline, "the body of the request took too long"});
      co_return co_await std::move(refusing);
    }
    co_return false;
  }
  deadline_ns_ = 0;
  co_return true;
}

// Hands the body to the handler while it arrives. False when it did not arrive whole.
awaitable<bool> Session::take_upload(Turn& turn, std::shared_ptr<Inflow> inflow) {
  phase_ = Phase::upload;
  body_began_ns_ = now_ns();
  body_bytes_ = 0;
  auto continuing = send_continue();
  const bool going = co_await std::move(continuing);
  if (!going) inflow->fail({Code::cancelled, "the client went away"});
  Refusal refusal;
  while (going && !parser_.done() && !turn.exchange->answered()) {
    if (inflow->full()) {
      deadline_ns_ = 0;
      const auto paused = now_ns();
      auto waiting = wait();
      co_await std::move(waiting);
      body_began_ns_ += now_ns() - paused;
      continue;
    }
    parse_body(refusal);
    inflow->push(parser_.body());
    body_bytes_ += parser_.body().size();
    parser_.body().clear();
    if (refusal.status != 0) {
      inflow->fail(invalid(refusal.message));
      co_return false;
    }
    if (parser_.done()) break;
    if (inflow->full()) continue;
    body_progress();
    auto filling = fill();
    const bool more = co_await std::move(filling);
    if (more || turn.exchange->answered()) continue;
    inflow->fail(timed_out_ ? Error{Code::deadline, "the body of the request took too long"}
                            : Error{Code::cancelled, "the client went away"});
    if (peer_gone_) turn.exchange->cancel();
    co_return false;
  }
  if (parser_.done()) inflow->finish();
  co_return parser_.done();
}

}  // namespace slipway::net
