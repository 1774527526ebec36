// SPDX-License-Identifier: Apache-2.0
#include "drivers/duckdb/writer.h"

#include "library.h"

namespace slipway::drivers::duckdb {
namespace {

std::string literal(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "''" : std::string(1, c);
  return out + "'";
}

Error failed(const char* message) {
  std::string text = message == nullptr ? "unknown error" : message;
  return Error{Code::exhausted, "cannot write Parquet: " + text.substr(0, text.find('\n')),
               "is the disk full?"};
}

}  // namespace

Result<void> write_parquet(const std::string& csv, const std::vector<Typed>& columns,
                           const std::string& parquet, const Options& options) {
  SW_TRY(const auto* library, Library::open(options.library));
  duckdb_config config = nullptr;
  if (library->create_config(&config) != DuckDBSuccess) return failed("out of memory");
  library->set_config(config, "memory_limit", options.memory.c_str());
  library->set_config(config, "threads", std::to_string(options.threads).c_str());
  library->set_config(config, "autoinstall_known_extensions", "false");
  duckdb_database database = nullptr;
  char* why = nullptr;
  const auto opened = library->open_ext(":memory:", &database, config, &why);
  library->destroy_config(&config);
  if (opened != DuckDBSuccess) {
    const auto error = failed(why);
    library->free(why);
    return error;
  }
  duckdb_connection connection = nullptr;
  Result<void> out;
  if (library->connect(database, &connection) != DuckDBSuccess) {
    out = failed("no connection");
  } else {
    std::string types;
    for (const auto& column : columns) {
      if (column.type.empty()) continue;
      types += (types.empty() ? "" : ", ") + literal(column.name) + ": " + literal(column.type);
    }
    const auto sql = "COPY (SELECT * FROM read_csv(" + literal(csv) +
                     ", header=true, delim=',', quote='\"', escape='\"', strict_mode=true, "
                     "sample_size=-1" +
                     (types.empty() ? "" : ", types={" + types + "}") + ")) TO " +
                     literal(parquet) + " (FORMAT parquet, COMPRESSION zstd)";
    duckdb_result result{};
    if (library->query(connection, sql.c_str(), &result) != DuckDBSuccess) {
      out = failed(library->result_error(&result));
    }
    library->destroy_result(&result);
    library->disconnect(&connection);
  }
  library->close(&database);
  return out;
}

}  // namespace slipway::drivers::duckdb
