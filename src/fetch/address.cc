// SPDX-License-Identifier: Apache-2.0
#include "fetch/address.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

namespace slipway::fetch {
namespace {

struct Block {
  std::uint32_t first;
  int bits;
};
// IANA's special-purpose registry, and multicast.
constexpr Block kPrivate[] = {
    {0x00000000, 8},  {0x0A000000, 8},  {0x64400000, 10}, {0x7F000000, 8},  {0xA9FE0000, 16},
    {0xAC100000, 12}, {0xC0000000, 24}, {0xC0000200, 24}, {0xC0A80000, 16}, {0xC6120000, 15},
    {0xC6336400, 24}, {0xCB007100, 24}, {0xE0000000, 4},  {0xF0000000, 4}};

bool is_public_v4(std::uint32_t address) {
  for (const auto& block : kPrivate) {
    if ((address ^ block.first) >> (32 - block.bits) == 0) return false;
  }
  return true;
}

using Bytes = std::array<std::uint8_t, 16>;

std::uint32_t v4_at(const Bytes& bytes, std::size_t at) {
  return std::uint32_t{bytes[at]} << 24 | std::uint32_t{bytes[at + 1]} << 16 |
         std::uint32_t{bytes[at + 2]} << 8 | bytes[at + 3];
}

bool starts(const Bytes& bytes, std::initializer_list<std::uint8_t> with) {
  std::size_t i = 0;
  for (const auto byte : with) {
    if (bytes[i++] != byte) return false;
  }
  return true;
}

bool is_public_v6(const Bytes& bytes) {
  if (starts(bytes, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF})) {  // ::ffff:a.b.c.d
    return is_public_v4(v4_at(bytes, 12));
  }
  if (starts(bytes, {0x20, 0x02})) return is_public_v4(v4_at(bytes, 2));  // 6to4
  if (starts(bytes, {0x00, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0})) {  // NAT64
    return is_public_v4(v4_at(bytes, 12));
  }
  if ((bytes[0] & 0xE0) != 0x20) return false;  // all else that is global is 2000::/3
  const bool documentation = starts(bytes, {0x20, 0x01, 0x0D, 0xB8});
  const bool protocol = starts(bytes, {0x20, 0x01}) && (bytes[2] & 0xFE) == 0;  // 2001::/23
  return !documentation && !protocol;
}

}  // namespace

Result<std::string> host_of(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return invalid("'" + std::string(url) + "' is no URL");
  auto rest = url.substr(scheme + 3);
  rest = rest.substr(0, rest.find_first_of("/?#"));
  if (const auto user = rest.rfind('@'); user != std::string_view::npos)
    rest.remove_prefix(user + 1);
  for (const char c : rest) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == '\\' || c == 0x7F) {
      return invalid("the URL '" + std::string(url) + "' has a host that is none");
    }
  }
  if (rest.starts_with('[')) {
    rest = rest.substr(1, rest.find(']') == std::string_view::npos ? 0 : rest.find(']') - 1);
  } else {
    rest = rest.substr(0, rest.find(':'));
  }
  if (rest.empty()) return invalid("the URL '" + std::string(url) + "' must include a hostname");
  return std::string(rest);
}

bool is_public(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, address, sizeof(v4));
    return is_public_v4(ntohl(v4.sin_addr.s_addr));
  }
  if (address->sa_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, address, sizeof(v6));
    Bytes bytes{};
    std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
    return is_public_v6(bytes);
  }
  return false;
}

Result<void> check_public(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int code = ::getaddrinfo(host.c_str(), nullptr, &hints, &found); code != 0) {
    return invalid("cannot resolve the host '" + host + "': " + ::gai_strerror(code));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);
  for (const auto* each = found; each != nullptr; each = each->ai_next) {
    if (!is_public(each->ai_addr)) {
      return invalid("'" + host + "' resolves to an address that is not public",
                     "private addresses must be allowed by a setting");
    }
  }
  return {};
}

}  // namespace slipway::fetch
