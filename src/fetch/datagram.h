// SPDX-License-Identifier: Apache-2.0
// Datagrams to one address: sent at once or lost, nobody waits.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway::fetch {

// Thread-safe.
class Datagrams {
 public:
  // "HOST:PORT" (UDP; the name is looked up now) or "unix:///PATH".
  static Result<std::unique_ptr<Datagrams>> open(const std::string& address);
  ~Datagrams();
  Datagrams(const Datagrams&) = delete;
  Datagrams& operator=(const Datagrams&) = delete;

  // False when it was not taken.
  bool send(std::string_view bytes) const;

 private:
  explicit Datagrams(int socket) : socket_(socket) {}
  const int socket_;
};

}  // namespace slipway::fetch
