// SPDX-License-Identifier: Apache-2.0
#include "runs/batch_reader.h"

#include "json/reader.h"

namespace slipway::wire::mlflow {
namespace {

using json::Reader;

// Each reader below answers false for what is not plain, be it wrong or not.

bool read_text(Reader& in, std::string& out) {
  std::string_view text;
  if (!out.empty() || in.peek() != Reader::Kind::string || !in.read(text)) return false;
  out = text;
  return true;
}

bool read_whole(Reader& in, std::int64_t& out) {
  Reader::Number number;
  if (in.peek() != Reader::Kind::number || !in.read(number) || !number.is_integer) return false;
  out = number.integer;
  return true;
}

// The members of a metric; `seen` has a bit for each number that came.
bool read_field(Reader& in, std::string_view key, LogMetric& out, unsigned& seen) {
  constexpr unsigned kStep = 1;
  if (key == "key") return read_text(in, out.key);
  if (key == "value") {
    Reader::Number number;
    if (out.value || in.peek() != Reader::Kind::number || !in.read(number)) return false;
    out.value = number.real;
    return true;
  }
  if (key == "timestamp") {
    std::int64_t at = 0;
    if (out.timestamp || !read_whole(in, at)) return false;
    out.timestamp = at;
    return true;
  }
  if (key == "step") {
    if ((seen & kStep) != 0) return false;
    seen |= kStep;
    return read_whole(in, out.step);
  }
  if (key == "run_id") return read_text(in, out.run_id);
  if (key == "run_uuid") return read_text(in, out.run_uuid);
  if (key == "model_id") return read_text(in, out.model_id);
  if (key == "dataset_name") return read_text(in, out.dataset_name);
  if (key == "dataset_digest") return read_text(in, out.dataset_digest);
  return false;
}

bool read_metric(Reader& in, LogMetric& out) {
  unsigned seen = 0;
  std::string_view key;
  if (!in.begin_object()) return false;
  while (in.next_key(key)) {
    if (!read_field(in, key, out, seen)) return false;
  }
  return in.ok();
}

bool read_pair(Reader& in, KeyValue& out) {
  std::string_view key;
  if (!in.begin_object()) return false;
  while (in.next_key(key)) {
    if (!(key == "key" ? read_text(in, out.key) : key == "value" && read_text(in, out.value))) {
      return false;
    }
  }
  return in.ok();
}

template <class Item>
bool read_list(Reader& in, std::vector<Item>& out, bool (*read_item)(Reader&, Item&)) {
  if (!out.empty() || in.peek() != Reader::Kind::array || !in.begin_array()) return false;
  while (in.next_element()) {
    if (!read_item(in, out.emplace_back())) return false;
  }
  return in.ok();
}

}  // namespace

std::optional<LogBatch> read_plain_batch(std::string_view body) {
  constexpr std::size_t kMetric = 72;  // bytes of one, about
  Reader in(body);
  LogBatch out;
  std::string_view key;
  if (in.peek() != Reader::Kind::object || !in.begin_object()) return std::nullopt;
  out.metrics.reserve(std::min<std::size_t>(1000, body.size() / kMetric));
  while (in.next_key(key)) {
    const bool plain = key == "run_id"    ? read_text(in, out.run_id)
                       : key == "metrics" ? read_list(in, out.metrics, read_metric)
                       : key == "params"  ? read_list(in, out.params, read_pair)
                       : key == "tags"    ? read_list(in, out.tags, read_pair)
                                          : false;
    if (!plain) return std::nullopt;
  }
  if (!in.finish()) return std::nullopt;
  return out;
}

std::optional<LogMetric> read_plain_metric(std::string_view body) {
  Reader in(body);
  LogMetric out;
  if (in.peek() != Reader::Kind::object || !read_metric(in, out) || !in.finish()) {
    return std::nullopt;
  }
  return out;
}

}  // namespace slipway::wire::mlflow
