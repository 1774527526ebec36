// SPDX-License-Identifier: Apache-2.0
#include "h2_callbacks.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string>

#include <nghttp2/nghttp2.h>

#include "base/clock.h"
#include "base/recycle.h"
#include "h2_session.h"

namespace slipway::net {
namespace {

constexpr std::size_t kOutBound = 256 << 10;
constexpr std::uint32_t kFrameSize = 256 << 10;
constexpr double kReset = 4;  // against the ping's 1

H2Session& session_of(void* data) {
  return *static_cast<H2Session*>(data);
}

std::string_view text_of(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

nghttp2_nv field(std::string_view name, std::string_view value, bool fixed) {
  const std::uint8_t flags = NGHTTP2_NV_FLAG_NO_COPY_NAME |
                             (fixed ? NGHTTP2_NV_FLAG_NO_COPY_VALUE : NGHTTP2_NV_FLAG_NO_INDEX);
  return {reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
          reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), name.size(),
          value.size(), flags};
}

// grpc-message: everything but printable ASCII is percent-encoded.
std::string encoded(std::string_view message) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  constexpr std::size_t kMost = 4096;
  std::string out;
  for (const char c : message.substr(0, kMost)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f && c != '%') {
      out += c;
    } else {
      out += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return out;
}

constexpr std::string_view kCodes[] = {"0", "1",  "2",  "3",  "4",  "5",  "6",  "7", "8",
                                       "9", "10", "11", "12", "13", "14", "15", "16"};

// The status as trailers; `message` must outlive the call of nghttp2.
std::size_t put_status(const H2Stream& stream, const std::string& message,
                       std::array<nghttp2_nv, 8>& fields, std::size_t n) {
  fields[n++] = field("grpc-status", kCodes[static_cast<std::size_t>(stream.status.code)], true);
  if (!message.empty()) fields[n++] = field("grpc-message", message, false);
  return n;
}

std::size_t put_head(const H2Stream& stream, std::array<nghttp2_nv, 8>& fields) {
  std::size_t n = 0;
  fields[n++] = field(":status", "200", true);
  fields[n++] = field("content-type", "application/grpc", true);
  fields[n++] = field("grpc-accept-encoding", "identity,deflate,gzip", true);
  if (stream.answer_encoding != Encoding::identity) {
    fields[n++] = field("grpc-encoding", name_of(stream.answer_encoding), true);
  }
  fields[n++] = field("x-request-id", stream.request.request_id, false);
  if (!stream.request.traceparent.empty()) {
    fields[n++] = field("traceparent", stream.request.traceparent, false);
  }
  return n;
}

std::size_t waiting(const H2Stream& stream) {
  std::size_t size = 0;
  for (const auto& message : stream.out) size += message.left();
  return size;
}

ssize_t read_answer(nghttp2_session* http2, std::int32_t id, std::uint8_t*, std::size_t length,
                    std::uint32_t* flags, nghttp2_data_source* source, void*) {
  auto& stream = *static_cast<H2Stream*>(source->ptr);
  const auto size = waiting(stream);
  if (size == 0 && !stream.ended) {
    stream.deferred = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  const auto n = std::min(size, length);
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (n == size && stream.ended) {
    *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
    std::array<nghttp2_nv, 8> fields;
    const auto message = encoded(stream.status.message);
    const auto count = put_status(stream, message, fields, 0);
    if (nghttp2_submit_trailer(http2, id, fields.data(), count) != 0) {
      return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
  }
  return static_cast<ssize_t>(n);
}

}  // namespace

int submit_answer(nghttp2_session* http2, H2Stream& stream) {
  std::array<nghttp2_nv, 8> fields;
  const auto count = put_head(stream, fields);
  nghttp2_data_provider provider{.source = {.ptr = &stream}, .read_callback = read_answer};
  return nghttp2_submit_response(http2, stream.id, fields.data(), count, &provider);
}

int submit_status(nghttp2_session* http2, const H2Stream& stream) {
  std::array<nghttp2_nv, 8> fields;
  const auto message = encoded(stream.status.message);
  const auto count = put_status(stream, message, fields, put_head(stream, fields));
  return nghttp2_submit_response(http2, stream.id, fields.data(), count, nullptr);
}

// What nghttp2 calls. Each answers 0, or an error of nghttp2.
struct H2Callbacks {
  static ssize_t send(nghttp2_session*, const std::uint8_t* data, std::size_t length, int,
                      void* user) {
    auto& session = session_of(user);
    if (session.out_.size() >= kOutBound) return NGHTTP2_ERR_WOULDBLOCK;
    session.out_.append(text_of(data, length));
    return static_cast<ssize_t>(length);
  }

  static int send_data(nghttp2_session*, nghttp2_frame*, const std::uint8_t* head,
                       std::size_t length, nghttp2_data_source* source, void* user) {
    constexpr std::size_t kHead = 9;
    auto& session = session_of(user);
    if (session.out_.size() >= kOutBound) return NGHTTP2_ERR_WOULDBLOCK;
    auto& stream = *static_cast<H2Stream*>(source->ptr);
    session.out_.append(text_of(head, kHead));
    while (length > 0 && !stream.out.empty()) {
      auto& message = stream.out.front();
      const auto n = std::min(length, message.left());
      message.move_to(session.out_, n);
      length -= n;
      if (message.left() == 0) {
        give_text(message.take_body());
        stream.out.pop_front();
      }
    }
    return 0;
  }

  static int begin_headers(nghttp2_session* http2, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    auto& session = session_of(user);
    const auto id = frame->hd.stream_id;
    auto stream = session.make_stream(id);
    nghttp2_session_set_stream_user_data(http2, id, stream.get());
    session.streams_.emplace(id, std::move(stream));
    return 0;
  }

  static int header(nghttp2_session* http2, const nghttp2_frame* frame, const std::uint8_t* name,
                    std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                    std::uint8_t, void* user) {
    auto* stream =
        static_cast<H2Stream*>(nghttp2_session_get_stream_user_data(http2, frame->hd.stream_id));
    if (stream == nullptr || stream->head_done) return 0;  // trailers of a client mean nothing
    constexpr std::size_t kPerField = 32;                  // as HTTP/2 counts
    stream->header_bytes += name_size + value_size + kPerField;
    if (stream->header_bytes > session_of(user).options_.header_limit) {
      return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    const auto key = text_of(name, name_size);
    const auto text = text_of(value, value_size);
    auto& request = stream->request;
    if (key == ":path") {
      request.target = request.path = text;
    } else if (key == ":method") {
      if (text == "POST") request.method = Method::post;
    } else if (key == "content-type") {
      stream->is_grpc = text.starts_with("application/grpc");
    } else if (!key.starts_with(':')) {
      request.headers.add(key, text);
    }
    return 0;
  }

  static int frame_received(nghttp2_session* http2, const nghttp2_frame* frame, void* user) {
    auto& session = session_of(user);
    const bool ends = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    switch (frame->hd.type) {
      case NGHTTP2_HEADERS:
      case NGHTTP2_DATA: {
        auto* stream = static_cast<H2Stream*>(
            nghttp2_session_get_stream_user_data(http2, frame->hd.stream_id));
        const bool empty = frame->hd.type == NGHTTP2_DATA && frame->hd.length == 0 && !ends;
        if (empty) return charge(session, 1);
        if (stream == nullptr) return 0;
        if (frame->hd.type == NGHTTP2_HEADERS && !stream->head_done) session.head_complete(*stream);
        if (ends) session.input_ended(*stream);
        return 0;
      }
      case NGHTTP2_WINDOW_UPDATE:
        return charge(session, 1.0 / 16);
      case NGHTTP2_RST_STREAM:
        return charge(session, kReset);
      default:
        return charge(session, 1);
    }
  }

  static int charge(H2Session& session, double cost) {
    if (!session.gate_.admit(cost, system_clock().monotonic_ns())) {
      session.fail("it sends more control frames than calls need");
    }
    return 0;
  }

  static int data(nghttp2_session* http2, std::uint8_t, std::int32_t id, const std::uint8_t* bytes,
                  std::size_t size, void* user) {
    auto& session = session_of(user);
    auto* stream = static_cast<H2Stream*>(nghttp2_session_get_stream_user_data(http2, id));
    if (stream == nullptr) return nghttp2_session_consume(http2, id, size);
    session.data(*stream, text_of(bytes, size));
    return 0;
  }

  static int frame_sent(nghttp2_session* http2, const nghttp2_frame* frame, void*) {
    // Answered before the client had said everything: it need not go on.
    if (frame->hd.type == NGHTTP2_HEADERS && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0 &&
        nghttp2_session_get_stream_remote_close(http2, frame->hd.stream_id) == 0) {
      nghttp2_submit_rst_stream(http2, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_NO_ERROR);
    }
    return 0;
  }

  static int closed(nghttp2_session*, std::int32_t id, std::uint32_t, void* user) {
    session_of(user).forget(id);
    return 0;
  }
};

namespace {

// Each block tells its size before it begins, in as many bytes as keep what follows aligned.
constexpr std::size_t kBefore = alignof(std::max_align_t);

void* take(std::size_t size) {
  if (size > SIZE_MAX - kBefore) return nullptr;
  void* block = nullptr;
  try {
    block = take_block(size + kBefore);
  } catch (const std::bad_alloc&) {
    return nullptr;  // the library knows what to do
  }
  new (block) std::size_t(size);
  return static_cast<char*>(block) + kBefore;
}

std::size_t size_of(void* bytes) {
  return *reinterpret_cast<std::size_t*>(static_cast<char*>(bytes) - kBefore);
}

void give(void* bytes) {
  if (bytes != nullptr) give_block(static_cast<char*>(bytes) - kBefore, size_of(bytes) + kBefore);
}

void* take_anew(void* bytes, std::size_t size) {
  if (bytes != nullptr && size <= size_of(bytes)) return bytes;
  void* more = take(size);
  if (more == nullptr || bytes == nullptr) return more;
  std::memcpy(more, bytes, size_of(bytes));
  give(bytes);
  return more;
}

// The library asks for some ten blocks a call.
nghttp2_mem recycled_memory() {
  return {.mem_user_data = nullptr,
          .malloc = [](std::size_t size, void*) { return take(size); },
          .free = [](void* bytes, void*) { give(bytes); },
          .calloc = [](std::size_t count, std::size_t size, void*) -> void* {
            if (size != 0 && count > SIZE_MAX / size) return nullptr;
            void* bytes = take(count * size);
            if (bytes != nullptr) std::memset(bytes, 0, count * size);
            return bytes;
          },
          .realloc = [](void* bytes, std::size_t size, void*) { return take_anew(bytes, size); }};
}

}  // namespace

nghttp2_session* make_http2(const GrpcOptions& options, H2Session* session) {
  nghttp2_session_callbacks* callbacks = nullptr;
  if (nghttp2_session_callbacks_new(&callbacks) != 0) return nullptr;
  nghttp2_session_callbacks_set_send_callback(callbacks, H2Callbacks::send);
  nghttp2_session_callbacks_set_send_data_callback(callbacks, H2Callbacks::send_data);
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, H2Callbacks::begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, H2Callbacks::header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, H2Callbacks::frame_received);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, H2Callbacks::data);
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, H2Callbacks::frame_sent);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, H2Callbacks::closed);
  nghttp2_option* option = nullptr;
  nghttp2_session* http2 = nullptr;
  if (nghttp2_option_new(&option) == 0) {
    nghttp2_option_set_no_auto_window_update(option, 1);
    nghttp2_option_set_no_closed_streams(option, 1);  // they tell nothing, and are many
    // The library's own bound, 33 resets a second, takes a client that gives up calls for a flood.
    nghttp2_option_set_stream_reset_rate_limit(option, FloodGate::kBurst, FloodGate::kPerSecond);
    auto memory = recycled_memory();
    if (nghttp2_session_server_new3(&http2, callbacks, session, option, &memory) != 0) {
      http2 = nullptr;
    }
  }
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);
  if (http2 == nullptr) return nullptr;
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, options.streams},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, options.stream_window},
      {NGHTTP2_SETTINGS_MAX_FRAME_SIZE, kFrameSize},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(options.header_limit)},
  };
  nghttp2_submit_settings(http2, NGHTTP2_FLAG_NONE, settings, std::size(settings));
  nghttp2_session_set_local_window_size(http2, NGHTTP2_FLAG_NONE, 0,
                                        static_cast<std::int32_t>(options.connection_window));
  return http2;
}

}  // namespace slipway::net
