// SPDX-License-Identifier: Apache-2.0
// LIKE as SQL has it, for texts that the database does not see: % is anything, _ one character.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace slipway::tracing {

class Like {
 public:
  // `any_case`: ASCII letters match in both cases.
  Like(std::string_view pattern, bool any_case);
  bool matches(std::string_view text) const;
  // Texts that every match contains.
  std::vector<std::string> parts() const;

 private:
  bool matches_exact(std::string_view text) const;

  std::vector<std::string> segments_;  // between the %
  bool any_case_;
};

}  // namespace slipway::tracing
