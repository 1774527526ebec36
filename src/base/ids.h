// SPDX-License-Identifier: Apache-2.0
// Where new identifiers come from. Injected, so that tests can foretell them.
#pragma once

#include <cstdint>
#include <string>

namespace slipway {

// Thread-safe.
class Ids {
 public:
  virtual ~Ids() = default;
  virtual std::string hex32() = 0;     // 128 random bits, as MLflow clients expect of a run
  virtual std::string sortable() = 0;  // 26 characters; later ones compare greater (ULID layout)
};

Ids& system_ids();

// Counts: "00000000000000000000000000000001", .. Not thread-safe.
class FakeIds : public Ids {
 public:
  std::string hex32() override;
  std::string sortable() override;

 private:
  std::uint64_t next_ = 1;
};

// Random bits for sampling and jitter; not for secrets. Thread-safe.
std::uint64_t random_u64();
// In [0, 1).
double random_unit();
// `n` bytes fit for keys and tokens, as hex.
std::string random_secret_hex(int n);

}  // namespace slipway
