// SPDX-License-Identifier: Apache-2.0
// What every room that turns a Filter into SQL says the same way.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "domain/filter.h"

namespace slipway {

// " = ", " <> ", " < ", .. of a comparison of two values; empty for any other operation.
std::string_view sign_of(Filter::Op op);

// A LIKE pattern as a GLOB: SQLite's LIKE ignores case, so the case-sensitive one becomes a GLOB.
std::string glob_of(std::string_view like);

// invalid_argument: the field of `leaf` and what it does not take.
Error misfit(const Filter& leaf, std::string_view what);

}  // namespace slipway
