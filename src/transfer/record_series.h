// SPDX-License-Identifier: Apache-2.0
// Records of what runs have besides numbers. Part of record.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <boost/describe.hpp>

namespace slipway::transfer {

struct SeriesEntryRecord {
  std::string step;  // "12", "-0.25"
  std::int64_t time = 0;
  std::string path;     // of a file of the run
  std::string content;  // JSON text; exactly one of the two is given
};
BOOST_DESCRIBE_STRUCT(SeriesEntryRecord, (), (step, time, path, content))

// Entries of one typed series of one run: tracking/series.h.
struct SeriesRecord {
  std::string run;
  std::string key;
  std::string kind;  // "image", see tracking::name_of
  std::vector<SeriesEntryRecord> entries;
};
BOOST_DESCRIBE_STRUCT(SeriesRecord, (), (run, key, kind, entries))

struct ConsoleLineRecord {
  std::string stream;  // "stdout" or "stderr"
  std::int64_t time = 0;
  std::string text;
};
BOOST_DESCRIBE_STRUCT(ConsoleLineRecord, (), (stream, time, text))

// Consecutive lines of what a run printed; `first` is the number of the first of them, from 0.
struct ConsoleRecord {
  std::string run;
  std::int64_t first = 0;
  std::vector<ConsoleLineRecord> lines;
};
BOOST_DESCRIBE_STRUCT(ConsoleRecord, (), (run, first, lines))

}  // namespace slipway::transfer
