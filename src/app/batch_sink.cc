// SPDX-License-Identifier: Apache-2.0
#include "batch_sink.h"

#include <filesystem>
#include <utility>

#include "batch_rows.h"
#include "drivers/duckdb/writer.h"

namespace slipway::app {
namespace {

namespace fs = std::filesystem;

RowWriter::Form form_of(const std::string& output) {
  return output.ends_with(".jsonl") || output.ends_with(".json") ? RowWriter::Form::lines
                                                                 : RowWriter::Form::csv;
}

class FileSink : public AnswerSink {
 public:
  FileSink(const BatchJob& job, const BatchPlaces& places, std::string duckdb,
           std::function<bool()> given_up, std::unique_ptr<RowWriter> writer)
      : job_(job),
        places_(places),
        duckdb_(std::move(duckdb)),
        given_up_(std::move(given_up)),
        writer_(std::move(writer)),
        is_new_(job.bytes_done == 0) {}

  Result<void> begin(const std::vector<AnswerColumn>& columns) override {
    columns_ = columns;
    for (const auto& column : columns) names_.push_back(column.name);
    return is_new_ ? writer_->head(names_) : Result<void>();
  }

  void row(std::int64_t, const std::vector<const std::string*>& cells) override {
    writer_->row(names_, cells);
  }

  Result<std::int64_t> flush() override { return writer_->flush(); }

  // The part becomes the output in one step, so that nobody sees half of it.
  Result<void> finish() override {
    writer_.reset();
    const auto part = places_.part_of(job_);
    if (!job_.spec.output.ends_with(".parquet") || columns_.empty()) {
      return places_.deliver(job_, part, given_up_);
    }
    std::vector<drivers::duckdb::Typed> columns;
    for (const auto& each : columns_) {
      columns.push_back({each.name, each.type == "JSON" ? "VARCHAR" : each.type});
    }
    const auto whole = part + ".parquet";
    SW_CHECK_OK(drivers::duckdb::write_parquet(part, columns, whole, {.library = duckdb_}));
    SW_CHECK_OK(places_.deliver(job_, whole, given_up_));
    std::error_code failed;
    fs::remove(part, failed);
    return {};
  }

 private:
  const BatchJob job_;
  const BatchPlaces& places_;
  const std::string duckdb_;
  const std::function<bool()> given_up_;
  std::unique_ptr<RowWriter> writer_;
  const bool is_new_;
  std::vector<AnswerColumn> columns_;
  std::vector<std::string> names_;
};

}  // namespace

Result<std::unique_ptr<AnswerSink>> open_file_sink(const BatchJob& job, const BatchPlaces& places,
                                                   const std::string& duckdb,
                                                   std::function<bool()> given_up) {
  SW_TRY(auto writer,
         RowWriter::open(places.part_of(job), form_of(job.spec.output), job.bytes_done));
  return std::unique_ptr<AnswerSink>(
      std::make_unique<FileSink>(job, places, duckdb, std::move(given_up), std::move(writer)));
}

}  // namespace slipway::app
