// SPDX-License-Identifier: Apache-2.0
#include "channel.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <sys/socket.h>
#include <unistd.h>

namespace load {

Channel::~Channel() {
  if (socket_ >= 0) close(socket_);
}

bool Channel::open() {
  if (socket_ >= 0) close(socket_);
  socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(static_cast<std::uint16_t>(target_.port));
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (connect(socket_, reinterpret_cast<sockaddr*>(&at), sizeof(at)) != 0) return false;
  fcntl(socket_, F_SETFL, fcntl(socket_, F_GETFL) | O_NONBLOCK);
  out_.clear();
  sent_ = 0;
  busy_ = broken_ = false;
  begin();
  return true;
}

void Channel::start() {
  busy_ = true;
  submit();
  flush();
}

void Channel::flush() {
  while (sent_ < out_.size()) {
    const auto n = send(socket_, out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
      broken_ = true;
      return;
    }
    sent_ += static_cast<std::size_t>(n);
  }
  out_.clear();
  sent_ = 0;
}

Channel::Event Channel::ready() {
  static std::array<char, 256 << 10> part;
  flush();
  auto event = Event::nothing;
  while (!broken_) {
    const auto n = recv(socket_, part.data(), part.size(), 0);
    if (n < 0 && errno == EAGAIN) break;
    if (n <= 0) {
      broken_ = true;
      break;
    }
    const auto found = take(part.data(), static_cast<std::size_t>(n));
    if (found != Event::nothing) event = found;
    if (static_cast<std::size_t>(n) < part.size()) break;  // the socket tells when there is more
  }
  if (event != Event::nothing) busy_ = false;
  if (broken_ && event == Event::nothing) return Event::broken;
  return event;
}

namespace {

// Bodies are counted, not kept.
class Http : public Channel {
 public:
  using Channel::Channel;

 protected:
  void submit() override {
    head_.clear();
    in_body_ = false;
    out_ += target_.request;
  }

  Event take(const char* bytes, std::size_t size) override {
    if (in_body_) return body({bytes, size});
    head_.append(bytes, size);
    const auto end = head_.find("\r\n\r\n");
    if (end == std::string::npos) return Event::nothing;
    status_ = std::atoi(head_.c_str() + 9);
    read_fields(end);
    in_body_ = true;
    return body(std::string_view(head_).substr(end + 4));
  }

 private:
  void read_fields(std::size_t end) {
    chunked_ = false;
    left_ = 0;
    tail_.clear();
    std::size_t at = head_.find("\r\n");
    while (at < end) {
      const auto next = head_.find("\r\n", at + 2);
      const char* line = head_.c_str() + at + 2;
      if (strncasecmp(line, "content-length:", 15) == 0)
        left_ = std::strtoul(line + 15, nullptr, 10);
      if (strncasecmp(line, "transfer-encoding:", 18) == 0) chunked_ = true;
      at = next;
    }
  }

  Event body(std::string_view bytes) {
    if (chunked_) {
      tail_.append(bytes.substr(bytes.size() - std::min<std::size_t>(bytes.size(), 5)));
      if (tail_.size() > 5) tail_.erase(0, tail_.size() - 5);
      if (tail_ != "0\r\n\r\n") return Event::nothing;
    } else {
      left_ -= std::min(left_, bytes.size());
      if (left_ > 0) return Event::nothing;
    }
    if (status_ == 429) return Event::refused;
    return status_ == 200 ? Event::answered : Event::failed;
  }

  std::string head_;
  std::string tail_;  // the last bytes of a chunked body
  std::size_t left_ = 0;
  int status_ = 0;
  bool in_body_ = false;
  bool chunked_ = false;
};

class Grpc : public Channel {
 public:
  explicit Grpc(const Target& target) : Channel(target) {
    const auto size = static_cast<std::uint32_t>(target.request.size());
    message_ += '\0';
    for (int shift = 24; shift >= 0; shift -= 8) message_ += static_cast<char>(size >> shift);
    message_ += target.request;
    authority_ = "127.0.0.1:" + std::to_string(target.port);
  }
  ~Grpc() override { nghttp2_session_del(http2_); }

 protected:
  void begin() override {
    nghttp2_session_del(http2_);
    nghttp2_session_callbacks* calls = nullptr;
    nghttp2_session_callbacks_new(&calls);
    nghttp2_session_callbacks_set_on_header_callback(calls, on_header);
    nghttp2_session_callbacks_set_on_stream_close_callback(calls, on_close);
    nghttp2_session_client_new(&http2_, calls, this);
    nghttp2_session_callbacks_del(calls);
    const std::array<nghttp2_settings_entry, 2> settings{
        {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 24}, {NGHTTP2_SETTINGS_ENABLE_PUSH, 0}}};
    nghttp2_submit_settings(http2_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
    nghttp2_session_set_local_window_size(http2_, NGHTTP2_FLAG_NONE, 0, 1 << 30);
  }

  void submit() override {
    event_ = Event::nothing;
    status_ = -1;
    at_ = 0;
    const auto field = [](std::string_view name, std::string_view value) {
      return nghttp2_nv{reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
                        reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())),
                        name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
    };
    const std::array<nghttp2_nv, 6> fields{
        field(":method", "POST"),     field(":scheme", "http"),
        field(":path", target_.path), field(":authority", authority_),
        field("te", "trailers"),      field("content-type", "application/grpc"),
    };
    nghttp2_data_provider body{};
    body.read_callback = read_body;
    nghttp2_submit_request(http2_, nullptr, fields.data(), fields.size(), &body, nullptr);
    put_out();
  }

  Event take(const char* bytes, std::size_t size) override {
    const auto taken =
        nghttp2_session_mem_recv(http2_, reinterpret_cast<const std::uint8_t*>(bytes), size);
    if (taken < 0) broken_ = true;
    put_out();
    flush();
    return event_;
  }

 private:
  static int on_header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                       std::uint8_t, void* self) {
    const std::string_view key(reinterpret_cast<const char*>(name), name_size);
    const std::string_view text(reinterpret_cast<const char*>(value), value_size);
    if (key == "grpc-status")
      static_cast<Grpc*>(self)->status_ = std::atoi(std::string(text).c_str());
    return 0;
  }

  static int on_close(nghttp2_session*, std::int32_t, std::uint32_t, void* data) {
    auto& self = *static_cast<Grpc*>(data);
    constexpr int kExhausted = 8;
    self.event_ = self.status_ == 0            ? Event::answered
                  : self.status_ == kExhausted ? Event::refused
                                               : Event::failed;
    return 0;
  }

  static ssize_t read_body(nghttp2_session*, std::int32_t, std::uint8_t* into, std::size_t size,
                           std::uint32_t* flags, nghttp2_data_source*, void* data) {
    auto& self = *static_cast<Grpc*>(data);
    const auto n = std::min(size, self.message_.size() - self.at_);
    std::memcpy(into, self.message_.data() + self.at_, n);
    self.at_ += n;
    if (self.at_ == self.message_.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(n);
  }

  void put_out() {
    const std::uint8_t* bytes = nullptr;
    for (ssize_t n = 0; (n = nghttp2_session_mem_send(http2_, &bytes)) > 0;) {
      out_.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(n));
    }
  }

  nghttp2_session* http2_ = nullptr;
  std::string message_;
  std::string authority_;
  std::size_t at_ = 0;
  int status_ = -1;
  Event event_ = Event::nothing;
};

}  // namespace

std::unique_ptr<Channel> http_channel(const Target& target) {
  return std::make_unique<Http>(target);
}

std::unique_ptr<Channel> grpc_channel(const Target& target) {
  return std::make_unique<Grpc>(target);
}

}  // namespace load
