// SPDX-License-Identifier: Apache-2.0
#include "fetch/datagram.h"

#include <cstring>

#include <netdb.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace slipway::fetch {
namespace {

constexpr std::string_view kUnix = "unix://";

int connected(int family, const sockaddr* address, socklen_t size) {
  const int out = ::socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (out >= 0 && ::connect(out, address, size) == 0) return out;
  if (out >= 0) ::close(out);
  return -1;
}

Result<int> open_local(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    return invalid("'" + path + "' is no path of a socket");
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const int out = connected(AF_UNIX, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  if (out < 0) return unavailable("nobody listens at '" + path + "'");
  return out;
}

}  // namespace

Result<std::unique_ptr<Datagrams>> Datagrams::open(const std::string& address) {
  if (address.starts_with(kUnix)) {
    SW_TRY(const int local, open_local(address.substr(kUnix.size())));
    return std::unique_ptr<Datagrams>(new Datagrams(local));
  }
  const auto colon = address.rfind(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == address.size()) {
    return invalid("'" + address + "' is not HOST:PORT", "127.0.0.1:8125, or unix:///PATH");
  }
  auto host = address.substr(0, colon);
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), address.c_str() + colon + 1, &hints, &found) != 0) {
    return invalid("'" + address + "' is not known", "127.0.0.1:8125, or unix:///PATH");
  }
  int out = -1;
  for (const auto* at = found; at != nullptr && out < 0; at = at->ai_next) {
    out = connected(at->ai_family, at->ai_addr, at->ai_addrlen);
  }
  ::freeaddrinfo(found);
  if (out < 0) return unavailable("'" + address + "' cannot be reached");
  return std::unique_ptr<Datagrams>(new Datagrams(out));
}

Datagrams::~Datagrams() {
  ::close(socket_);
}

bool Datagrams::send(std::string_view bytes) const {
  return ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
         static_cast<ssize_t>(bytes.size());
}

}  // namespace slipway::fetch
