// SPDX-License-Identifier: Apache-2.0
#include "pack.h"

#include <cstring>

#include <zlib.h>

namespace slipway::monitor {
namespace {
constexpr std::uint64_t kMostBytes = 1u << 30;
}

void PackWriter::number(std::uint64_t x) {
  for (; x >= 0x80; x >>= 7) bytes_ += static_cast<char>(x | 0x80);
  bytes_ += static_cast<char>(x);
}

void PackWriter::signed_number(std::int64_t x) {
  number((static_cast<std::uint64_t>(x) << 1) ^ static_cast<std::uint64_t>(x >> 63));
}

void PackWriter::text(std::string_view x) {
  number(x.size());
  bytes_ += x;
}

void PackWriter::float32(float x) {
  bytes_.append(reinterpret_cast<const char*>(&x), sizeof x);
}

void PackWriter::float64(double x) {
  bytes_.append(reinterpret_cast<const char*>(&x), sizeof x);
}

std::string PackWriter::finish() const {
  uLongf size = compressBound(static_cast<uLong>(bytes_.size()));
  std::string out(sizeof(std::uint64_t) + size, '\0');
  const std::uint64_t plain = bytes_.size();
  std::memcpy(out.data(), &plain, sizeof plain);
  const int rc = compress2(reinterpret_cast<Bytef*>(out.data() + sizeof plain), &size,
                           reinterpret_cast<const Bytef*>(bytes_.data()),
                           static_cast<uLong>(bytes_.size()), 1);
  SW_ASSERT(rc == Z_OK);  // the buffer has the size that zlib asked for
  out.resize(sizeof plain + size);
  return out;
}

PackReader::PackReader(std::string_view compressed) {
  std::uint64_t plain = 0;
  if (compressed.size() >= sizeof plain) std::memcpy(&plain, compressed.data(), sizeof plain);
  ok_ = compressed.size() > sizeof plain && plain <= kMostBytes;
  if (!ok_) return;
  bytes_.resize(plain);
  uLongf size = static_cast<uLongf>(plain);
  const int rc = uncompress(reinterpret_cast<Bytef*>(bytes_.data()), &size,
                            reinterpret_cast<const Bytef*>(compressed.data() + sizeof plain),
                            static_cast<uLong>(compressed.size() - sizeof plain));
  ok_ = rc == Z_OK && size == plain;
}

const char* PackReader::take(std::size_t n) {
  if (!ok_ || bytes_.size() - at_ < n) {
    ok_ = false;
    return nullptr;
  }
  at_ += n;
  return bytes_.data() + at_ - n;
}

std::uint64_t PackReader::number() {
  std::uint64_t out = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const char* byte = take(1);
    if (byte == nullptr) return 0;
    out |= static_cast<std::uint64_t>(*byte & 0x7F) << shift;
    if ((*byte & 0x80) == 0) return out;
  }
  ok_ = false;
  return 0;
}

std::int64_t PackReader::signed_number() {
  const std::uint64_t x = number();
  return static_cast<std::int64_t>(x >> 1) ^ -static_cast<std::int64_t>(x & 1);
}

std::string_view PackReader::text() {
  const std::size_t size = count();
  const char* from = take(size);
  return from == nullptr ? std::string_view() : std::string_view(from, size);
}

float PackReader::float32() {
  float x = 0;
  if (const char* from = take(sizeof x)) std::memcpy(&x, from, sizeof x);
  return x;
}

double PackReader::float64() {
  double x = 0;
  if (const char* from = take(sizeof x)) std::memcpy(&x, from, sizeof x);
  return x;
}

std::size_t PackReader::count() {
  const std::uint64_t n = number();
  if (n > bytes_.size() - at_) ok_ = false;
  return ok_ ? static_cast<std::size_t>(n) : 0;
}

}  // namespace slipway::monitor
