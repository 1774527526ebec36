// SPDX-License-Identifier: Apache-2.0
#include "base/ids.h"

#include <array>
#include <mutex>
#include <random>

#include <openssl/rand.h>

#include "base/clock.h"
#include "base/result.h"
#include "base/sortable_id.h"
#include "base/text.h"

namespace slipway {
namespace {

std::mt19937_64& generator() {
  thread_local std::mt19937_64 engine = [] {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device(), device(), device()};
    return std::mt19937_64(seed);
  }();
  return engine;
}

constexpr char kCrockford[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

__extension__ using Uint128 = unsigned __int128;

// 48 bits of milliseconds, then 80 random bits, five bits a character.
void write_ulid(std::string& out, std::int64_t ms, std::uint64_t high16, std::uint64_t low64) {
  out.assign(26, '0');
  auto time = static_cast<std::uint64_t>(ms);
  for (int i = 9; i >= 0; --i, time >>= 5) out[i] = kCrockford[time & 31];
  Uint128 random = (static_cast<Uint128>(high16 & 0xffff) << 64) | low64;
  for (int i = 25; i >= 10; --i, random >>= 5) {
    out[i] = kCrockford[static_cast<std::size_t>(random & 31)];
  }
}

class SystemIds : public Ids {
 public:
  std::string hex32() override {
    const std::array<std::uint64_t, 2> bits{random_u64(), random_u64()};
    return to_hex({reinterpret_cast<const char*>(bits.data()), sizeof(bits)});
  }

  // Within one millisecond the random part counts up, so that order of making is order of text.
  std::string sortable() override {
    std::string out;
    write_sortable(out);
    return out;
  }

  void write_sortable(std::string& out) {
    const std::scoped_lock lock(mutex_);
    const auto now = system_clock().now().ms;
    if (now > last_ms_) {
      last_ms_ = now;
      high_ = random_u64() & 0x7fff;
      low_ = random_u64();
    } else if (++low_ == 0) {
      ++high_;
    }
    write_ulid(out, last_ms_, high_, low_);
  }

 private:
  std::mutex mutex_;
  std::int64_t last_ms_ = 0;
  std::uint64_t high_ = 0;
  std::uint64_t low_ = 0;
};

SystemIds& the_ids() {
  static SystemIds ids;
  return ids;
}

}  // namespace

Ids& system_ids() {
  return the_ids();
}

void write_sortable_id(std::string& into) {
  the_ids().write_sortable(into);
}

std::string FakeIds::hex32() {
  std::string digits = std::to_string(next_++);
  return std::string(32 - digits.size(), '0') + digits;
}

std::string FakeIds::sortable() {
  std::string digits = std::to_string(next_++);
  return std::string(26 - digits.size(), '0') + digits;
}

std::uint64_t random_u64() {
  return generator()();
}

double random_unit() {
  return static_cast<double>(random_u64() >> 11) * 0x1.0p-53;
}

std::string random_secret_hex(int n) {
  std::string bytes(static_cast<std::size_t>(n), '\0');
  SW_ASSERT(RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), n) == 1);
  return to_hex(bytes);
}

}  // namespace slipway
