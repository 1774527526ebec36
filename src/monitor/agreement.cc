// SPDX-License-Identifier: Apache-2.0
#include "monitor/agreement.h"

#include <cmath>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/text.h"
#include "quality.h"
#include "records.h"

namespace slipway::monitor {
namespace {

constexpr std::size_t kMostReadings = 32;
constexpr std::size_t kMostWaiting = 50'000;  // rows of a side whose partner has not come
constexpr std::int64_t kChunksAtOnce = 500;

bool is_whole(double x) {
  return std::isfinite(x) && x == std::floor(x);
}

// The class that is answered: of a bare probability the more likely one. Nothing: it is a number.
std::optional<std::string> class_of(const Answer& answer) {
  const auto number = parse_double(answer.prediction);
  if (!number) {
    return answer.prediction.empty() ? std::nullopt : std::optional(answer.prediction);
  }
  if (answer.score && *number == *answer.score) {
    return std::string(*answer.score >= 0.5 ? "1" : "0");
  }
  return is_whole(*number) ? std::optional(number_text(*number)) : std::nullopt;
}

void add_pair(const Answer& version, const Answer& shadow, PairedAnswers& sum) {
  ++sum.pairs;
  const auto a = class_of(version);
  const auto b = class_of(shadow);
  if (a && b) {
    ++sum.classes;
    sum.equal += *a == *b ? 1 : 0;
  }
  const auto x = version.score ? version.score : parse_double(version.prediction);
  const auto y = shadow.score ? shadow.score : parse_double(shadow.prediction);
  if (!x || !y || !std::isfinite(*x) || !std::isfinite(*y)) return;
  const double difference = std::abs(*x - *y);
  ++sum.numbers;
  sum.difference += difference;
  sum.difference_squares += difference * difference;
  sum.x += *x;
  sum.y += *y;
  sum.xx += *x * *x;
  sum.yy += *y * *y;
  sum.xy += *x * *y;
}

// Rows whose partner has not come; the oldest are forgotten.
class Waiting {
 public:
  std::optional<Answer> take(const std::string& id) {
    const auto found = answers_.find(id);
    if (found == answers_.end()) return std::nullopt;
    auto out = std::move(found->second);
    answers_.erase(found);
    return out;
  }

  void put(const std::string& id, Answer answer) {
    if (!answers_.emplace(id, std::move(answer)).second) return;
    order_.push_back(id);
    if (order_.size() <= kMostWaiting) return;
    answers_.erase(order_.front());
    order_.pop_front();
  }

 private:
  std::unordered_map<std::string, Answer> answers_;
  std::deque<std::string> order_;  // also of those that were taken
};

}  // namespace

struct Pairs::Reading {
  std::int64_t seen_chunk = 0;
  PairedAnswers sum;
  Waiting version;
  Waiting shadow;

  void add(const Chunk& chunk, const PairQuery& query) {
    const bool is_version = chunk.version == query.version;
    for (std::size_t row = 0; row < chunk.rows(); ++row) {
      if (chunk.at[row] < query.since.ms || chunk.shadow[row] == is_version) continue;
      if (!chunk.errors[row].empty()) continue;
      auto answer = answer_of(chunk, row);
      auto& own = is_version ? version : shadow;
      if (const auto other = (is_version ? shadow : version).take(chunk.ids[row])) {
        add_pair(is_version ? answer : *other, is_version ? *other : answer, sum);
      } else {
        own.put(chunk.ids[row], std::move(answer));
      }
    }
  }
};

Pairs::Pairs(store::Database& db) : db_(db) {}
Pairs::~Pairs() = default;

Result<PairedAnswers> Pairs::look(const PairQuery& query) {
  const std::scoped_lock lock(mutex_);
  const Key key{query.endpoint, query.model, query.version, query.shadow, query.since.ms};
  auto& reading = readings_[key];
  if (reading == nullptr) {
    reading = std::make_unique<Reading>();
    order_.push_back(key);
    if (order_.size() > kMostReadings) {
      readings_.erase(order_.front());
      order_.pop_front();
    }
  }
  auto& at = *readings_[key];
  SW_TRY(const auto news, db_.read([&](store::Connection& c) {
    return c.all(
        "SELECT id FROM monitor_chunk WHERE endpoint = ? AND model = ? AND (version = ? OR "
        "version = ?) AND id > ? AND last_at >= ? ORDER BY id LIMIT " +
            std::to_string(kChunksAtOnce),
        {query.endpoint, query.model, query.version, query.shadow, at.seen_chunk, query.since.ms},
        [](const store::Row& row) { return row.int64(0); });
  }));
  for (const auto id : news) {
    SW_TRY(const auto chunk,
           db_.read([&](store::Connection& c) { return records::answers(c, id); }));
    if (chunk) at.add(*chunk, query);
    at.seen_chunk = id;
  }
  return at.sum;
}

}  // namespace slipway::monitor
