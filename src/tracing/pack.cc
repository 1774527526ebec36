// SPDX-License-Identifier: Apache-2.0
#include "pack.h"

#include <cstdint>

#include <zlib.h>

namespace slipway::tracing {
namespace {

constexpr std::size_t kWorthIt = 256;  // bytes; below that compression gains nothing
constexpr std::size_t kHead = 5;       // the kind and the size before compression
constexpr std::size_t kLimit = 512u << 20;

}  // namespace

std::string pack(std::string_view text) {
  std::string out(1, '\0');
  if (text.size() >= kWorthIt) {
    uLongf size = compressBound(text.size());
    out.resize(kHead + size);
    const int code = compress2(reinterpret_cast<Bytef*>(out.data() + kHead), &size,
                               reinterpret_cast<const Bytef*>(text.data()), text.size(), 1);
    if (code == Z_OK && size + kHead < text.size()) {
      out.resize(kHead + size);
      out[0] = 1;
      for (std::size_t i = 0; i < 4; ++i) out[1 + i] = static_cast<char>(text.size() >> (8 * i));
      return out;
    }
    out.assign(1, '\0');
  }
  return out += text;
}

Result<std::string> unpack(std::string_view bytes) {
  const Error damaged{Code::data_loss, "the body of a span is damaged", "restore a backup"};
  if (bytes.empty()) return damaged;
  if (bytes[0] == 0) return std::string(bytes.substr(1));
  if (bytes[0] != 1 || bytes.size() < kHead) return damaged;
  std::size_t size = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    size |= static_cast<std::size_t>(static_cast<unsigned char>(bytes[1 + i])) << (8 * i);
  }
  if (size > kLimit) return damaged;
  std::string out(size, '\0');
  uLongf made = size;
  const auto body = bytes.substr(kHead);
  const int code = uncompress(reinterpret_cast<Bytef*>(out.data()), &made,
                              reinterpret_cast<const Bytef*>(body.data()), body.size());
  if (code != Z_OK || made != size) return damaged;
  return out;
}

}  // namespace slipway::tracing
