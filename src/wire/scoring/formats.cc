// SPDX-License-Identifier: Apache-2.0
#include "formats.h"

#include <utility>

#include "arrow.h"
#include "base/text.h"
#include "errors.h"

namespace slipway::wire::scoring {
namespace {

std::optional<Form> form_named(std::string_view type) {
  if (equal_ignoring_case(type, "application/json")) return Form::json;
  if (equal_ignoring_case(type, "text/csv")) return Form::csv;
  if (equal_ignoring_case(type, kArrowStream) || equal_ignoring_case(type, kArrowFile)) {
    return Form::arrow;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Form> form_of(const net::Request& request) {
  const auto parts = split(request.headers.get("content-type"), ';');
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const auto parameter = to_lower(trim(parts[i]));
    if (!parameter.starts_with("charset=")) return std::nullopt;
    const auto charset = std::string_view(parameter).substr(8);
    if (charset != "utf-8" && charset != "\"utf-8\"") return std::nullopt;
  }
  return form_named(parts.empty() ? std::string_view() : trim(parts.front()));
}

Form wanted_form(const net::Request& request) {
  const auto accept = request.headers.get("accept");
  if (!accept.empty() && accept != "*/*") {
    for (const auto each : split(accept, ',')) {
      const auto form = form_named(trim(each.substr(0, each.find(';'))));
      if (form) return *form;
    }
  }
  return form_of(request) == Form::arrow ? Form::arrow : Form::json;
}

Result<net::Response> answer_in(Form form, const serving::Tensors& outputs) {
  SW_TRY(auto body, form == Form::arrow ? write_arrow(outputs) : write_csv(outputs));
  return net::Response::text(200, std::move(body),
                             form == Form::arrow ? std::string(kArrowStream) : "text/csv");
}

net::Response unsupported(const net::Request& request) {
  auto response =
      render(request, invalid("content type '" + std::string(request.headers.get("content-type")) +
                                  "' is not supported",
                              "send application/json, text/csv or " + std::string(kArrowStream) +
                                  ", texts in UTF-8"));
  response.status = 415;
  return response;
}

}  // namespace slipway::wire::scoring
