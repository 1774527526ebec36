// SPDX-License-Identifier: Apache-2.0
// Answers into a table of PostgreSQL. A flush is one COPY in one transaction, and the number of a
// row is part of the table's key: what was committed before an interruption is found there again.
#include <set>
#include <utility>

#include "base/text.h"
#include "batch_sink.h"
#include "json/value.h"
#include "store/copy_target.h"

namespace slipway::app {
namespace {

using store::quoted_name;

constexpr const char* kOwn[] = {"slipway_job", "slipway_row", "slipway_model", "slipway_version",
                                "slipway_at"};

std::string table_name(const std::string& table) {
  std::string out;
  for (const auto part : split(table, '.')) out += (out.empty() ? "" : ".") + quoted_name(part);
  return out;
}

std::string type_there(const std::string& type) {
  if (type == "DOUBLE") return "DOUBLE PRECISION";
  if (type == "TIMESTAMP") return "TIMESTAMPTZ";
  if (type == "UBIGINT") return "NUMERIC(20)";
  if (type == "JSON") return "JSONB";
  if (type == "BOOLEAN" || type == "BIGINT") return type;
  return "TEXT";
}

class TableSink : public AnswerSink {
 public:
  TableSink(const BatchJob& job, Timestamp now, std::unique_ptr<store::CopyTarget> target)
      : job_(job), now_(now), target_(std::move(target)), table_(table_name(job.spec.table)) {}

  // How many rows of the job are there; none when the table is not.
  Result<std::int64_t> rows_there() {
    SW_TRY(const auto known, columns_there());
    if (known.empty()) return 0;
    for (const char* own : kOwn) {
      if (!known.contains(own)) return missing(own, "TEXT");
    }
    SW_TRY(const auto rows,
           target_->rows("SELECT max(slipway_row) + 1 FROM " + table_ + " WHERE slipway_job = $1",
                         {job_.id}));
    there_ = rows[0][0] ? parse_int(*rows[0][0]).value_or(0) : 0;
    return there_;
  }

  Result<void> begin(const std::vector<AnswerColumn>& columns) override {
    std::string create = "CREATE TABLE IF NOT EXISTS " + table_ +
                         " (slipway_job TEXT NOT NULL, slipway_row BIGINT NOT NULL, slipway_model "
                         "TEXT NOT NULL, slipway_version TEXT NOT NULL, slipway_at TIMESTAMPTZ NOT "
                         "NULL";
    copy_ = "COPY " + table_ +
            " (slipway_job, slipway_row, slipway_model, slipway_version, "
            "slipway_at";
    for (const auto& column : columns) {
      for (const char* own : kOwn) {
        if (column.name == own) {
          return invalid("column '" + column.name + "' has a name that the table needs itself",
                         "keep other columns");
        }
      }
      create += ", " + quoted_name(column.name) + " " + type_there(column.type);
      copy_ += ", " + quoted_name(column.name);
      json_.push_back(column.type == "JSON");
    }
    copy_ += ") FROM STDIN";
    SW_CHECK_OK(target_->run(create + ", PRIMARY KEY (slipway_job, slipway_row))"));
    SW_TRY(const auto known, columns_there());
    for (const auto& column : columns) {
      if (!known.contains(column.name)) return missing(column.name, type_there(column.type));
    }
    head_.clear();
    for (const auto& each : {job_.model, job_.version, to_rfc3339(now_)}) {
      head_ += '\t';
      store::append_copy_text(head_, each);
    }
    return {};
  }

  void row(std::int64_t number, const std::vector<const std::string*>& cells) override {
    if (number < there_) return;
    there_ = number + 1;
    text_ += job_.id + "\t" + std::to_string(number) + head_;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      text_ += '\t';
      append(*cells[i], json_[i]);
    }
    text_ += '\n';
  }

  Result<std::int64_t> flush() override {
    if (!text_.empty()) SW_CHECK_OK(target_->copy(copy_, text_));
    text_.clear();
    return 0;
  }

  Result<void> finish() override { return {}; }

 private:
  Error missing(const std::string& column, const std::string& type) const {
    return invalid("table '" + job_.spec.table + "' has no column '" + column + "'",
                   "name another table, or: ALTER TABLE " + table_ + " ADD COLUMN " +
                       quoted_name(column) + " " + type);
  }

  Result<std::set<std::string>> columns_there() {
    SW_TRY(const auto rows,
           target_->rows("SELECT attname FROM pg_attribute WHERE attrelid = to_regclass($1) AND "
                         "attnum > 0 AND NOT attisdropped",
                         {table_}));
    std::set<std::string> out;
    for (const auto& row : rows) out.insert(row[0].value_or(""));
    return out;
  }

  void append(const std::string& cell, bool json) {
    if (cell == "null") {
      text_ += "\\N";
      return;
    }
    if (!json && cell.starts_with('"')) {
      const auto value = json::parse_value(cell);
      if (value && value->is_string()) {
        store::append_copy_text(text_, std::string(value->get_string()));
        return;
      }
    }
    store::append_copy_text(text_, cell);
  }

  const BatchJob job_;
  const Timestamp now_;
  std::unique_ptr<store::CopyTarget> target_;
  const std::string table_;
  std::int64_t there_ = 0;
  std::string copy_;
  std::string head_;
  std::vector<bool> json_;
  std::string text_;
};

}  // namespace

Result<std::unique_ptr<AnswerSink>> open_table_sink(BatchJob& job, Timestamp now) {
  SW_TRY(auto target, store::CopyTarget::open(job.spec.output));
  auto sink = std::make_unique<TableSink>(job, now, std::move(target));
  SW_TRY(const auto there, sink->rows_there());
  // Rows that were there once, and are not: they are made again.
  if (there < job.rows_done) job.rows_done = there;
  return std::unique_ptr<AnswerSink>(std::move(sink));
}

}  // namespace slipway::app
