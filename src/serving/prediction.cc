// SPDX-License-Identifier: Apache-2.0
#include "serving/prediction.h"

#include <algorithm>
#include <deque>
#include <limits>
#include <map>
#include <mutex>
#include <utility>

#include "base/recycle.h"
#include "meter/meter.h"

namespace slipway::serving {
namespace {

// An image is not a row of features: of a wider tensor only the first values are recorded.
constexpr std::size_t kMaxValuesPerTensor = 512;
constexpr std::size_t kMaxBytes = 64 << 20;
constexpr std::size_t kRecent = 64;
constexpr std::size_t kRecentBytes = 4 << 20;  // of an endpoint
constexpr std::size_t kMaxRowsOfAnExchange = 100'000;
constexpr std::int64_t kRowsAtOnce = 8'192;  // from so many on no further exchange is taken

std::size_t width_of(const Tensor& tensor) {
  return std::min(tensor.row_size(), kMaxValuesPerTensor);
}

void append_fields(const Tensor& tensor, std::vector<PredictionSchema::Field>& out) {
  const bool text = tensor.dtype() == DType::bytes;
  const std::size_t width = width_of(tensor);
  if (tensor.row_size() == 1 && tensor.labels == nullptr) {
    out.push_back({tensor.name, text});
    return;
  }
  for (std::size_t i = 0; i < width; ++i) {
    const bool labelled = tensor.labels != nullptr && i < tensor.labels->size();
    out.push_back({tensor.name + "_" + (labelled ? (*tensor.labels)[i] : std::to_string(i)), text});
  }
}

void append_values(const Tensor& tensor, std::size_t row, std::vector<Value>& out) {
  const std::size_t from = row * tensor.row_size();
  const std::size_t width = width_of(tensor);
  for (std::size_t i = from; i < from + width; ++i) {
    if (i >= tensor.count()) {
      out.emplace_back(std::numeric_limits<double>::quiet_NaN());
    } else if (tensor.dtype() == DType::bytes) {
      out.emplace_back(tensor.texts()[i]);
    } else {
      out.emplace_back(tensor.number_at(i));
    }
  }
}

std::size_t bytes_of(const Exchange& exchange) {
  std::size_t bytes = sizeof(Exchange) + 256;
  for (const auto* tensors : {&exchange.inputs, &exchange.outputs}) {
    for (const auto& tensor : *tensors) {
      bytes += sizeof(Tensor) + tensor.count() * std::max<std::size_t>(size_of(tensor.dtype()), 40);
    }
  }
  return bytes;
}

}  // namespace

PredictionSchema schema_of(const Tensors& inputs, const Tensors& outputs,
                           const std::vector<std::string>& columns) {
  PredictionSchema schema;
  for (const auto& tensor : inputs) append_fields(tensor, schema.features);
  for (const auto& tensor : outputs) append_fields(tensor, schema.outputs);
  if (columns.size() == schema.features.size()) {
    for (std::size_t i = 0; i < columns.size(); ++i) schema.features[i].name = columns[i];
  }
  return schema;
}

void append_rows(const Exchange& exchange, std::size_t max_rows, std::vector<Prediction>& out) {
  const auto rows = std::min<std::size_t>(static_cast<std::size_t>(exchange.rows), max_rows);
  for (std::size_t row = 0; row < rows; ++row) {
    Prediction p;
    p.endpoint = exchange.endpoint;
    p.model = exchange.model;
    p.version = exchange.version;
    p.request_id =
        exchange.rows == 1 ? exchange.request_id : exchange.request_id + "/" + std::to_string(row);
    p.row = static_cast<std::int64_t>(row);
    p.at = exchange.at;
    p.latency_us = exchange.latency_us;
    p.shadow = exchange.shadow;
    p.schema = exchange.schema;
    p.error = exchange.error;
    if (exchange.schema != nullptr) {
      p.features.reserve(exchange.schema->features.size());
      p.outputs.reserve(exchange.schema->outputs.size());
    }
    for (const auto& tensor : exchange.inputs) append_values(tensor, row, p.features);
    for (const auto& tensor : exchange.outputs) append_values(tensor, row, p.outputs);
    out.push_back(std::move(p));
  }
}

struct PredictionLog::Impl {
  using Shared = std::shared_ptr<const Exchange>;

  mutable std::mutex mutex;
  std::size_t capacity;
  std::size_t bytes = 0;
  std::deque<Shared> ring;
  struct Recent {
    std::deque<Shared> exchanges;
    std::size_t bytes = 0;
  };
  std::map<std::string, Recent> recent;
  meter::Counter& dropped;
  meter::Counter& thinned;
  meter::Counter& captured;
};

PredictionLog::PredictionLog(std::size_t capacity, meter::Registry& meters)
    : impl_(new Impl{.capacity = capacity,
                     .dropped = meters.counter(
                         "slipway_serving_predictions_dropped_total",
                         "Recorded requests lost because the ring of predictions was full"),
                     .thinned = meters.counter(
                         "slipway_serving_predictions_thinned_total",
                         "Requests not recorded because their endpoint records enough a second"),
                     .captured = meters.counter("slipway_serving_predictions_recorded_total",
                                                "Requests recorded for monitoring")}) {}

PredictionLog::~PredictionLog() = default;

void PredictionLog::thin() {
  impl_->thinned.add();
}

bool PredictionLog::offer(Exchange exchange) {
  const std::size_t bytes = bytes_of(exchange);
  Impl::Shared oldest;  // dies after the lock
  const auto shared = make_recycled<const Exchange>(std::move(exchange));
  const std::scoped_lock lock(impl_->mutex);
  if (bytes <= kRecentBytes) {
    auto& [exchanges, held] = impl_->recent[shared->endpoint];
    exchanges.push_back(shared);
    held += bytes;
    while (exchanges.size() > kRecent || held > kRecentBytes) {
      held -= std::min(held, bytes_of(*exchanges.front()));
      oldest = std::move(exchanges.front());
      exchanges.pop_front();
    }
  }
  if (impl_->ring.size() >= impl_->capacity || impl_->bytes + bytes > kMaxBytes) {
    impl_->dropped.add();
    return false;
  }
  impl_->bytes += bytes;
  impl_->ring.push_back(shared);
  impl_->captured.add();
  return true;
}

std::size_t PredictionLog::drain(std::vector<Prediction>& into, std::size_t limit) {
  std::vector<Impl::Shared> taken;
  std::int64_t rows = 0;
  {
    const std::scoped_lock lock(impl_->mutex);
    while (!impl_->ring.empty() && taken.size() < limit && rows < kRowsAtOnce) {
      rows += impl_->ring.front()->rows;
      impl_->bytes -= std::min(impl_->bytes, bytes_of(*impl_->ring.front()));
      taken.push_back(std::move(impl_->ring.front()));
      impl_->ring.pop_front();
    }
  }
  for (auto& exchange : taken) {
    append_rows(*exchange, kMaxRowsOfAnExchange, into);
    exchange.reset();  // not all of them and all of their rows at the same time
  }
  return taken.size();
}

std::vector<Prediction> PredictionLog::recent(const std::string& endpoint,
                                              std::size_t limit) const {
  std::vector<Impl::Shared> newest;
  {
    const std::scoped_lock lock(impl_->mutex);
    const auto found = impl_->recent.find(endpoint);
    if (found == impl_->recent.end()) return {};
    newest.assign(found->second.exchanges.rbegin(), found->second.exchanges.rend());
  }
  std::vector<Prediction> out;
  for (const auto& exchange : newest) {
    if (out.size() >= limit) break;
    append_rows(*exchange, limit - out.size(), out);
  }
  return out;
}

void PredictionLog::forget(const std::string& endpoint) {
  const std::scoped_lock lock(impl_->mutex);
  impl_->recent.erase(endpoint);
}

std::uint64_t PredictionLog::dropped() const {
  return static_cast<std::uint64_t>(impl_->dropped.value());
}

}  // namespace slipway::serving
