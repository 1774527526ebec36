// SPDX-License-Identifier: Apache-2.0
#include "md5_blocks.h"

namespace slipway::blob {

Md5Blocks md5_blocks_16() {
#if defined(__AVX512F__)
  return &blocks_of<16>;
#else
  return nullptr;
#endif
}

}  // namespace slipway::blob
