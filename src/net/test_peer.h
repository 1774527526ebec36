// SPDX-License-Identifier: Apache-2.0
// A client for the tests that says exactly the bytes it is told to.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace slipway::net {

class Peer {
 public:
  explicit Peer(std::uint16_t port) {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0;
  }
  ~Peer() { ::close(socket_); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  bool connected() const { return connected_; }

  // False when the server has closed the connection.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto n = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }

  void end_sending() { ::shutdown(socket_, SHUT_WR); }

  // The next answer: head and body (chunks put together). Empty when there is none.
  std::string answer() {
    std::size_t head_end = std::string::npos;
    while ((head_end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!more()) return take(buffer_.size());
    }
    std::string head = take(head_end + 4);
    if (head.find("transfer-encoding: chunked") != std::string::npos) return head + chunks();
    const auto at = head.find("content-length: ");
    if (at == std::string::npos) return head;
    const auto length = std::strtoull(head.c_str() + at + 16, nullptr, 10);
    while (buffer_.size() < length && more()) {
    }
    return head + take(length);
  }

  // Everything until the server closes.
  std::string rest() {
    while (more()) {
    }
    return take(buffer_.size());
  }

  // Whether the server closes within the time.
  bool closed_within(int ms) {
    pollfd poll{.fd = socket_, .events = POLLIN, .revents = 0};
    while (::poll(&poll, 1, ms) > 0) {
      if (!more()) return true;
    }
    return false;
  }

  // Reads what is there, at most `size` bytes, waiting for the first.
  std::size_t read(char* into, std::size_t size) {
    const auto n = ::recv(socket_, into, size, 0);
    return n > 0 ? static_cast<std::size_t>(n) : 0;
  }

 private:
  bool more() {
    char bytes[65536];
    const auto n = ::recv(socket_, bytes, sizeof bytes, 0);
    if (n <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(n));
    return true;
  }

  std::string take(std::size_t n) {
    std::string out = buffer_.substr(0, n);
    buffer_.erase(0, n);
    return out;
  }

  std::string chunks() {
    std::string out;
    while (true) {
      std::size_t line = 0;
      while ((line = buffer_.find("\r\n")) == std::string::npos) {
        if (!more()) return out + "(cut)";
      }
      const auto size = std::strtoull(buffer_.c_str(), nullptr, 16);
      take(line + 2);
      while (buffer_.size() < size + 2) {
        if (!more()) return out + "(cut)";
      }
      out += take(size);
      take(2);
      if (size == 0) return out;
    }
  }

  int socket_ = -1;
  bool connected_ = false;
  std::string buffer_;
};

}  // namespace slipway::net
