// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <boost/describe.hpp>

namespace slipway::transfer {

struct PairRecord {
  std::string key;
  std::string value;
};
BOOST_DESCRIBE_STRUCT(PairRecord, (), (key, value))
using Pairs = std::vector<PairRecord>;

}  // namespace slipway::transfer
