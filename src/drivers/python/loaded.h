// SPDX-License-Identifier: Apache-2.0
// A version that its Python processes answer for.
#pragma once

#include <memory>

#include "serving/backend.h"
#include "workers.h"

namespace slipway::drivers::python {

Result<std::unique_ptr<serving::LoadedModel>> make_loaded(std::unique_ptr<Workers> workers);

}  // namespace slipway::drivers::python
