// SPDX-License-Identifier: Apache-2.0
// How a model keeps sequences, as model configurations say it. Private to this room.
#pragma once

#include <string>

#include "serving/sequence.h"

namespace slipway::wire::oip {

std::string config_type(serving::DType type);           // "TYPE_FP32"
std::uint64_t config_type_number(serving::DType type);  // of the enum DataType

std::string sequence_json(const serving::SequenceSpec& spec);
std::string sequence_message(const serving::SequenceSpec& spec);  // ModelSequenceBatching

}  // namespace slipway::wire::oip
