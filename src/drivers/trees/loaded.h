// SPDX-License-Identifier: Apache-2.0
// A model of trees as the server runs it.
#pragma once

#include <memory>
#include <variant>

#include "model.h"
#include "serving/backend.h"

namespace slipway::drivers::trees {

// One input "input" [-1, features]; the answer "predictions", and "probabilities" beside a label.
template <class T>
std::unique_ptr<serving::LoadedModel> make_loaded(Model<T> model);

extern template std::unique_ptr<serving::LoadedModel> make_loaded(Model<float>);
extern template std::unique_ptr<serving::LoadedModel> make_loaded(Model<double>);

// The bytes of a model file, told by what they look like.
Result<std::unique_ptr<serving::LoadedModel>> load_bytes(std::string_view bytes,
                                                         const std::string& model_class);

}  // namespace slipway::drivers::trees
