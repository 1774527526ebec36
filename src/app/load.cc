// SPDX-License-Identifier: Apache-2.0
#include "app/load.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

namespace slipway::app {
namespace {

constexpr std::size_t kMaxAnswer = 256u << 20;
constexpr int kStallMs = 30'000;

Error broken(const std::string& what) {
  return unavailable("the server under test " + what + ": " + std::strerror(errno));
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return number_; }

 private:
  const int number_;
};

struct Connection {
  explicit Connection(int number) : socket(number) {}
  Descriptor socket;
  std::size_t sent = 0;
  std::string answer;
  std::size_t whole = 0;  // bytes of the answer; 0: not known yet
  std::int64_t began_ns = 0;
};

// The size of the head and its body once the head is there; 0 before.
Result<std::size_t> size_of(std::string_view answer) {
  const auto head = answer.find("\r\n\r\n");
  if (head == std::string_view::npos) return std::size_t{0};
  for (const auto line : split(answer.substr(0, head), '\n')) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    if (!equal_ignoring_case(trim(line.substr(0, colon)), "content-length")) continue;
    const auto length = parse_int(trim(line.substr(colon + 1)));
    if (!length || *length < 0 || static_cast<std::size_t>(*length) > kMaxAnswer) break;
    return head + 4 + static_cast<std::size_t>(*length);
  }
  return internal("an answer without a sound Content-Length");
}

class Generator {
 public:
  explicit Generator(const LoadAsk& ask) : ask_(ask), poll_(::epoll_create1(EPOLL_CLOEXEC)) {}

  Result<LoadSeen> run() {
    if (poll_.get() < 0) return broken("cannot be polled");
    for (std::size_t i = 0; i < ask_.connections; ++i) SW_CHECK_OK(connect());
    const auto begun = system_clock().monotonic_ns();
    counts_from_ = begun + static_cast<std::int64_t>(ask_.warm_up * 1e9);
    until_ = counts_from_ + static_cast<std::int64_t>(ask_.seconds * 1e9);
    for (auto& connection : connections_) SW_CHECK_OK(send(*connection));
    std::array<epoll_event, 256> events{};
    while (system_clock().monotonic_ns() < until_) {
      const int ready = ::epoll_wait(poll_.get(), events.data(), events.size(), kStallMs);
      if (ready < 0 && errno == EINTR) continue;
      if (ready < 0) return broken("cannot be polled");
      if (ready == 0) return unavailable("the server under test does not answer any more");
      for (int i = 0; i < ready; ++i) {
        SW_CHECK_OK(look(*static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr)));
      }
    }
    return summary();
  }

 private:
  Result<void> connect() {
    auto made = std::make_unique<Connection>(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int number = made->socket.get();
    if (number < 0) return broken("gets no connection");
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(ask_.port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(number, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
      return broken("cannot be reached");
    }
    const int on = 1;
    ::setsockopt(number, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_event event{.events = EPOLLIN, .data = {.ptr = made.get()}};
    if (::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, number, &event) != 0) {
      return broken("cannot be polled");
    }
    connections_.push_back(std::move(made));
    return {};
  }

  Result<void> send(Connection& to) {
    to.began_ns = system_clock().monotonic_ns();
    to.answer.clear();
    to.whole = 0;
    for (to.sent = 0; to.sent < ask_.request.size();) {
      const auto n = ::send(to.socket.get(), ask_.request.data() + to.sent,
                            ask_.request.size() - to.sent, MSG_NOSIGNAL);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return broken("takes no request");
      to.sent += static_cast<std::size_t>(n);
    }
    return {};
  }

  Result<void> look(Connection& from) {
    const auto n = ::recv(from.socket.get(), buffer_.data(), buffer_.size(), 0);
    if (n < 0 && errno == EINTR) return {};
    if (n < 0) return broken("answers nothing");
    if (n == 0) return unavailable("the server under test closed a connection");
    from.answer.append(buffer_.data(), static_cast<std::size_t>(n));
    if (from.whole == 0) {
      SW_TRY(from.whole, size_of(from.answer));
    }
    if (from.whole == 0 || from.answer.size() < from.whole) return {};
    count(from);
    return send(from);
  }

  void count(const Connection& from) {
    const auto now = system_clock().monotonic_ns();
    const bool fine = from.answer.starts_with("HTTP/1.1 200");
    if (!fine && seen_.why.empty()) {
      seen_.why = from.answer.substr(from.answer.find("\r\n\r\n") + 4, 500);
    }
    if (from.began_ns < counts_from_ || now > until_) return;
    if (!fine) {
      ++seen_.refused;
      return;
    }
    took_us_.push_back(static_cast<float>(now - from.began_ns) * 1e-3F);
  }

  LoadSeen summary() {
    std::sort(took_us_.begin(), took_us_.end());
    const auto at = [&](double share) {
      if (took_us_.empty()) return 0.0;
      const auto last = static_cast<double>(took_us_.size() - 1);
      return static_cast<double>(took_us_[static_cast<std::size_t>(last * share + 0.5)]) * 1e-3;
    };
    seen_.answers = took_us_.size();
    seen_.per_second = static_cast<double>(took_us_.size()) / ask_.seconds;
    seen_.p50_ms = at(0.5);
    seen_.p90_ms = at(0.9);
    seen_.p95_ms = at(0.95);
    seen_.p99_ms = at(0.99);
    seen_.p999_ms = at(0.999);
    seen_.max_ms = at(1);
    return std::move(seen_);
  }

  const LoadAsk& ask_;
  Descriptor poll_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<char> buffer_ = std::vector<char>(256 << 10);
  std::vector<float> took_us_;
  std::int64_t counts_from_ = 0;
  std::int64_t until_ = 0;
  LoadSeen seen_;
};

}  // namespace

Result<LoadSeen> put_under_load(const LoadAsk& ask) {
  return Generator(ask).run();
}

}  // namespace slipway::app
