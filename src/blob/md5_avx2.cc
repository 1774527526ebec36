// SPDX-License-Identifier: Apache-2.0
#include "md5_blocks.h"

namespace slipway::blob {

Md5Blocks md5_blocks_8() {
#if defined(__AVX2__)
  return &blocks_of<8>;
#else
  return nullptr;
#endif
}

}  // namespace slipway::blob
