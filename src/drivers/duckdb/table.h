// SPDX-License-Identifier: Apache-2.0
// A Parquet, CSV or JSON-lines file as a table that is read a piece at a time, in bounded memory.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace slipway::drivers::duckdb {

// What a column's values become: numbers for boolean (0, 1), integer, real and time (milliseconds
// since 1970 UTC), texts for text and other (nested values as JSON).
enum class Type { boolean, integer, real, time, text, other };

struct Field {
  std::string name;
  Type type = Type::other;
  std::string declared;  // DuckDB's name of the type, e.g. DECIMAL(9,2)
  bool is_text() const { return type == Type::text || type == Type::other; }
};

// Consecutive rows of one column: `numbers` or `texts` is filled, by the field's type.
struct Piece {
  std::vector<double> numbers;
  std::vector<std::string> texts;
  std::vector<bool> missing;  // a missing number is NaN, a missing text empty
};

struct Options {
  std::string library;          // empty: lib/ beside the executable, then the system's
  std::string memory = "1GiB";  // what exceeds it is spilled to a temporary folder
  int threads = 2;
};

// One table is used by one thread at a time.
class Table {
 public:
  // The format is told by the first bytes (PAR1, '{'), else CSV with a header; .gz and .zst are
  // unpacked on the way. In CSV an empty cell, NA, NaN, null and None are missing.
  static Result<std::unique_ptr<Table>> open(const std::string& path, const Options& options);
  ~Table();

  const std::vector<Field>& fields() const;
  const Field* find(const std::string& name) const;
  std::int64_t rows() const;

  // Calls `each` with the named columns of the next rows, in the file's order; at most a few
  // thousand rows at once. An error of `each` ends the scan and is returned.
  using Each = std::function<Result<void>(const std::vector<Piece>& columns, std::size_t rows)>;
  Result<void> scan(const std::vector<std::string>& columns, const Each& each) const;

  // The named columns of numbers as they lie in memory, without a copy: what scan() gives, but a
  // missing value is one whose bit in `there` (absent: all are) is not set, or NaN.
  struct Numbers {
    const double* values = nullptr;
    const std::uint64_t* there = nullptr;
    std::size_t rows = 0;
  };
  using EachNumbers = std::function<Result<void>(const std::vector<Numbers>& columns)>;
  Result<void> scan_numbers(const std::vector<std::string>& columns, const EachNumbers& each) const;

  // An SQL expression over the columns that gives 8 bytes a row, as they lie in memory.
  Result<void> scan_bits(const std::string& expression, const EachNumbers& each) const;

  // The same as texts, exact: numbers as they are written, times in milliseconds, nested values as
  // JSON. A column that the file lacks is missing in every row.
  Result<void> scan_texts(const std::vector<std::string>& columns, const Each& each) const;

  // The distinct values of a column that are there, ascending (texts by bytes), and how often.
  using Group = std::function<Result<void>(const Piece& values, const std::vector<double>& counts)>;
  Result<void> groups(const std::string& column, const Group& each) const;

  // The same in any order: no sorting.
  Result<void> counts(const std::string& column, const Group& each) const;

  // One row of numbers: SQL aggregates over the table, which is called `data`. Column names must
  // be quoted with quoted(). Missing is NaN.
  Result<std::vector<double>> numbers(const std::string& expressions) const;
  static std::string quoted(const std::string& column);
  static std::string literal(const std::string& text);

  // The first rows for which the SQL condition holds: their numbers from 1, and `values` (SQL) as
  // texts. Ends at `most`.
  struct Found {
    std::int64_t row = 0;
    std::vector<std::string> values;  // empty when missing
  };
  Result<std::vector<Found>> first_rows(const std::string& condition,
                                        const std::vector<std::string>& values,
                                        std::size_t most) const;
  // The SQL that gives the field's values as scan() does: a DOUBLE or a VARCHAR.
  static std::string read_as(const Field& field);

 private:
  struct Impl;
  explicit Table(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway::drivers::duckdb
