// SPDX-License-Identifier: Apache-2.0
// The calls of a gRPC connection: from their head over their messages to their status.
#include <algorithm>
#include <utility>

#include <nghttp2/nghttp2.h>

#include "base/clock.h"
#include "base/log.h"
#include "compress.h"
#include "h2_callbacks.h"
#include "h2_session.h"
#include "head.h"

namespace slipway::net {
namespace {

std::int64_t now_ns() {
  return system_clock().monotonic_ns();
}

constexpr std::string_view kDefect = "the call met a defect of the server";

// The one catch-all of a call: an exception that gets here is a defect. False: there was one.
template <class Call>
bool guarded(const Request& request, Call&& call) {
  std::string what = "unknown";
  try {
    call();
    return true;
  } catch (const std::exception& defect) {
    what = defect.what();
  } catch (...) {
  }
  log::error("grpc.handler_threw",
             {{"path", request.path}, {"request_id", request.request_id}, {"message", what}});
  return false;
}

}  // namespace

std::shared_ptr<H2Stream> H2Session::find(std::int32_t id) const {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : found->second;
}

void H2Session::head_complete(H2Stream& stream) {
  stream.head_done = true;
  auto& request = stream.request;
  request.remote = remote_;
  set_request_id(request.request_id, request.headers.get("x-request-id"));
  if (request.method != Method::post) return refuse_http(stream, 405);
  if (!stream.is_grpc) return refuse_http(stream, 415);
  if (auto refused = admit(stream)) return finish(stream, *std::move(refused));
  if (stream.method->stream) stream.sink = stream.method->stream(call_of(find(stream.id)));
}

// Whether the call may go on; its method, encodings and deadline.
std::optional<GrpcStatus> H2Session::admit(H2Stream& stream) {
  auto& request = stream.request;
  stream.method = shared_.grpc->find(request.path);
  if (stream.method == nullptr) {
    return GrpcStatus{GrpcCode::unimplemented,
                      "there is no method '" + request.path.substr(0, 200) + "'"};
  }
  const auto encoding = parse_encoding(request.headers.get("grpc-encoding"));
  if (!encoding) {
    return GrpcStatus{GrpcCode::unimplemented, "grpc-encoding must be gzip, deflate or identity"};
  }
  stream.request_encoding = *encoding;
  if (accepts(request.headers.get("grpc-accept-encoding"), *encoding)) {
    stream.answer_encoding = *encoding;
  }
  if (const auto text = request.headers.get("grpc-timeout"); !text.empty()) {
    const auto timeout = parse_grpc_timeout(text);
    if (!timeout) {
      return GrpcStatus{GrpcCode::invalid_argument, "grpc-timeout is malformed"};
    }
    stream.deadline_ns = request.received_ns + std::max<std::int64_t>(*timeout, 1);
  }
  if (shared_.grpc_middleware.before) {
    if (auto allowed = shared_.grpc_middleware.before(request, *stream.method); !allowed) {
      return status_of(allowed.error());
    }
  }
  return std::nullopt;
}

void H2Session::data(H2Stream& stream, std::string_view bytes) {
  nghttp2_session_consume_connection(http2_, bytes.size());
  stream.withheld += bytes.size();
  stream.progress_ns = now_ns();
  while (!bytes.empty() && !stream.ended && !stream.input_ended) {
    held_ -= stream.reader.held();
    auto whole = stream.reader.take(bytes, options_.message_limit);
    held_ += stream.reader.held();
    if (!whole) {
      finish(stream, status_of(whole.error()));
      break;
    }
    if (held_ > options_.connection_memory) {
      finish(stream, {GrpcCode::resource_exhausted,
                      "the connection sends too many large messages at once"});
      break;
    }
    if (*whole) take_message(stream, **std::move(whole));
  }
  give_back_window(stream);
}

void H2Session::take_message(H2Stream& stream, MessageReader::Whole whole) {
  if (whole.compressed) {
    if (stream.request_encoding == Encoding::identity) {
      return finish(stream, {GrpcCode::internal, "a compressed message without grpc-encoding"});
    }
    auto bytes = decompress(whole.bytes, options_.message_limit);
    if (!bytes) return finish(stream, status_of(bytes.error()));
    // Again so that its end is aligned.
    MessageReader again;
    std::string prefix(5, '\0');
    for (std::size_t i = 0; i < 4; ++i) {
      prefix[i + 1] = static_cast<char>(bytes->size() >> (24 - 8 * i));
    }
    std::string_view head = prefix;
    std::string_view body = *bytes;
    auto copied = again.take(head, options_.message_limit);
    if (copied && !*copied) copied = again.take(body, options_.message_limit);
    if (!copied || !*copied) return finish(stream, {GrpcCode::internal, "decompression"});
    whole = **std::move(copied);
  }
  if (stream.sink != nullptr) {
    ++stream.unanswered;
    const auto sink = stream.sink;
    const bool well = guarded(stream.request, [&] {
      sink->message({whole.bytes, std::move(whole.block)});
    });
    if (!well) finish(stream, {GrpcCode::internal, std::string(kDefect)});
  } else if (stream.only) {
    finish(stream, {GrpcCode::unimplemented, "the method takes one message"});
  } else {
    stream.only = std::move(whole);
  }
}

// A streaming call that is behind is not given more window, so that its client waits.
void H2Session::give_back_window(H2Stream& stream) {
  if (stream.withheld == 0 || stream.unanswered >= options_.stream_backlog) return;
  nghttp2_session_consume_stream(http2_, stream.id, stream.withheld);
  stream.withheld = 0;
}

void H2Session::input_ended(H2Stream& stream) {
  if (stream.input_ended) return;
  stream.input_ended = true;
  if (stream.ended || !stream.head_done || stream.method == nullptr) return;
  if (stream.reader.in_message()) {
    return finish(stream, {GrpcCode::internal, "the last message is not whole"});
  }
  if (const auto sink = stream.sink; sink != nullptr) return sink->end();
  if (!stream.only) return finish(stream, {GrpcCode::internal, "the message is missing"});
  GrpcMessage message{stream.only->bytes, std::move(stream.only->block)};
  stream.only.reset();
  dispatch(stream, std::move(message));
}

void H2Session::dispatch(H2Stream& stream, GrpcMessage message) {
  auto shared = find(stream.id);
  if (stream.method->unary) {
    const bool well =
        guarded(stream.request, [&] { stream.method->unary(std::move(message), call_of(shared)); });
    if (!well) finish(stream, {GrpcCode::internal, std::string(kDefect)});
    return;
  }
  auto call = call_of(shared);
  const bool taken = shared_.workers.post([shared, call, message] {
    const bool well = guarded(shared->request, [&] {
      auto answer = shared->method->plain(shared->request, message.bytes);
      if (answer) return call->answer(*std::move(answer));
      call->finish(status_of(answer.error()));
    });
    if (!well) call->finish({GrpcCode::internal, std::string(kDefect)});
  });
  if (!taken) {
    call->finish({GrpcCode::unavailable, "the server has more calls waiting than it takes"});
  }
}

// From the I/O thread; what the handler still says is not heard any more.
void H2Session::finish(H2Stream& stream, GrpcStatus status) {
  stream.finished = true;
  if (stream.ended) return;
  stream.ended = true;
  stream.status = std::move(status);
  stream.sink.reset();
  stream.only.reset();
  respond(stream);
}

void H2Session::apply(H2Outcome outcome) {
  auto& stream = *outcome.stream;
  if (closed_ || stream.ended || streams_.count(stream.id) == 0) return;
  if (outcome.message) {
    stream.out.emplace_back(*std::move(outcome.message), outcome.compressed);
    if (stream.unanswered > 0) --stream.unanswered;
    give_back_window(stream);
  }
  if (outcome.status) {
    stream.ended = true;
    stream.status = *std::move(outcome.status);
    stream.sink.reset();
  }
  respond(stream);
}

void H2Session::respond(H2Stream& stream) {
  if (!stream.responded) {
    if (stream.out.empty() && !stream.ended) return;
    stream.responded = true;
    const int result =
        stream.out.empty() ? submit_status(http2_, stream) : submit_answer(http2_, stream);
    if (result != 0) nghttp2_submit_rst_stream(http2_, NGHTTP2_FLAG_NONE, stream.id, result);
  } else if (stream.deferred) {
    stream.deferred = false;
    nghttp2_session_resume_data(http2_, stream.id);
  }
}

// What is no gRPC is answered in HTTP.
void H2Session::refuse_http(H2Stream& stream, int status) {
  stream.finished = stream.ended = stream.responded = true;
  stream.status = {GrpcCode::unknown, {}};
  const std::string text = std::to_string(status);
  const auto bytes = [](std::string_view in) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(in.data()));
  };
  constexpr std::string_view kName = ":status";
  const nghttp2_nv field{bytes(kName), bytes(text), kName.size(), text.size(),
                         NGHTTP2_NV_FLAG_NONE};
  nghttp2_submit_response(http2_, stream.id, &field, 1, nullptr);
}

void H2Session::forget(std::int32_t id) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  auto stream = std::move(found->second);
  streams_.erase(found);
  held_ -= stream->reader.held();
  if (!stream->ended || stream->finished == false || !stream->out.empty()) {
    stream->cancelled = true;
    if (!stream->ended) stream->status = {GrpcCode::cancelled, {}};
  }
  stream->sink.reset();
  report(*stream);
  keep(std::move(stream));
}

std::shared_ptr<H2Stream> H2Session::make_stream(std::int32_t id) {
  auto stream = make_recycled<H2Stream>(weak_from_this(), id);
  if (!spare_.empty()) {
    stream->request = std::move(spare_.back());
    spare_.pop_back();
  }
  stream->progress_ns = stream->request.received_ns = now_ns();
  return stream;
}

// The memory of its request, unless somebody still looks at it.
void H2Session::keep(std::shared_ptr<H2Stream> stream) {
  constexpr std::size_t kSpare = 16;
  constexpr std::size_t kKeptHead = 4 << 10;
  if (stream.use_count() != 1 || spare_.size() >= kSpare || stream->header_bytes > kKeptHead)
    return;
  // Sees all that the others did before they let go of it.
  [[maybe_unused]] const auto after_the_others = std::shared_ptr<H2Stream>(stream);
  stream->request.reset();
  spare_.push_back(std::move(stream->request));
}

void H2Session::report(H2Stream& stream) {
  if (stream.head_done && shared_.grpc_middleware.after) {
    shared_.grpc_middleware.after(stream.request, stream.method, stream.status.code,
                                  now_ns() - stream.request.received_ns);
  }
}

}  // namespace slipway::net
