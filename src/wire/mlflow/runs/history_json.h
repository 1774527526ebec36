// SPDX-License-Identifier: Apache-2.0
// Histories as JSON, written straight from the points: a chart or a download holds very many.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/http.h"
#include "tracking/types.h"

namespace slipway::wire::mlflow {

// Builds {"metrics":[..]}; without points the list is left out, as in every answer of this wire.
class HistoryJson {
 public:
  // Of one metric; `run` names the points' run, or is empty.
  void append(std::string_view key, const std::vector<tracking::Point>& points,
              std::string_view run = {});
  // The end of the object.
  std::string finish(std::string_view next_token = {});
  // What was built so far, to be sent before the rest.
  std::string take() { return std::exchange(out_, {}); }

 private:
  std::string out_ = "{";
  bool any_ = false;
};

// A history that is sent while it is read, a page at a time. `first` was read already; `next` reads
// the page of a token.
using NextPage = std::function<Result<Page<tracking::Point>>(const std::string& token)>;
net::Response stream_history(std::string key, Page<tracking::Point> first, NextPage next);

}  // namespace slipway::wire::mlflow
