// SPDX-License-Identifier: Apache-2.0
// One row of an export: an attribute of a run, or one entry of a series of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "drivers/neptune/neptune.h"
#include "transfer/record.h"

namespace slipway::drivers::neptune {

enum class Kind {
  config,  // float, int, string, bool, datetime, string_set
  float_series,
  string_series,
  histogram_series,
  file,
  file_series,
  file_set,
  other
};

struct Attribute {
  std::string project;
  std::string run;
  std::string path;
  Kind kind = Kind::other;
  std::string step = "0";  // a decimal
  std::int64_t time = 0;   // milliseconds
  std::string text;        // of a config or a string series; a file's path; a histogram's JSON
  double number = 0;       // of a float series
};

const std::vector<std::string>& columns();
// Row `i` of `columns()`; nothing for a row without what it needs.
std::optional<Attribute> attribute_of(const Cells& cells, std::size_t i);

// What configs under sys/ say goes to its own place, everything else becomes params.
void add_config(transfer::RunRecord& run, const Attribute& from);
// {"edges": [..], "counts": [..]} of a histogram's JSON; empty when it is none.
std::string histogram_of(const std::string& text);
// A kind of typed series, by a file's name: "image", "audio" or "file".
std::string kind_of_file(const std::string& name);
// "stdout" or "stderr" for what was printed; empty for other texts.
std::string stream_of(const std::string& path);
// Relative, without ".." and what no file name may hold.
std::string safe_path(const std::string& path);

}  // namespace slipway::drivers::neptune
