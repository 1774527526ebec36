// SPDX-License-Identifier: Apache-2.0
// Where rows of a batch job come from and where its answers go: files, objects of S3, tables.
#pragma once

#include <functional>
#include <string>

#include "app/batch.h"

namespace slipway::app {

bool is_table(const std::string& output);  // postgresql://..

// Thread-safe.
class BatchPlaces {
 public:
  BatchPlaces(const BatchOptions& options, Clock& clock) : options_(options), clock_(clock) {}

  // What may be read and written at all, and that it is well said.
  Result<void> check(const BatchSpec& spec) const;
  // Another content has another one.
  Result<std::string> fingerprint(const std::string& input) const;
  // The input as a file; an object is copied here first. A changed input is a conflict.
  Result<std::string> bring(const BatchJob& job, const std::function<bool()>& given_up) const;
  // The file in which answers collect, and what becomes of it when it is whole.
  std::string part_of(const BatchJob& job) const;
  Result<void> deliver(const BatchJob& job, const std::string& whole,
                       const std::function<bool()>& given_up) const;
  // Copies and notes of a job that is over.
  void forget(const BatchJob& job) const;

 private:
  Result<void> check_place(const std::string& place) const;
  std::string spool(const BatchJob& job, const std::string& what) const;

  const BatchOptions& options_;
  Clock& clock_;
};

}  // namespace slipway::app
