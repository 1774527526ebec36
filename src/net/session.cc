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
    turn.exchange.reset();
    self->keep(std::move(turn.request));
  }
  auto finishing = self->finish(!self->peer_gone_);
  co_await std::move(finishing);
  self->loop_->sessions.erase(self.get());
}

// For the next one, unless it was large: idle connections are many.
void Session::keep(std::shared_ptr<Request> request) {
  if (request->body.capacity() > kKept || buffer_.size() > kSmallBuffer) return;
  last_request_ = std::move(request);
}

// The last one again, unless somebody still looks at it.
std::shared_ptr<Request> Session::next_request() {
  auto request = std::move(last_request_);
  if (request == nullptr || request.use_count() != 1) return make_recycled<Request>();
  // Sees all that the others did before they let go of it.
  [[maybe_unused]] const auto after_the_others = std::shared_ptr<Request>(request);
  request->reset();
  return request;
}

// At the end of a round an answer is written at once. Elsewhere who answers may hold a lock that
// the next request of this connection wants: it goes on when the thread is free.
void Session::wake() {
  if (!loop_->is_this_thread()) {
    loop_->post([self = shared_from_this()] { self->notify(); });
  } else if (!resume_) {
    notify();
  } else if (loop_->begin_resuming()) {
    const auto loop = loop_;
    notify();
    loop->end_resuming();
  } else {
    notify_later();
  }
}

// Who waits goes on at once, before this returns.
void Session::notify() {
  if (resume_) {
    auto resume = *std::move(resume_);
    resume_.reset();
    std::move(resume)();
  } else if (phase_ == Phase::upload && exchange_ && exchange_->answered()) {
    error_code ec;
    socket_.cancel(ec);  // answered before the body was whole: read no more of it
  }
}

void Session::notify_later() {
  asio::post(loop_->context, [self = shared_from_this()] { self->notify(); });
}

awaitable<void> Session::wait() {
  auto waiting = asio::async_initiate<const asio::use_awaitable_t<>, void()>(
      [this](Resume resume) {
        if (!abandoned_) resume_.emplace(std::move(resume));
      },
      asio::use_awaitable);
  co_await std::move(waiting);
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
      notify_later();
    }
  }
}

void Session::close_if_idle() {
  const auto self = shared_from_this();
  error_code ec;
  if (phase_ == Phase::idle) socket_.cancel(ec);
  if (phase_ == Phase::streaming && exchange_) exchange_->stream()->close();
}

void Session::close_now() {
  error_code ec;
  socket_.close(ec);
  notify_later();
}

// The coroutine that waits holds the connection, which holds it: who waits from now on ends.
void Session::abandon() {
  abandoned_ = true;
  resume_.reset();
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
  set_request_id(request.request_id, request.headers.get("x-request-id"));
  if (auto split = split_target(request); !split) return split.error();
  auto match = shared_.router.match(request.method, raw_path(request.target));
  if (match.method_mismatch) {
    status = 405;
    request.path_params.emplace_back("allow", match.allowed);
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
    request.body.swap(parser_.body());
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
      make_recycled<Exchange>(weak_from_this(), turn.request, shared_.options.gzip);
  if (turn.route->streams_body) {
    auto uploading = upload(turn);
    co_await std::move(uploading);
  } else {
    dispatch(turn);
  }
  phase_ = Phase::handling;
  deadline_ns_ = 0;
  while (!turn.exchange->answered()) {
    auto waiting = wait();
    co_await std::move(waiting);
  }
  if (!parser_.done()) turn.keep_alive = false;
  auto response = turn.exchange->take_response();
  if (turn.exchange->stream()) {
    auto streaming = write_stream(turn, response);
    co_return co_await std::move(streaming);
  }
  Unwritten rest;
  if (write_at_once(turn, response, rest)) co_return turn.keep_alive;
  auto writing = write_rest(turn, std::move(response), rest.size());
  co_return co_await std::move(writing);
}

// Hands the body to the handler while it comes.
awaitable<void> Session::upload(Turn& turn) {
  auto inflow = std::make_shared<Inflow>(weak_from_this());
  turn.request->source = inflow;
  const auto encoding = turn.request->headers.get("content-encoding");
  if (!encoding.empty() && encoding != "identity") {
    turn.request->source = decompressing(inflow);
  }
  dispatch(turn);
  auto taking = take_upload(turn, inflow);
  co_await std::move(taking);
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
    const auto call = [&] { route.async(request, reply); };
    if (request->body.size() <= route.inline_limit)
      return guarded(exchange, *request, router, call);
    work = [&route, &router, request, exchange, reply] {
      guarded(exchange, *request, router, [&] { route.async(request, reply); });
    };
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

}  // namespace slipway::net
