// SPDX-License-Identifier: Apache-2.0
// Rows of a file into a model, and what it answers into a file.
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "drivers/duckdb/table.h"
#include "serving/target.h"

namespace slipway::app {

using drivers::duckdb::Field;
using drivers::duckdb::Piece;

// The columns of the file that the model is given, in an order that it understands. Without names
// in the model: all but `key`.
Result<std::vector<std::string>> wanted_columns(const serving::Target& target,
                                                const drivers::duckdb::Table& table,
                                                const std::string& key);

// What the model answered, a list a column, one text of JSON a row.
struct AnswerColumns {
  std::vector<std::string> names;
  std::vector<std::string> types;  // as SQL has them
  std::vector<std::vector<std::string>> cells;
};

// `columns` and `fields` as wanted_columns has them.
Result<AnswerColumns> answer_rows(const serving::Target& target, const std::vector<Field>& fields,
                                  const std::vector<const Piece*>& columns, std::size_t rows);

// A cell as JSON.
std::string json_of(const Field& field, const Piece& piece, std::size_t row);

// CSV or JSON lines, appended to at a known place.
class RowWriter {
 public:
  enum class Form { csv, lines };
  // What lies behind `from` is cut off.
  static Result<std::unique_ptr<RowWriter>> open(const std::string& path, Form form,
                                                 std::int64_t from);
  ~RowWriter();

  Result<void> head(const std::vector<std::string>& names);
  // JSON texts, as many as there are names.
  void row(const std::vector<std::string>& names, const std::vector<const std::string*>& cells);
  // On disk when it returns; where the next row will begin.
  Result<std::int64_t> flush();

 private:
  explicit RowWriter(Form form) : form_(form) {}
  Form form_;
  int file_ = -1;
  std::int64_t at_ = 0;
  std::string buffer_;
};

}  // namespace slipway::app
