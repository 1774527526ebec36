// SPDX-License-Identifier: Apache-2.0
#include "explain.h"

#include "base/text.h"
#include "serving/tensor_json.h"

namespace slipway::wire::scoring {

std::string write_explanation(const serving::Explanation& explanation,
                              const std::vector<std::string>& columns) {
  const auto& shape = explanation.contributions.shape();
  const bool one = shape[1] == 1;
  std::string out = "{\"columns\":[";
  for (std::int64_t i = 0; i < shape[2]; ++i) {
    if (i != 0) out += ',';
    const auto at = static_cast<std::size_t>(i);
    append_json_string(out, at < columns.size() ? columns[at] : std::to_string(i));
  }
  out += "],\"base\":";
  if (one) {
    serving::append_element(out, explanation.base, 0);
  } else {
    serving::append_nested(out, explanation.base, 0, 0);
  }
  out += ",\"contributions\":";
  const auto table =
      one ? explanation.contributions.reshaped({shape[0], shape[2]}) : explanation.contributions;
  serving::append_nested(out, table, 0, 0);
  return out + "}";
}

}  // namespace slipway::wire::scoring
