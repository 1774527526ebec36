// SPDX-License-Identifier: Apache-2.0
// Detectors on the streams of predictions and of their errors: fed as rows are stored and outcomes
// come, saved after each batch, brought up to date after a restart.
#include <algorithm>
#include <utility>

#include "base/text.h"
#include "impl.h"
#include "streams.h"

namespace slipway::monitor {
namespace {

std::optional<double> prediction_of(const Chunk& chunk, std::size_t row) {
  if (!chunk.errors[row].empty()) return std::nullopt;
  for (std::size_t i = chunk.outputs.size(); i-- > 0;) {
    if (!chunk.schema->outputs[i].text) return single(chunk.outputs[i].numbers[row]);
  }
  return std::nullopt;
}

std::optional<double> error_of(const Outcome& outcome) {
  const auto verdict = judge(outcome.label, outcome.answer);
  if (verdict.error && !verdict.correct) return std::abs(*verdict.error);
  if (verdict.correct) return *verdict.correct ? 0 : 1;
  return std::nullopt;
}

}  // namespace

Result<std::vector<Stream>*> Monitor::Impl::streams_of(const ChunkKey& key) {
  SW_TRY(const auto watched, settings_of(key.endpoint));
  auto& streams = detectors[key];
  const bool same = std::equal(
      streams.begin(), streams.end(), watched->detectors.begin(), watched->detectors.end(),
      [](const Stream& stream, const DetectorRule& rule) { return stream.rule() == rule; });
  if (same) return &streams;
  std::vector<double> reference;
  if (const auto profile = profile_of(key.model, key.version)) {
    const auto* column = (*profile)->find("prediction");
    if (column != nullptr) reference = column->sample.values;
  }
  std::vector<Stream> fresh;
  for (const auto& rule : watched->detectors) {
    fresh.emplace_back(rule, rule.on == "prediction" ? reference : std::vector<double>());
    SW_CHECK_OK(db.read([&](store::Connection& c) { return records::load(c, key, fresh.back()); }));
  }
  for (auto& stream : fresh) {
    if (stream.rule().on != "error" || stream.seen_to == 0) continue;
    SW_TRY(const auto missed, db.read([&](store::Connection& c) {
      return records::outcomes_after(c, key, stream.seen_to);
    }));
    for (const auto& outcome : missed) {
      const auto error = error_of(outcome);
      if (error && stream.update(*error)) stream.changed = clock.now().ms;
      stream.seen_to = outcome.seq;
    }
  }
  streams = std::move(fresh);
  return &streams;
}

Result<void> Monitor::Impl::feed(const Chunk& chunk) {
  const ChunkKey key{chunk.endpoint, chunk.model, chunk.version};
  SW_TRY(const auto watched, settings_of(chunk.endpoint));
  if (watched->detectors.empty() || !watched->enabled) return {};
  SW_TRY(auto* streams, streams_of(key));
  for (auto& stream : *streams) {
    if (stream.rule().on != "prediction" || chunk.id <= stream.loaded_to) continue;
    bool changed = false;
    for (std::size_t row = 0; row < chunk.rows(); ++row) {
      const auto x = prediction_of(chunk, row);
      if (x && stream.update(*x)) {
        changed = true;
        stream.changed = chunk.at[row];
      }
    }
    stream.seen_to = std::max(stream.seen_to, chunk.id);
    stream.unsaved = true;
    if (changed) SW_CHECK_OK(tell_change(key, stream, *watched));
  }
  return save(key, *streams);
}

Result<void> Monitor::Impl::feed_missed() {
  constexpr std::int64_t kAtOnce = 8;
  for (const auto& [key, window] : windows) {
    SW_TRY(const auto watched, settings_of(key.endpoint));
    if (watched->detectors.empty()) continue;
    SW_TRY(auto* streams, streams_of(key));
    std::int64_t from = 0;
    for (const auto& stream : *streams) {
      if (stream.rule().on != "prediction" || stream.seen_to == 0) continue;
      from = from == 0 ? stream.seen_to : std::min(from, stream.seen_to);
    }
    while (from > 0) {
      SW_TRY(const auto chunks, db.read([&](store::Connection& c) {
        return records::chunks_from(c, key, from + 1, kAtOnce);
      }));
      for (const auto& chunk : chunks) {
        SW_CHECK_OK(feed(chunk));
        from = chunk.id;
      }
      if (chunks.size() < static_cast<std::size_t>(kAtOnce)) break;
    }
  }
  return {};
}

Result<void> Monitor::Impl::feed(const ChunkKey& key, const std::vector<Outcome>& outcomes) {
  SW_TRY(const auto watched, settings_of(key.endpoint));
  if (outcomes.empty() || watched->detectors.empty() || !watched->enabled || !compares) return {};
  SW_TRY(auto* streams, streams_of(key));
  for (auto& stream : *streams) {
    if (stream.rule().on != "error") continue;
    bool changed = false;
    for (const auto& outcome : outcomes) {
      if (outcome.seq <= stream.seen_to) continue;
      const auto error = error_of(outcome);
      changed |= error && stream.update(*error);
      stream.seen_to = outcome.seq;
      stream.unsaved = true;
    }
    if (!changed) continue;
    stream.changed = clock.now().ms;
    SW_CHECK_OK(tell_change(key, stream, *watched));
  }
  return save(key, *streams);
}

// The alert first: what is told twice is told once, what is saved first might never be told.
Result<void> Monitor::Impl::tell_change(const ChunkKey& key, const Stream& stream,
                                        const Settings& watched) {
  Cause cause{.endpoint = key.endpoint,
              .model = key.model,
              .version = key.version,
              .kind = AlertKind::change,
              .value = static_cast<double>(stream.seen())};
  cause.message = std::string(name_of(stream.rule().kind)) + " sees a change of the " +
                  (stream.rule().on == "error" ? "errors" : "predictions") + " of version " +
                  key.version + " after " + std::to_string(stream.seen()) +
                  (stream.rule().on == "error" ? " outcomes" : " predictions");
  return note(cause, true, watched, 1);
}

Result<void> Monitor::Impl::save(const ChunkKey& key, std::vector<Stream>& streams) {
  const bool any = std::any_of(streams.begin(), streams.end(), [](auto& s) { return s.unsaved; });
  if (!any) return {};
  SW_CHECK_OK(db.write([&](store::Connection& c) -> Result<void> {
    for (const auto& stream : streams) {
      if (stream.unsaved) SW_CHECK_OK(records::save(c, key, stream));
    }
    return {};
  }));
  for (auto& stream : streams) stream.unsaved = false;
  return {};
}

Result<void> Monitor::Impl::judge_changes(const Window& window, const Settings& watched) {
  if (watched.detectors.empty()) return {};
  std::int64_t last = 0;
  {
    const std::scoped_lock lock(store_mutex);
    const auto found = detectors.find({window.endpoint, window.model, window.version});
    if (found == detectors.end()) return {};
    for (const auto& stream : found->second) last = std::max(last, stream.changed);
  }
  if (last >= window.first.ms) return {};
  Cause cause{.endpoint = window.endpoint,
              .model = window.model,
              .version = window.version,
              .kind = AlertKind::change};
  return note(cause, false, watched, watched.windows);
}

}  // namespace slipway::monitor
