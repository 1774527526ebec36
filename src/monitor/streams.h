// SPDX-License-Identifier: Apache-2.0
// One detector of the settings on the stream of one version: values are ranked in a reference, so
// that every stream is even over 0 .. 1 as long as nothing changes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "monitor/settings.h"
#include "stats/detectors.h"

namespace slipway::monitor {

class Stream {
 public:
  // The sample of predictions that came with the version; empty: the first kLearnt values are it.
  Stream(DetectorRule rule, std::vector<double> reference);

  // Whether a change is seen with this value. A value that is not finite says nothing.
  bool update(double x);

  const DetectorRule& rule() const { return rule_; }
  std::int64_t seen() const { return seen_; }
  std::int64_t changes() const { return changes_; }

  std::int64_t seen_to = 0;    // chunk or outcome up to which the stream is in
  std::int64_t loaded_to = 0;  // the same when it was read from the store
  std::int64_t changed = 0;    // when a change was last seen, ms; 0: never
  bool unsaved = false;

  std::string pack() const;
  // False: not a state of this rule; the stream is as before.
  bool unpack(std::string_view bytes, std::int64_t seen, std::int64_t changes);

  static constexpr std::size_t kLearnt = 500;
  static constexpr std::size_t kMostReference = 10'000;

 private:
  void begin();  // with the reference that is there

  DetectorRule rule_;
  bool own_reference_ = false;  // learnt from the stream: a part of the state
  std::vector<double> reference_;
  std::optional<stats::Ranks> ranks_;
  std::unique_ptr<stats::Detector> detector_;
  std::int64_t seen_ = 0;
  std::int64_t changes_ = 0;
};

}  // namespace slipway::monitor
