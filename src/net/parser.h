// SPDX-License-Identifier: Apache-2.0
// One HTTP/1 request from bytes as they come. Strict where two servers could disagree about where a
// message ends: such requests are refused, not repaired.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "net/http.h"

namespace slipway::net {

// Why a request is refused; `status` 0 means that nothing is wrong.
struct Refusal {
  int status = 0;
  std::string message;
};

class RequestParser {
 public:
  explicit RequestParser(std::size_t header_limit);
  ~RequestParser();

  // Begins the next request; its head goes to `into`, which must outlive the head's parsing.
  void reset(Request& into);
  // Answers how many bytes it took; 0 without a refusal means that more are needed. Stops after the
  // head, so that the caller can look at it.
  std::size_t put(std::string_view bytes, Refusal& refusal);

  bool head_done() const;
  bool done() const;
  bool keep_alive() const;
  bool expects_continue() const;
  bool is_http_1_0() const;

  // What arrived of the body since it was last taken.
  std::string& body();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway::net
