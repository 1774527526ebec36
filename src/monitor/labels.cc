// SPDX-License-Identifier: Apache-2.0
// Outcomes meet their predictions: stored ones, ones that wait to be stored, ones still to come.
#include <algorithm>
#include <set>
#include <utility>

#include "base/text.h"
#include "impl.h"
#include "meter/meter.h"
#include "segments.h"

namespace slipway::monitor {
namespace {

constexpr std::size_t kMostWaitingLabels = 100'000;
constexpr std::size_t kDecodedChunks = 16;
constexpr std::int64_t kDefaultWindow = 500;
constexpr std::int64_t kMostExplained = 5'000;
constexpr std::int64_t kExplainedChunks = 50;
constexpr std::size_t kLeastBefore = 200;

Outcome outcome_of(const Chunk& chunk, std::size_t row, const std::string& label) {
  return {.request_id = chunk.ids[row],
          .model = chunk.model,
          .version = chunk.version,
          .at = chunk.at[row],
          .label = label,
          .answer = answer_of(chunk, row)};
}

bool same_place(const Outcome& a, const Outcome& b) {
  return a.request_id == b.request_id && a.model == b.model && a.version == b.version;
}

// What the endpoint's rule says of it; nothing when there is no rule, or no such metric.
std::pair<std::optional<Cause>, bool> verdict_of(const QualityWindow& window,
                                                 const Settings& watched) {
  if (!watched.quality) return {};
  const auto& rule = *watched.quality;
  for (const auto& [name, value] : window.metrics) {
    if (name != rule.metric) continue;
    const bool low = rule.min && value < *rule.min;
    const bool high = rule.max && value > *rule.max;
    const double limit = low || !rule.max ? rule.min.value_or(0) : *rule.max;
    Cause cause{.endpoint = window.endpoint,
                .model = window.model,
                .version = window.version,
                .kind = AlertKind::quality,
                .report_id = window.id,
                .value = value,
                .threshold = limit,
                .rows = window.labelled};
    cause.message = name + " of version " + window.version + " is " + number_text(value) + " on " +
                    std::to_string(window.labelled) + " labelled predictions, " +
                    (high ? "at most " : "at least ") + number_text(limit) + " is wanted";
    return {std::move(cause), low || high};
  }
  return {};
}

}  // namespace

void RequestIndex::add(std::int64_t chunk, const std::vector<std::uint64_t>& hashes) {
  Part part{.chunk = chunk};
  part.entries.reserve(hashes.size());
  for (std::uint32_t row = 0; row < hashes.size(); ++row)
    part.entries.emplace_back(hashes[row], row);
  std::sort(part.entries.begin(), part.entries.end());
  parts.push_back(std::move(part));
}

void RequestIndex::forget_before(std::int64_t chunk) {
  while (!parts.empty() && parts.front().chunk < chunk) parts.pop_front();
}

std::vector<std::pair<std::int64_t, std::uint32_t>> RequestIndex::find(std::uint64_t hash) const {
  std::vector<std::pair<std::int64_t, std::uint32_t>> out;
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    auto at = std::lower_bound(part->entries.begin(), part->entries.end(), Entry{hash, 0});
    for (; at != part->entries.end() && at->first == hash; ++at) {
      out.emplace_back(part->chunk, at->second);
    }
  }
  return out;
}

Result<RequestIndex*> Monitor::Impl::index_of(const std::string& endpoint) {
  const auto found = indexes.find(endpoint);
  // What others stored since is not in it; reading all again is what it costs to share a store.
  constexpr std::int64_t kFreshNs = 1'000'000'000;
  const auto now = clock.monotonic_ns();
  auto& read_ns = index_read_ns[endpoint];
  if (found != indexes.end() && (!shared() || now - read_ns < kFreshNs)) return &found->second;
  if (found != indexes.end()) indexes.erase(found);
  read_ns = now;
  SW_TRY(const auto stored,
         db.read([&](store::Connection& c) { return records::hashes(c, endpoint); }));
  auto& index = indexes[endpoint];
  for (const auto& part : stored) index.add(part.chunk, part.hashes);
  return &index;
}

Result<std::map<std::string, std::string>*> Monitor::Impl::waiting_of(const std::string& endpoint) {
  const auto found = waiting_labels.find(endpoint);
  if (found != waiting_labels.end()) return &found->second;
  SW_TRY(auto stored, db.read([&](store::Connection& c) {
    return records::waiting(c, endpoint, static_cast<std::int64_t>(kMostWaitingLabels));
  }));
  return &(waiting_labels[endpoint] = std::move(stored));
}

Result<const Chunk*> Monitor::Impl::answers_of(std::int64_t chunk) {
  for (const auto& decoded : recent_answers) {
    if (decoded.id == chunk) return &decoded;
  }
  SW_TRY(auto stored, db.read([&](store::Connection& c) { return records::answers(c, chunk); }));
  if (!stored) return static_cast<const Chunk*>(nullptr);
  if (recent_answers.size() >= kDecodedChunks) recent_answers.pop_front();
  recent_answers.push_back(*std::move(stored));
  return &recent_answers.back();
}

Result<std::vector<Outcome>> Monitor::Impl::find_stored(const std::string& endpoint,
                                                        const Label& label) {
  std::vector<Outcome> out;
  SW_TRY(const auto* index, index_of(endpoint));
  for (const auto& [id, row] : index->find(hash_of(label.request_id))) {
    SW_TRY(const Chunk* chunk, answers_of(id));
    if (chunk == nullptr || row >= chunk->rows() || chunk->ids[row] != label.request_id) continue;
    auto outcome = outcome_of(*chunk, row, label.value);
    const bool newer =
        std::any_of(out.begin(), out.end(), [&](const auto& o) { return same_place(o, outcome); });
    if (!newer) out.push_back(std::move(outcome));  // an id that was used twice: the last one
  }
  return out;
}

std::vector<Outcome> Monitor::Impl::find_open(const std::string& endpoint, const Label& label) {
  std::vector<Outcome> out;
  const auto search = [&](const Chunk& chunk) {
    if (chunk.endpoint != endpoint) return;
    const auto at = std::find(chunk.ids.rbegin(), chunk.ids.rend(), label.request_id);
    if (at == chunk.ids.rend()) return;
    const auto row = static_cast<std::size_t>(chunk.ids.rend() - at) - 1;
    out.push_back(outcome_of(chunk, row, label.value));
  };
  const std::scoped_lock lock(open_mutex);
  for (const auto& [key, waiting] : open) search(waiting.chunk);
  for (const auto& chunk : full) search(chunk);
  return out;
}

Result<FeedbackAnswer> Monitor::Impl::feedback(const std::string& endpoint,
                                               const std::vector<Label>& labels) {
  const std::scoped_lock lock(store_mutex);
  SW_CHECK_OK(recover());
  FeedbackAnswer answer;
  std::vector<Outcome> found;
  std::vector<Label> unknown;
  for (const auto& label : labels) {
    SW_TRY(auto outcomes, find_stored(endpoint, label));
    for (auto& outcome : find_open(endpoint, label)) outcomes.push_back(std::move(outcome));
    if (outcomes.empty()) {
      SW_TRY(const auto known, db.read([&](store::Connection& c) {
        return records::label_of(c, endpoint, label.request_id);
      }));
      known ? ++answer.accepted : ++answer.unknown;
      if (!known) unknown.push_back(label);
      continue;
    }
    ++answer.accepted;
    std::move(outcomes.begin(), outcomes.end(), std::back_inserter(found));
  }
  SW_TRY(auto* waiting, waiting_of(endpoint));
  const std::size_t room = kMostWaitingLabels - std::min(kMostWaitingLabels, waiting->size());
  if (unknown.size() > room) unknown.resize(room);
  if (!unknown.empty()) {
    SW_CHECK_OK(db.write([&](store::Connection& c) -> Result<void> {
      for (const auto& label : unknown) {
        SW_CHECK_OK(records::put_waiting(c, endpoint, label, clock.now()));
      }
      return {};
    }));
    for (const auto& label : unknown) (*waiting)[label.request_id] = label.value;
  }
  answer.waiting = static_cast<std::int64_t>(unknown.size());
  SW_CHECK_OK(add_outcomes(endpoint, found));
  return answer;
}

// Predictions that came after their label.
Result<void> Monitor::Impl::join_waiting(const std::vector<Chunk>& chunks) {
  for (const auto& chunk : chunks) {
    SW_TRY(auto* waiting, waiting_of(chunk.endpoint));
    if (waiting->empty()) continue;
    std::vector<Outcome> found;
    for (std::size_t row = 0; row < chunk.rows(); ++row) {
      const auto label = waiting->find(chunk.ids[row]);
      if (label != waiting->end()) found.push_back(outcome_of(chunk, row, label->second));
    }
    if (found.empty()) continue;
    SW_CHECK_OK(add_outcomes(chunk.endpoint, found));
    for (const auto& outcome : found) waiting->erase(outcome.request_id);
  }
  return {};
}

Result<void> Monitor::Impl::add_outcomes(const std::string& endpoint,
                                         const std::vector<Outcome>& outcomes) {
  if (outcomes.empty()) return {};
  std::vector<bool> fresh;
  std::int64_t first_seq = next_seq;
  // Read first: what is written now must not be counted twice.
  for (const auto& o : outcomes) {
    if (auto state = quality_of_key({endpoint, o.model, o.version}); !state) return state.error();
  }
  SW_CHECK_OK(db.write([&](store::Connection& c) -> Result<void> {
    fresh.clear();
    if (shared()) {
      SW_TRY(const auto last, records::last_seq(c));
      first_seq = std::max(next_seq, last + 1);
    }
    std::int64_t seq = first_seq;
    for (const auto& outcome : outcomes) {
      SW_TRY(const bool added, records::add_outcome(c, endpoint, outcome, seq++));
      fresh.push_back(added);
      SW_CHECK_OK(records::remove_waiting(c, endpoint, outcome.request_id));
    }
    return {};
  }));
  next_seq = first_seq + static_cast<std::int64_t>(outcomes.size());
  if (shared()) return compares ? take_outcomes() : Result<void>();
  std::map<ChunkKey, std::vector<Outcome>> came;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (!fresh[i]) continue;
    const ChunkKey key{endpoint, outcomes[i].model, outcomes[i].version};
    came[key].push_back(outcomes[i]);
    came[key].back().seq = first_seq + static_cast<std::int64_t>(i);
    SW_TRY(auto* state, quality_of_key(key));
    state->outcomes.push_back(outcomes[i]);
    state->last_seq = first_seq + static_cast<std::int64_t>(i);
    SW_CHECK_OK(close_if_full(key, *state));
  }
  for (const auto& [key, ones] : came) SW_CHECK_OK(feed(key, ones));
  return {};
}

Result<void> Monitor::Impl::close_if_full(const ChunkKey& key, QualityState& state) {
  SW_TRY(const auto watched, settings_of(key.endpoint));
  const std::int64_t wanted = watched->quality ? watched->quality->window_rows : kDefaultWindow;
  if (static_cast<std::int64_t>(state.outcomes.size()) < wanted) return {};
  return close_quality(key, state, *watched);
}

Result<void> Monitor::Impl::take_outcomes() {
  SW_TRY(const auto last, db.read([](store::Connection& c) { return records::last_seq(c); }));
  if (last == seen_seq) return {};
  if (last < seen_seq) seen_seq = 0;  // the newest were removed, and their numbers are given anew
  SW_TRY(const auto keys,
         db.read([&](store::Connection& c) { return records::keys_of_outcomes(c, seen_seq); }));
  for (const auto& key : keys) SW_CHECK_OK(take_outcomes(key));
  seen_seq = last;
  return {};
}

Result<void> Monitor::Impl::take_outcomes(const ChunkKey& key) {
  SW_TRY(auto* state, quality_of_key(key));
  SW_TRY(auto news, db.read([&](store::Connection& c) {
    return records::outcomes_after(c, key, state->last_seq);
  }));
  SW_CHECK_OK(feed(key, news));
  for (auto& outcome : news) {
    outcome.model = key.model;
    outcome.version = key.version;
    state->last_seq = outcome.seq;
    state->outcomes.push_back(std::move(outcome));
    if (compares) SW_CHECK_OK(close_if_full(key, *state));
  }
  return {};
}

Result<QualityState*> Monitor::Impl::quality_of_key(const ChunkKey& key) {
  const auto found = quality.find(key);
  if (found != quality.end()) return &found->second;
  QualityState state;
  SW_CHECK_OK(db.read([&](store::Connection& c) -> Result<void> {
    SW_TRY(state.last_seq, records::quality_seq(c, key));
    if (shared()) return {};  // take_outcomes brings them one by one, and closes what is full
    SW_TRY(state.outcomes, records::outcomes_after(c, key, state.last_seq));
    return {};
  }));
  for (auto& outcome : state.outcomes) {
    outcome.model = key.model;
    outcome.version = key.version;
    state.last_seq = outcome.seq;
  }
  return &(quality[key] = std::move(state));
}

QualityWindow Monitor::Impl::window_of(const ChunkKey& key,
                                       const std::vector<Outcome>& outcomes) const {
  QualityWindow out{.endpoint = key.endpoint,
                    .model = key.model,
                    .version = key.version,
                    .labelled = static_cast<std::int64_t>(outcomes.size()),
                    .open = true,
                    .metrics = metrics_of(outcomes)};
  const auto [first, last] = std::minmax_element(
      outcomes.begin(), outcomes.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
  out.window_start = {first->at};
  out.window_end = {last->at};
  return out;
}

Result<void> Monitor::Impl::close_quality(const ChunkKey& key, QualityState& state,
                                          const Settings& watched) {
  auto window = window_of(key, state.outcomes);
  window.open = false;
  window.id = ids.sortable();
  const auto [cause, red] = verdict_of(window, watched);
  if (red) SW_CHECK_OK(explain_quality(key, state.outcomes, watched, window));
  SW_CHECK_OK(db.write(
      [&](store::Connection& c) { return records::put_quality(c, window, state.last_seq); }));
  state.outcomes.clear();
  show(window);
  if (!cause) return {};
  auto told = *cause;
  if (window.drop) told.message += words_of(*window.drop);
  return note(told, red, watched, watched.windows);
}

Result<void> Monitor::Impl::explain_quality(const ChunkKey& key,
                                            const std::vector<Outcome>& outcomes,
                                            const Settings& watched, QualityWindow& window) {
  SW_TRY(const auto before_seq,
         db.read([&](store::Connection& c) { return records::quality_seq(c, key); }));
  SW_TRY(const auto earlier, db.read([&](store::Connection& c) {
    return records::outcomes_to(c, key, before_seq, kMostExplained);
  }));
  auto first = window.window_start;
  for (const auto& outcome : earlier) first = std::min(first, Timestamp{outcome.at});
  SW_TRY(const auto chunks, db.read([&](store::Connection& c) {
    return records::chunks_between(c, key, first, window.window_end, kExplainedChunks);
  }));
  const auto now = rows_with_losses(chunks, outcomes);
  auto before = rows_with_losses(chunks, earlier);
  if (before.losses.size() < kLeastBefore) {
    if (const auto profile = profile_of(key.model, key.version)) {
      before = rows_with_losses(**profile);
    }
  }
  window.drop = explain_drop(before, now, watched);
  return {};
}

void Monitor::Impl::show(const QualityWindow& window) {
  for (const auto& [name, value] : window.metrics) {
    meters
        .gauge("slipway_quality", "Quality of the last window of labelled predictions.",
               {{"endpoint", window.endpoint},
                {"model", window.model},
                {"version", window.version},
                {"metric", name}})
        .set(value);
  }
}

}  // namespace slipway::monitor
