// SPDX-License-Identifier: Apache-2.0
// /endpoints/NAME/predict: JSON by the names of the signature, described by an OpenAPI document
// that is made from it.
#pragma once

#include <string>
#include <string_view>

#include "base/pool.h"
#include "net/http.h"
#include "payload.h"
#include "serving/endpoints.h"

namespace slipway::wire::scoring {

// A body that decodes in less than about half a millisecond stays on the I/O thread.
constexpr std::size_t kDecodedAtOnce = 64 << 10;

// Rules of endpoints look at the request's header fields.
class HeaderCaller : public serving::Caller {
 public:
  explicit HeaderCaller(const net::Headers& headers) : headers_(headers) {}
  std::string_view header(const std::string& name) const override { return headers_.get(name); }

 private:
  const net::Headers& headers_;
};

enum class Shaped { one_row, rows, columns };

struct Typed {
  Payload payload;
  Shaped shaped = Shaped::columns;
};

// {input: value, ..} is one row, [{..}, ..] are rows, {input: [value, ..], ..} are whole inputs;
// the answer has the same shape.
Result<Typed> parse_typed(std::string_view body, const serving::FrameLayout& layout,
                          bool has_columns);
std::string write_typed(const serving::Tensors& outputs, Shaped shaped);

std::string describe(const serving::Target& target);

void add_typed_routes(net::Router& router, serving::Endpoints& endpoints, Pool& decoders);

}  // namespace slipway::wire::scoring
