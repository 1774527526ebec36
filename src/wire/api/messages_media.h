// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "json/json.h"

namespace slipway::wire::api {

// Steps are exact decimals: a number, or the same as text. Times: RFC 3339, or milliseconds.
struct SeriesEntryIn {
  std::string key;
  std::string kind;
  json::Raw step;
  json::Raw at;
  std::string path;
  std::optional<json::Raw> content;
};
BOOST_DESCRIBE_STRUCT(SeriesEntryIn, (), (key, kind, step, at, path, content))

struct SeriesIn {
  std::vector<SeriesEntryIn> entries;
};
BOOST_DESCRIBE_STRUCT(SeriesIn, (), (entries))

struct MetricIn {
  std::string key;
  json::Raw value;  // a number, or "NaN", "Infinity", "-Infinity"
  json::Raw step;
  json::Raw at;
};
BOOST_DESCRIBE_STRUCT(MetricIn, (), (key, value, step, at))

struct MetricsIn {
  std::vector<MetricIn> metrics;
};
BOOST_DESCRIBE_STRUCT(MetricsIn, (), (metrics))

struct SeriesOut {
  std::string key;
  std::string kind;
  std::int64_t entries = 0;
  json::Raw first_step;
  json::Raw last_step;
  std::string last_at;
};
BOOST_DESCRIBE_STRUCT(SeriesOut, (), (key, kind, entries, first_step, last_step, last_at))

struct SeriesList {
  std::vector<SeriesOut> items;
  std::string next_page_token;
};
BOOST_DESCRIBE_STRUCT(SeriesList, (), (items, next_page_token))

struct SeriesEntryOut {
  json::Raw step;
  std::string at;
  json::Nullable<std::string> path;
  json::Raw content;
};
BOOST_DESCRIBE_STRUCT(SeriesEntryOut, (), (step, at, path, content))

struct SeriesEntries {
  std::string key;
  std::string kind;
  std::vector<SeriesEntryOut> items;
  std::string next_page_token;
};
BOOST_DESCRIBE_STRUCT(SeriesEntries, (), (key, kind, items, next_page_token))

struct SeriesFile {
  std::string path;
  std::string sha256;
  std::int64_t size = 0;
};
BOOST_DESCRIBE_STRUCT(SeriesFile, (), (path, sha256, size))

struct ConsoleLineIn {
  std::string stream = "stdout";
  json::Raw at;
  std::string text;
};
BOOST_DESCRIBE_STRUCT(ConsoleLineIn, (), (stream, at, text))

struct ConsoleIn {
  std::optional<std::int64_t> first;
  std::vector<ConsoleLineIn> lines;
};
BOOST_DESCRIBE_STRUCT(ConsoleIn, (), (first, lines))

struct ConsoleTotal {
  std::int64_t total = 0;
};
BOOST_DESCRIBE_STRUCT(ConsoleTotal, (), (total))

struct ConsoleLineOut {
  std::int64_t line = 0;
  std::string stream;
  std::string at;
  std::string text;
};
BOOST_DESCRIBE_STRUCT(ConsoleLineOut, (), (line, stream, at, text))

struct ConsoleOut {
  std::vector<ConsoleLineOut> items;
  std::int64_t next = 0;
  std::int64_t total = 0;
  bool ended = false;
};
BOOST_DESCRIBE_STRUCT(ConsoleOut, (), (items, next, total, ended))

}  // namespace slipway::wire::api
