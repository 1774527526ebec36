// SPDX-License-Identifier: Apache-2.0
// A PostgreSQL database of somebody else's, into which rows are copied. Knows no migrations.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway::store {

// Used by one thread at a time.
class CopyTarget {
 public:
  // `url`: postgresql://user@host:port/name. Passwords come from libpq's own places (PGPASSWORD,
  // ~/.pgpass).
  static Result<std::unique_ptr<CopyTarget>> open(const std::string& url);
  virtual ~CopyTarget() = default;

  // One or several statements, without parameters.
  virtual Result<void> run(const std::string& sql) = 0;
  // The rows of a query of texts; NULL is nothing.
  using Row = std::vector<std::optional<std::string>>;
  virtual Result<std::vector<Row>> rows(const std::string& sql,
                                        const std::vector<std::string>& parameters) = 0;
  // `COPY .. FROM STDIN` in the text format, in a transaction of its own: all of it, durable when
  // it returns, or nothing.
  virtual Result<void> copy(const std::string& sql, std::string_view text) = 0;
};

// A value of the text format, without what stands around it.
void append_copy_text(std::string& out, std::string_view value);
// "name", safe within SQL.
std::string quoted_name(std::string_view name);

}  // namespace slipway::store
