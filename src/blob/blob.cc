// SPDX-License-Identifier: Apache-2.0
#include "blob/blob.h"

namespace slipway::blob {

Result<std::string> BlobStore::get_all(const std::string& key, std::size_t limit) {
  SW_TRY(const auto reader, get(key));
  if (reader->size() > limit) {
    return exhausted("'" + key + "' has " + std::to_string(reader->size()) +
                     " bytes, more than the " + std::to_string(limit) + " that are read at once");
  }
  std::string out(reader->size(), '\0');
  std::size_t have = 0;
  while (have < out.size()) {
    SW_TRY(const auto n, reader->read(out.data() + have, out.size() - have));
    if (n == 0) return Error{Code::data_loss, "'" + key + "' is shorter than it should be", ""};
    have += n;
  }
  return out;
}

Result<std::string> BlobStore::put_all(const std::string& key, std::string_view bytes) {
  SW_TRY(const auto writer, put(key));
  SW_CHECK_OK(writer->write(bytes));
  return writer->finish();
}

}  // namespace slipway::blob
