// SPDX-License-Identifier: Apache-2.0
// Which step comes after which, said or not, and whether that can be done.
#pragma once

#include <string>

#include "pipeline/definition.h"

namespace slipway::pipeline {

// Whoever reads what another step writes needs it.
void add_needs_by_path(Definition& definition);
// Whoever refers to a step, or goes through its elements, needs it.
void add_needs_by_reference(Definition& definition);
// A step that runs always or after a failure, and names no needs, comes after all others.
void add_needs_of_handlers(Definition& definition);
Result<void> check_needs(const Definition& definition, const std::string& file);
// An error spells the whole cycle.
Result<void> check_cycles(const Definition& definition, const std::string& file);

}  // namespace slipway::pipeline
