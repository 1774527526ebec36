// SPDX-License-Identifier: Apache-2.0
#include "streams.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "pack.h"

namespace slipway::monitor {
namespace {

// How the ranks of a reference in itself scatter: 1/12 without ties.
double deviation_of(const stats::Ranks& ranks, const std::vector<double>& reference) {
  double squares = 0;
  for (const double x : reference) squares += (ranks.of(x) - 0.5) * (ranks.of(x) - 0.5);
  const double variance = squares / static_cast<double>(reference.size());
  return variance > 0 ? std::sqrt(variance) : 1;
}

std::unique_ptr<stats::Detector> detector_of(const DetectorRule& rule, double deviation,
                                             std::size_t reference) {
  using Kind = DetectorRule::Kind;
  // The reference is a sample itself: its mean is known to three standard errors.
  const double slack = 3 * deviation / std::sqrt(static_cast<double>(reference));
  switch (rule.kind) {
    case Kind::adwin:
      return std::make_unique<stats::Adwin>(
          stats::Adwin::Options{.delta = rule.delta.value_or(0.002)});
    case Kind::page_hinkley: {
      stats::PageHinkley::Options options;
      options.delta = rule.delta.value_or(options.delta);
      options.threshold = rule.threshold.value_or(options.threshold);
      return std::make_unique<stats::PageHinkley>(options);
    }
    case Kind::cusum: {
      stats::Cusum::Options options{.mean = 0.5, .deviation = deviation};
      options.slack = rule.delta.value_or(options.slack);
      options.threshold = rule.threshold.value_or(
          stats::Cusum::threshold_for(rule.average_run_length, options.slack));
      return std::make_unique<stats::Cusum>(options);
    }
    case Kind::e_detector:
      break;
  }
  return std::make_unique<stats::EDetector>(stats::EDetector::Options{
      .mean = 0.5, .slack = slack, .average_run_length = rule.average_run_length});
}

}  // namespace

Stream::Stream(DetectorRule rule, std::vector<double> reference)
    : rule_(std::move(rule)), reference_(std::move(reference)) {
  own_reference_ = reference_.size() < kLearnt;
  if (own_reference_) {
    reference_.clear();
  } else {
    begin();
  }
}

void Stream::begin() {
  ranks_.emplace(reference_);
  detector_ = detector_of(rule_, deviation_of(*ranks_, reference_), reference_.size());
}

bool Stream::update(double x) {
  if (!std::isfinite(x)) return false;
  ++seen_;
  unsaved = true;
  if (!detector_) {
    reference_.push_back(x);
    if (reference_.size() == kLearnt) begin();
    return false;
  }
  if (!detector_->update(ranks_->of(x))) return false;
  ++changes_;
  return true;
}

std::string Stream::pack() const {
  PackWriter out;
  out.number(own_reference_ ? 1 : 0);
  if (own_reference_) {
    out.number(reference_.size());
    for (const double x : reference_) out.float64(x);
  }
  const auto state = detector_ ? detector_->state() : std::vector<double>();
  out.number(state.size());
  for (const double x : state) out.float64(x);
  return out.finish();
}

bool Stream::unpack(std::string_view bytes, std::int64_t seen, std::int64_t changes) {
  PackReader in(bytes);
  const bool own = in.number() == 1;
  std::vector<double> reference;
  if (own) reference.resize(std::min(in.count(), kLearnt));
  for (double& x : reference) x = in.float64();
  std::vector<double> state(in.count());
  for (double& x : state) x = in.float64();
  if (!in.ok()) return false;
  Stream fresh(rule_, own ? std::vector<double>() : reference_);
  if (fresh.own_reference_ != own) return false;
  if (own) {
    fresh.reference_ = std::move(reference);
    if (fresh.reference_.size() == kLearnt) fresh.begin();
  }
  if (fresh.detector_ && !fresh.detector_->restore(state)) return false;
  fresh.seen_ = seen;
  fresh.changes_ = changes;
  fresh.seen_to = seen_to;
  fresh.changed = changed;
  *this = std::move(fresh);
  return true;
}

}  // namespace slipway::monitor
