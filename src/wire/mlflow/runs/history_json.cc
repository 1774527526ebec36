// SPDX-License-Identifier: Apache-2.0
#include "runs/history_json.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "base/text.h"

namespace slipway::wire::mlflow {
namespace {

template <class Number>
void append_number(std::string& out, Number number) {
  char text[32];
  out.append(text, std::to_chars(text, text + sizeof(text), number).ptr);
}

// The infinities as the largest numbers, as the original answers them.
void append_value(std::string& out, double value) {
  constexpr double kLargest = std::numeric_limits<double>::max();
  if (std::isnan(value)) {
    out += "\"NaN\"";
  } else {
    append_number(out, std::isinf(value) ? std::copysign(kLargest, value) : value);
  }
}

class HistoryStream : public net::BodyProducer {
 public:
  HistoryStream(std::string key, Page<tracking::Point> first, NextPage next)
      : key_(std::move(key)), token_(first.next_token), next_(std::move(next)) {
    take(first);
  }

  Result<std::size_t> read(char* into, std::size_t size) override {
    if (sent_ == held_.size() && !over_) {
      SW_TRY(const auto page, next_(token_));
      token_ = page.next_token;
      take(page);
    }
    const auto count = std::min(size, held_.size() - sent_);
    std::memcpy(into, held_.data() + sent_, count);
    sent_ += count;
    return count;
  }

 private:
  void take(const Page<tracking::Point>& page) {
    json_.append(key_, page.items);
    over_ = page.next_token.empty();
    held_ = over_ ? json_.finish() : json_.take();
    sent_ = 0;
  }

  std::string key_;
  std::string token_;
  NextPage next_;
  HistoryJson json_;
  std::string held_;
  std::size_t sent_ = 0;
  bool over_ = false;
};

}  // namespace

void HistoryJson::append(std::string_view key, const std::vector<tracking::Point>& points,
                         std::string_view run) {
  std::string head = "{\"key\":";
  append_json_string(head, key);
  head += ",\"value\":";
  std::string tail = "}";
  if (!run.empty()) {
    tail = ",\"run_id\":";
    append_json_string(tail, run);
    tail += '}';
  }
  out_.reserve(out_.size() + points.size() * (head.size() + tail.size() + 64) + 64);
  for (const auto& point : points) {
    out_ += any_ ? "," : "\"metrics\":[";
    any_ = true;
    out_ += head;
    append_value(out_, point.value);
    out_ += ",\"timestamp\":";
    append_number(out_, point.at.ms);
    out_ += ",\"step\":";
    append_number(out_, point.step.whole());
    out_ += tail;
  }
}

std::string HistoryJson::finish(std::string_view next_token) {
  if (any_) out_ += ']';
  if (!next_token.empty()) {
    out_ += any_ ? ",\"next_page_token\":" : "\"next_page_token\":";
    append_json_string(out_, next_token);
  }
  out_ += '}';
  return take();
}

net::Response stream_history(std::string key, Page<tracking::Point> first, NextPage next) {
  auto response = net::Response::json(200, {});
  response.producer =
      std::make_shared<HistoryStream>(std::move(key), std::move(first), std::move(next));
  return response;
}

}  // namespace slipway::wire::mlflow
