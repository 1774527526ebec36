// SPDX-License-Identifier: Apache-2.0
// What a request is written in, and what its answer should be. Private to this room.
#pragma once

#include <optional>

#include "base/result.h"
#include "net/http.h"
#include "payload.h"

namespace slipway::wire::scoring {

enum class Form { json, csv, arrow };

// The media type without its parameters; nothing but a charset is understood, and only UTF-8. An
// empty type is nothing.
std::optional<Form> form_of(const net::Request& request);
// The first of the types in Accept that is known; without one Arrow is answered by Arrow, anything
// else by JSON.
Form wanted_form(const net::Request& request);
// For csv and arrow.
Result<net::Response> answer_in(Form form, const serving::Tensors& outputs);

net::Response unsupported(const net::Request& request);

}  // namespace slipway::wire::scoring
