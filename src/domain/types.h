// SPDX-License-Identifier: Apache-2.0
// Words that several rooms share.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace slipway {

// A key and a short value that a human (or a client) put on something.
struct Tag {
  std::string key;
  std::string value;
  bool operator==(const Tag&) const = default;
};

// Who is acting.
struct Principal {
  std::string name = "anonymous";
  enum class Kind { user, service, system } kind = Kind::user;
};

// One page of a longer list; `next_token` is empty on the last one. Tokens are opaque.
template <class T>
struct Page {
  std::vector<T> items;
  std::string next_token;
};

struct PageRequest {
  std::size_t size = 100;
  std::string token;
};

}  // namespace slipway
