// SPDX-License-Identifier: Apache-2.0
// A data folder with one version in it and an endpoint that serves it. Private to this room.
#pragma once

#include <string>

#include "app/platform.h"
#include "registry/registry.h"

namespace slipway::app {

// `target`: MODEL@ALIAS, MODEL/VERSION, or MODEL for its champion.
Result<registry::Version> version_named(Platform& from, const std::string& target);

// In the folder `like.data`, which is made; the libraries and the Python are those of `like`. The
// version is loaded once. Answers the name of the endpoint: the model's.
Result<std::string> make_single(const registry::Package& package, const Config& like);

}  // namespace slipway::app
