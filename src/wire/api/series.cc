// SPDX-License-Identifier: Apache-2.0
// /api/v1/runs/{id}/series and /console: what a run shows and prints besides its numbers.
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <tuple>
#include <utility>

#include "base/text.h"
#include "endpoint.h"
#include "json/value.h"
#include "messages_media.h"
#include "tracking/artifacts.h"
#include "tracking/tracking.h"
#include "wire/api/routes.h"

namespace slipway::wire::api {
namespace {

using tracking::RunId;
using tracking::SeriesEntry;
using tracking::SeriesKind;
using tracking::Step;
using tracking::Tracking;

constexpr std::size_t kPieceSize = 256u << 10;
constexpr std::size_t kMostMetrics = 10'000;
constexpr std::size_t kMetricKeyLimit = 250;

struct Media {
  Tracking& tracking;
  tracking::Artifacts artifacts;
  Clock& clock;
  ForeignSeries foreign;
};

// "0.5", 0.5 and 1e-3 are steps; absent is 0.
Result<Step> step_of(const std::string& where, const json::Raw& raw) {
  if (raw.text == "null") return Step();
  SW_TRY(const auto value, json::parse_value(raw.text));
  std::string text = raw.text;
  if (value.is_string()) text = std::string_view(value.get_string());
  if (const auto step = Step::parse(text)) return *step;
  const bool exponent = text.find_first_of("eE") != std::string::npos;
  const auto number = exponent ? parse_double(text) : std::nullopt;
  if (number && *number > -1e15 && *number < 1e15) {
    // With an exponent: written out, to nine places.
    const auto whole = static_cast<std::int64_t>(std::floor(*number));
    const auto part = std::llround((*number - static_cast<double>(whole)) * Step::kParts);
    if (part == Step::kParts) return Step(whole + 1);
    return Step(whole, static_cast<std::int32_t>(part));
  }
  return invalid(where + "step: '" + text.substr(0, 100) + "' is no step",
                 "a decimal with up to nine places");
}

Result<Timestamp> time_of(const std::string& where, const json::Raw& raw, Timestamp now) {
  if (raw.text == "null") return now;
  SW_TRY(const auto value, json::parse_value(raw.text));
  if (value.is_int64() && value.get_int64() >= 0) return Timestamp{value.get_int64()};
  if (value.is_string()) {
    const auto parsed = parse_rfc3339(std::string_view(value.get_string()));
    if (parsed) return *parsed;
  }
  return invalid(where + "at: '" + raw.text.substr(0, 100) + "' is no time",
                 "RFC 3339, or milliseconds since 1970");
}

Result<double> value_of(const std::string& where, const json::Raw& raw) {
  SW_TRY(const auto value, json::parse_value(raw.text));
  if (value.is_number()) return value.to_number<double>();
  if (value.is_string()) {
    const auto text = std::string_view(value.get_string());
    if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
    if (text == "Infinity") return std::numeric_limits<double>::infinity();
    if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  }
  return invalid(where + "value: '" + raw.text.substr(0, 100) + "' is no number",
                 "a number, or \"NaN\", \"Infinity\", \"-Infinity\"");
}

Result<void> add(Media& media, const SeriesIn& in, const net::Request& request) {
  const auto now = media.clock.now();
  std::vector<SeriesEntry> entries;
  for (std::size_t i = 0; i < in.entries.size(); ++i) {
    const auto& from = in.entries[i];
    const auto where = "$.entries[" + std::to_string(i) + "].";
    SeriesEntry entry{.key = from.key, .path = from.path};
    SW_TRY(entry.kind, tracking::parse_series_kind(from.kind));
    SW_TRY(entry.step, step_of(where, from.step));
    SW_TRY(entry.at, time_of(where, from.at, now));
    if (from.content && from.content->text != "null") entry.content = from.content->text;
    entries.push_back(std::move(entry));
  }
  return media.tracking.series().add(RunId(request.param("id")), entries);
}

// What MLflow's interface cannot say: metrics at fractions of a step.
Result<void> log_metrics(Media& media, const MetricsIn& in, const net::Request& request) {
  const auto now = media.clock.now();
  if (in.metrics.size() > kMostMetrics) {
    return invalid("$.metrics: " + std::to_string(in.metrics.size()) + " are too many at once",
                   "send at most " + std::to_string(kMostMetrics));
  }
  tracking::Batch batch;
  for (std::size_t i = 0; i < in.metrics.size(); ++i) {
    const auto& from = in.metrics[i];
    const auto where = "$.metrics[" + std::to_string(i) + "].";
    if (from.key.empty() || from.key.size() > kMetricKeyLimit || !is_valid_utf8(from.key) ||
        from.key.find_first_of(std::string_view("\0\n\r\t", 4)) != std::string::npos) {
      return invalid(where + "key: '" + from.key.substr(0, 100) + "' cannot name a metric",
                     "1 to 250 bytes of UTF-8 on one line");
    }
    tracking::Metric metric{.key = from.key};
    SW_TRY(metric.value, value_of(where, from.value));
    SW_TRY(metric.step, step_of(where, from.step));
    SW_TRY(metric.at, time_of(where, from.at, now));
    batch.metrics.push_back(std::move(metric));
  }
  return media.tracking.runs().log(RunId(request.param("id")), batch);
}

Result<std::vector<SeriesEntry>> foreign_of(Media& media, const net::Request& request) {
  if (!media.foreign) return std::vector<SeriesEntry>();
  SW_TRY(const auto run, media.tracking.runs().get(RunId(request.param("id"))));
  return media.foreign(run);
}

SeriesOut to_wire(const tracking::SeriesSummary& from) {
  return {from.key,           std::string(name_of(from.kind)), from.entries, {from.first.text()},
          {from.last.text()}, to_rfc3339(from.last_at)};
}

// Those that a client keeps as files in its own way follow on the last page.
Result<SeriesList> list(Media& media, const net::Request& request) {
  SW_TRY(const auto page, page_of(request));
  SW_TRY(const auto found, media.tracking.series().list(RunId(request.param("id")), page));
  SeriesList out;
  for (const auto& each : found.items) out.items.push_back(to_wire(each));
  out.next_page_token = found.next_token;
  if (!found.next_token.empty()) return out;
  SW_TRY(const auto foreign, foreign_of(media, request));
  std::map<std::string, tracking::SeriesSummary> by_key;
  for (const auto& entry : foreign) {
    auto& at = by_key[entry.key];
    const bool first = at.entries++ == 0;
    at.key = entry.key;
    at.kind = entry.kind;
    if (first || entry.step < at.first) at.first = entry.step;
    if (first || std::pair(at.last, at.last_at) < std::pair(entry.step, entry.at)) {
      at.last = entry.step;
      at.last_at = entry.at;
    }
  }
  for (const auto& [key, summary] : by_key) out.items.push_back(to_wire(summary));
  return out;
}

SeriesEntryOut to_wire(const SeriesEntry& from) {
  SeriesEntryOut out{{from.step.text()}, to_rfc3339(from.at), {}, {}};
  if (from.path.empty()) {
    out.content.text = from.content;
  } else {
    out.path.emplace(from.path);
  }
  return out;
}

// Pages over what lies in files by its name; the token counts.
Result<SeriesEntries> foreign_entries(Media& media, const net::Request& request,
                                      const std::optional<Step>& since, const PageRequest& page) {
  const auto& key = request.param("key");
  SW_TRY(auto found, foreign_of(media, request));
  std::erase_if(found, [&](const SeriesEntry& entry) {
    return entry.key != key || (since && entry.step < *since);
  });
  std::sort(found.begin(), found.end(), [](const SeriesEntry& a, const SeriesEntry& b) {
    return std::tie(a.step, a.at, a.path) < std::tie(b.step, b.at, b.path);
  });
  const auto start = page.token.empty() ? 0 : parse_int(page.token).value_or(-1);
  if (start < 0) return invalid("page_token: it is none of ours", "take it from the page before");
  SeriesEntries out{.key = key, .kind = "", .items = {}, .next_page_token = ""};
  for (auto i = static_cast<std::size_t>(start); i < found.size(); ++i) {
    if (out.items.size() == page.size) {
      out.next_page_token = std::to_string(i);
      break;
    }
    out.kind = name_of(found[i].kind);
    out.items.push_back(to_wire(found[i]));
  }
  if (found.empty()) {
    return not_found("run '" + request.param("id") + "' has no series '" + key + "'");
  }
  return out;
}

Result<SeriesEntries> entries(Media& media, const net::Request& request) {
  const auto& key = request.param("key");
  SW_TRY(const auto page, page_of(request));
  std::optional<Step> since;
  if (const auto text = request.query_value("since_step"); text && !text->empty()) {
    since = Step::parse(*text);
    if (!since) return invalid("since_step: '" + *text + "' is no decimal");
  }
  const RunId id(request.param("id"));
  SW_TRY(const auto whole, media.tracking.series().entries(id, key, {}, {.size = 1}));
  if (whole.items.empty()) return foreign_entries(media, request, since, page);
  SW_TRY(const auto found, media.tracking.series().entries(id, key, since, page));
  SeriesEntries out{.key = key,
                    .kind = std::string(name_of(whole.items[0].kind)),
                    .items = {},
                    .next_page_token = found.next_token};
  for (const auto& entry : found.items) out.items.push_back(to_wire(entry));
  return out;
}

// A name for a file of a series: no folder of its own, nothing hidden, the ending by its type.
std::string file_name(const std::string& key, const SeriesEntry& entry, std::string_view type) {
  static constexpr std::pair<std::string_view, std::string_view> kEndings[] = {
      {"image/png", ".png"},   {"image/jpeg", ".jpg"},    {"image/gif", ".gif"},
      {"image/webp", ".webp"}, {"image/svg+xml", ".svg"}, {"audio/wav", ".wav"},
      {"audio/x-wav", ".wav"}, {"audio/mpeg", ".mp3"},    {"application/json", ".json"},
      {"text/csv", ".csv"},    {"text/plain", ".txt"},    {"text/html", ".html"}};
  std::string out = "series/";
  for (const char c : key) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_';
    out += plain ? c : '_';
  }
  if (out.size() > 100) out.resize(100);
  out += "/" + entry.step.text() + "-" + std::to_string(entry.at.ms);
  for (const auto& [name, ending] : kEndings) {
    if (type.substr(0, type.find(';')) == name) return out + std::string(ending);
  }
  return out;
}

// The body is the file; ?kind=, ?step= and ?at= say what it is of the series.
Result<net::Response> put_file(Media& media, const net::Request& request) {
  const auto& key = request.param("key");
  const auto text = [&](const char* name) {
    const auto found = request.query_value(name).value_or("");
    json::Raw out;
    if (!found.empty()) {
      out.text.clear();
      if (parse_int(found)) {
        out.text = found;
      } else {
        append_json_string(out.text, found);
      }
    }
    return out;
  };
  SeriesEntry entry{.key = key};
  SW_TRY(entry.kind, tracking::parse_series_kind(request.query_value("kind").value_or("file")));
  SW_TRY(entry.step, step_of("", text("step")));
  SW_TRY(entry.at, time_of("", text("at"), media.clock.now()));
  SW_TRY(const auto run, media.tracking.runs().get(RunId(request.param("id"))));
  entry.path = file_name(key, entry, request.headers.get("content-type"));
  SW_CHECK_OK(tracking::check_entry(entry));
  SW_TRY(const auto writer, media.artifacts.put(run.artifact_root, entry.path));
  std::string piece(kPieceSize, '\0');
  SeriesFile out{.path = entry.path, .sha256 = "", .size = 0};
  for (;;) {
    SW_TRY(const auto n, request.source->read(piece.data(), piece.size()));
    if (n == 0) break;
    SW_CHECK_OK(writer->write(std::string_view(piece).substr(0, n)));
    out.size += static_cast<std::int64_t>(n);
  }
  SW_TRY(out.sha256, writer->finish());
  SW_CHECK_OK(media.tracking.series().add(run.id, {entry}));
  return net::Response::json(201, json::dump(out));
}

Result<ConsoleTotal> append(Media& media, const ConsoleIn& in, const net::Request& request) {
  const auto now = media.clock.now();
  std::vector<tracking::ConsoleLine> lines;
  lines.reserve(in.lines.size());
  for (std::size_t i = 0; i < in.lines.size(); ++i) {
    const auto& from = in.lines[i];
    const auto where = "$.lines[" + std::to_string(i) + "].";
    if (from.stream != "stdout" && from.stream != "stderr") {
      return invalid(where + "stream: expected stdout or stderr, got '" +
                     from.stream.substr(0, 100) + "'");
    }
    SW_TRY(const auto at, time_of(where, from.at, now));
    lines.push_back(
        {from.stream == "stderr" ? tracking::ConsoleStream::err : tracking::ConsoleStream::out, at,
         from.text});
  }
  SW_TRY(const auto total,
         media.tracking.console().append(RunId(request.param("id")), std::move(lines), in.first));
  return ConsoleTotal{total};
}

Result<ConsoleOut> read_console(Media& media, const net::Request& request) {
  constexpr std::int64_t kMost = std::int64_t{1} << 50;
  SW_TRY(const auto from, int_query(request, "from", 0, -kMost, kMost));
  SW_TRY(const auto limit, int_query(request, "limit", 1'000, 1, 10'000));
  SW_TRY(const auto page, media.tracking.console().read(RunId(request.param("id")), from,
                                                        static_cast<std::size_t>(limit)));
  ConsoleOut out{.items = {}, .next = page.first, .total = page.total, .ended = page.ended};
  for (const auto& line : page.lines) {
    out.items.push_back(
        {out.next++, std::string(name_of(line.stream)), to_rfc3339(line.at), line.text});
  }
  return out;
}

}  // namespace

void add_series_routes(net::Router& router, Tracking& tracking, blob::BlobStore& blobs,
                       Clock& clock, ForeignSeries foreign) {
  const auto media = std::make_shared<Media>(
      Media{tracking, tracking::Artifacts(blobs), clock, std::move(foreign)});
  Endpoints<Media> at{router, media};
  at.post("/runs/{id}/metrics", log_metrics,
          {.action = "run.write", .summary = "Log metrics, at decimal steps", .status = 204});
  at.get(
      "/runs/{id}/series", list,
      {.action = "run.read", .summary = "Typed series of a run: images, tables, histograms, .."});
  at.post("/runs/{id}/series", add,
          {.action = "run.write", .summary = "Add entries to typed series", .status = 204});
  at.get("/runs/{id}/series/{key...}", entries,
         {.action = "run.read", .summary = "Entries of a series by step, from ?since_step= on"});
  at.post("/runs/{id}/console", append,
          {.action = "run.write", .summary = "Append lines that a run printed"});
  at.get("/runs/{id}/console", read_console,
         {.action = "run.read", .summary = "What a run printed, from line ?from= on"});
  router.add({.method = net::Method::put,
              .pattern = "/api/v1/runs/{id}/series/{key...}",
              .wire = "api",
              .action = "run.write",
              .summary = "Add a file (the body) to a series: ?kind=, ?step=, ?at=",
              .handler =
                  [media](const net::Request& request) {
                    auto out = put_file(*media, request);
                    return out ? *std::move(out) : problem(request, out.error());
                  },
              .streams_body = true});
}

}  // namespace slipway::wire::api
