// SPDX-License-Identifier: Apache-2.0
// A table of named columns as the tensors that a model wants.
//
// Two layouts exist: one input of all columns side by side ([N,F]; the order is that of the
// package's signature), or one input a column ([N] or [N,1]; columns are named like inputs).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "serving/backend.h"

namespace slipway::serving {

class FrameLayout {
 public:
  struct Slot {
    std::string name;  // empty: any
    std::size_t input = 0;
    std::size_t offset = 0;  // within the input's row
  };

  static FrameLayout of(const Signature& signature, const std::vector<Column>& columns);

  // False: the model's inputs are no table (images, sequences ..).
  bool is_table() const { return is_table_; }
  bool has_names() const { return has_names_; }
  // A width of 0 is open: the first header or row decides.
  const std::vector<Slot>& slots() const { return slots_; }
  const std::vector<TensorSpec>& inputs() const { return inputs_; }
  // The names in order; empty when the package does not tell them.
  std::vector<std::string> names() const;

 private:
  bool is_table_ = false;
  bool has_names_ = false;
  std::vector<Slot> slots_;
  std::vector<TensorSpec> inputs_;
};

// Takes a table cell by cell, row after row, and keeps only the tensors.
class FrameBuilder {
 public:
  explicit FrameBuilder(const FrameLayout& layout) : layout_(layout) {}

  // Which column is the i-th of each row from now on. A column that is unknown, missing or named
  // twice is an error that names it.
  Result<void> set_columns(const std::vector<std::string>& names);
  // Rows without a header: as many values as the model has columns, in its order.
  Result<void> set_width(std::size_t width);
  bool has_columns() const { return !places_.empty(); }
  std::size_t width() const { return places_.size(); }
  // The position of `name` in the rows; `hint` is tried first. Nothing if there is none.
  std::optional<std::size_t> position_of(std::string_view name, std::size_t hint) const;

  void begin_row();
  Result<void> put(std::size_t position, double value);
  Result<void> put(std::size_t position, std::int64_t value);
  Result<void> put(std::size_t position, bool value);
  Result<void> put_text(std::size_t position, std::string_view value);
  // NaN in a column of floats; an error in others.
  Result<void> put_null(std::size_t position);
  // Text that may mean a number, as in CSV.
  Result<void> put_cell(std::size_t position, std::string_view text);
  // Every column must have been put since begin_row.
  Result<void> end_row();

  std::size_t rows() const { return rows_; }
  // The tensors in the order of the signature.
  Result<Tensors> finish();

 private:
  struct Buffer {
    DType type = DType::fp32;
    std::size_t width = 0;
    std::string bytes;
    std::vector<std::string> texts;
  };
  struct Place {
    std::size_t input = 0;
    std::size_t offset = 0;
    std::string name;
    std::uint64_t row = 0;  // the last row that was put, counted from 1
  };

  void make_buffers();
  Error mismatch(const Place& place, const std::string& got) const;
  char* cell(const Place& place);
  Result<Place*> claim(std::size_t position);

  const FrameLayout& layout_;
  std::vector<Place> places_;  // by position in the row
  std::vector<Buffer> buffers_;
  std::size_t rows_ = 0;
  std::size_t filled_ = 0;
};

}  // namespace slipway::serving
