// SPDX-License-Identifier: Apache-2.0
// libduckdb.so, opened once a process, and the functions of its C API that are used here.
#pragma once

#include <duckdb.h>

#include "base/result.h"

namespace slipway::drivers::duckdb {

// Every function that is taken from the library, by its name there less the prefix "duckdb_".
#define SLIPWAY_DUCKDB_FUNCTIONS(each)                                                             \
  each(create_config) each(set_config) each(destroy_config) each(open_ext) each(close)             \
      each(connect) each(disconnect) each(query) each(destroy_result) each(result_error)           \
          each(prepare) each(destroy_prepare) each(prepare_error) each(execute_prepared_streaming) \
              each(fetch_chunk) each(destroy_data_chunk) each(data_chunk_get_size)                 \
                  each(data_chunk_get_vector) each(vector_get_data) each(vector_get_validity)      \
                      each(column_count) each(library_version) each(free)

struct Library {
#define SLIPWAY_DUCKDB_MEMBER(name) decltype(&::duckdb_##name) name = nullptr;
  SLIPWAY_DUCKDB_FUNCTIONS(SLIPWAY_DUCKDB_MEMBER)
#undef SLIPWAY_DUCKDB_MEMBER

  // `path` counts on the first call only.
  static Result<const Library*> open(const std::string& path);
};

}  // namespace slipway::drivers::duckdb
