// SPDX-License-Identifier: Apache-2.0
#include "serving/target.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include "routing.h"

namespace slipway::serving {
namespace {

using Outcome = VersionRecord::Outcome;

Outcome outcome_of(const Result<Tensors>& answer) {
  if (answer) return Outcome::answered;
  const auto code = answer.error().code;
  if (code == Code::invalid_argument) return Outcome::rejected;
  const bool late = code == Code::exhausted || code == Code::deadline;
  return late ? Outcome::refused : Outcome::failed;
}

// What must be known when the answer comes.
struct Pending {
  std::shared_ptr<const Routing> routing;  // keeps the version loaded
  const Lane* lane = nullptr;
  std::string request_id;
  std::int64_t start_ns = 0;
  std::int64_t ready_ns = 0;  // read and checked
  std::int64_t rows = 0;
  bool shadow = false;
  bool sampled = false;
  Tensors inputs;       // of sampled requests
  bool scored = false;  // the caller wants RowScorer's tensors
  Tensors scored_inputs;
  std::optional<ResponseCache::Key> key;
  Target::Done done;
};

void record(Pending& pending, const Result<Tensors>& answer) {
  auto& endpoint = *pending.routing->endpoint;
  const auto& lane = *pending.lane;
  const auto now = endpoint.clock.monotonic_ns();
  const auto us = (now - pending.start_ns) / 1000;
  if (lane.record != nullptr) {
    if (pending.shadow) {
      lane.record->count_shadow(outcome_of(answer), us);
    } else {
      lane.record->count(outcome_of(answer), pending.rows, us, now);
    }
  }
  if (!pending.sampled) return;
  Exchange exchange{.endpoint = endpoint.name,
                    .model = lane.servable->package().model,
                    .version = lane.version,
                    .request_id = std::move(pending.request_id),
                    .at = endpoint.clock.now(),
                    .latency_us = us,
                    .shadow = pending.shadow,
                    .rows = pending.rows,
                    .inputs = std::move(pending.inputs)};
  if (answer) {
    exchange.outputs = *answer;
  } else {
    exchange.error = answer.error().message;
  }
  exchange.schema = lane.servable->schema(exchange.inputs, exchange.outputs);
  endpoint.log.offer(std::move(exchange));
}

Result<Tensors> scores_of(const Routing& routing, const Lane& lane, const Tensors& inputs,
                          std::int64_t rows) {
  const auto* scorer = routing.endpoint->scorer;
  if (scorer == nullptr || !*scorer) return unavailable("rows are not measured here");
  const auto& package = lane.servable->package();
  Exchange exchange{.endpoint = routing.endpoint->name,
                    .model = package.model,
                    .version = lane.version,
                    .rows = rows,
                    .schema = lane.servable->schema(inputs, {}),
                    .inputs = inputs};
  return (*scorer)(exchange);
}

// What the endpoint's guard says of a request that fits the model.
Result<void> guarded(const EndpointState& endpoint, const Lane& lane, const Batcher::Job& job,
                     std::string_view request_id) {
  auto* guard = endpoint.guard;
  if (guard == nullptr || endpoint.name.empty() || !guard->watches(endpoint.name)) return {};
  if (job.inputs.front().name == kBody) return {};  // nothing to see in it
  return guard->look({.endpoint = endpoint.name,
                      .model = lane.servable->package().model,
                      .version = lane.version,
                      .request_id = std::string(request_id),
                      .rows = job.rows,
                      .schema = lane.servable->schema(job.inputs, {}),
                      .inputs = job.inputs});
}

// Behind what the model answered; who asked for them gets them or an error.
void add_scores(const Pending& pending, Result<Tensors>& answer) {
  if (!pending.scored || !answer) return;
  auto scores = scores_of(*pending.routing, *pending.lane, pending.scored_inputs, pending.rows);
  if (!scores) {
    answer = std::move(scores.error());
    return;
  }
  for (auto& each : *scores) answer->push_back(std::move(each));
}

void finish(Pending& pending, Result<Tensors> answer) {
  auto& clock = pending.routing->endpoint->clock;
  const auto answered = clock.monotonic_ns();
  const bool ran = answer.ok() && pending.lane->record != nullptr && pending.ready_ns != 0;
  if (pending.key && answer) pending.routing->endpoint->cache.put(*pending.key, *answer);
  record(pending, answer);
  add_scores(pending, answer);
  pending.done(std::move(answer));
  if (!ran) return;
  pending.lane->record->phases(pending.ready_ns - pending.start_ns, answered - pending.ready_ns,
                               clock.monotonic_ns() - answered);
}

// FNV-1a: not the library's, which may change between builds.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  }
  return hash;
}

// Two endpoints, or an endpoint and its shadow, may have the same version and the same ids.
std::shared_ptr<const SequenceAsk> scoped(const std::shared_ptr<const SequenceAsk>& ask,
                                          const Lane& lane, const std::string& endpoint) {
  if (ask == nullptr) return nullptr;
  if (lane.servable->sequences() == nullptr && !lane.servable->is_graph()) return nullptr;
  auto out = std::make_shared<SequenceAsk>(*ask);
  out->scope += (lane.spec.shadow ? "~" : "/") + endpoint;
  return out;
}

bool sampled(EndpointState& endpoint, std::uint64_t turn, std::int64_t rows, std::int64_t now_ns) {
  const double rate = endpoint.sample_rate.load(std::memory_order_relaxed);
  if (rate < 1 && (rate <= 0 || share_of_turn(turn * 7 + 3) >= rate)) return false;
  if (endpoint.budget.take(rows, now_ns)) return true;
  endpoint.log.thin();
  return false;
}

}  // namespace

double share_of_turn(std::uint64_t turn) {
  // The fractional part of turn / golden ratio, in 64 bits.
  return static_cast<double>((turn * 0x9E3779B97F4A7C15ULL) >> 11) * 0x1.0p-53;
}

const Lane* Routing::pick(std::uint64_t turn, const Caller* caller) const {
  if (caller != nullptr && has_rules) {
    for (const auto& lane : lanes) {
      if (lane.spec.header.empty() || lane.servable == nullptr) continue;
      if (caller->header(lane.spec.header) == lane.spec.header_value) return &lane;
    }
  }
  if (caller != nullptr && !sticky.empty()) {
    // The same text gets the same share for ever: who was with the challenger at 5 % stays with it
    // while its weight grows.
    const auto key = caller->header(sticky);
    if (!key.empty()) return pick(share_of_turn(hash_of(key)));
  }
  return pick(share_of_turn(turn));
}

const Lane* Routing::pick(double share) const {
  double total = 0;
  for (const auto& lane : lanes) {
    if (!lane.spec.shadow && lane.servable != nullptr) total += lane.spec.weight;
  }
  double at = share * total;
  const Lane* last = nullptr;
  for (const auto& lane : lanes) {
    if (lane.spec.shadow || lane.servable == nullptr || lane.spec.weight <= 0) continue;
    last = &lane;
    if (at < lane.spec.weight) return last;
    at -= lane.spec.weight;
  }
  return last;
}

const Lane* Routing::find(const std::string& version) const {
  const Lane* shadow = nullptr;
  for (const auto& lane : lanes) {
    if (lane.version != version || lane.servable == nullptr) continue;
    if (!lane.spec.shadow) return &lane;
    shadow = &lane;
  }
  return shadow;
}

const std::string& Target::endpoint() const {
  return routing_->endpoint->name;
}
const std::string& Target::model() const {
  return lane_->servable->package().model;
}
const std::string& Target::version() const {
  return lane_->version;
}
std::string_view Target::platform() const {
  return lane_->servable->platform();
}
const Package& Target::package() const {
  return lane_->servable->package();
}
const Signature& Target::signature() const {
  return lane_->servable->signature();
}
const FrameLayout& Target::layout() const {
  return lane_->servable->layout();
}
bool Target::has_columns() const {
  return !lane_->servable->package().columns.empty();
}

Tensor Target::body(std::string content_type, std::string bytes) {
  return Tensor::of_texts(kBody, {2}, {std::move(content_type), std::move(bytes)});
}

Result<Explanation> Target::explain(Tensors inputs) const {
  auto& clock = routing_->endpoint->clock;
  const auto begun = clock.monotonic_ns();
  SW_TRY(const auto job, lane_->servable->arrange(std::move(inputs)));
  auto out = lane_->servable->explain(job.inputs);
  if (out && lane_->record != nullptr) lane_->record->explained(clock.monotonic_ns() - begun);
  return out;
}

const SequenceSpec* Target::sequences() const {
  return lane_->servable->sequences();
}

Target Target::follow(const SequenceAsk& ask) const {
  auto& routes = routing_->endpoint->sequences;
  const auto now = routing_->endpoint->clock.monotonic_ns();
  if (ask.start) {
    const bool keeps = sequences() != nullptr || lane_->servable->is_graph();
    if (keeps && !ask.end) routes.put(ask, routing_, *lane_, now);
    return *this;
  }
  auto kept = routes.find(ask, now);
  return kept ? *std::move(kept) : *this;
}

Result<Tensors> Target::outliers(Tensors inputs) const {
  SW_TRY(const auto job, lane_->servable->arrange(std::move(inputs)));
  return scores_of(*routing_, *lane_, job.inputs, job.rows);
}

void Target::reject(const Error&) const {
  if (lane_->record == nullptr) return;
  lane_->record->count(Outcome::rejected, 0, 0, routing_->endpoint->clock.monotonic_ns());
}

void Target::infer(Call call, Done done) const {
  auto& endpoint = *routing_->endpoint;
  if (call.received_ns == 0) call.received_ns = endpoint.clock.monotonic_ns();
  const auto latest =
      call.received_ns + static_cast<std::int64_t>(endpoint.timeout_ms.load()) * 1'000'000;
  if (call.deadline_ns == 0 || call.deadline_ns > latest) call.deadline_ns = latest;
  if (!call.piece) mirror(call);
  auto job = lane_->servable->arrange(std::move(call.inputs));
  if (!job) {
    reject(job.error());
    return done(std::move(job.error()));
  }
  if (auto fine = guarded(endpoint, *lane_, *job, call.request_id); !fine) {
    reject(fine.error());
    return done(std::move(fine.error()));
  }
  const auto turn = endpoint.turn.fetch_add(1, std::memory_order_relaxed);
  auto pending = make_recycled<Pending>();
  pending->routing = routing_;
  pending->lane = lane_;
  pending->start_ns = call.received_ns;
  pending->rows = job->rows;
  pending->done = std::move(done);
  job->piece = std::move(call.piece);
  job->sequence = scoped(call.sequence, *lane_, endpoint.name);
  if (endpoint.cache.is_on() && !job->piece && job->sequence == nullptr) {
    pending->key =
        ResponseCache::key_of(lane_->servable->package().model, lane_->version, job->inputs);
  }
  const bool body = job->inputs.front().name == kBody;  // no features to record
  pending->sampled =
      !body && !endpoint.name.empty() && sampled(endpoint, turn, job->rows, call.received_ns);
  if (lane_->servable->is_graph()) job->request_id = call.request_id;
  if (pending->sampled) {
    pending->request_id = call.request_id;
    pending->inputs = job->inputs;
  }
  pending->scored = call.outliers && !body;
  if (pending->scored) pending->scored_inputs = job->inputs;
  job->done_waits = pending->scored || call.done_waits;
  job->deadline_ns = call.deadline_ns;
  job->received_ns = call.received_ns;
  job->priority = call.priority;
  job->cancelled = std::move(call.cancelled);
  job->traceparent = std::move(call.traceparent);
  if (pending->key) {
    auto known = endpoint.cache.find(*pending->key);
    const auto took = endpoint.clock.monotonic_ns() - call.received_ns;
    lane_->servable->stats().cache(known.has_value(), took);
    if (known) {
      pending->key.reset();  // it is there
      return finish(*pending, *std::move(known));
    }
  }
  job->done = [pending](Result<Tensors> answer) { finish(*pending, std::move(answer)); };
  pending->ready_ns = endpoint.clock.monotonic_ns();
  auto taken = lane_->servable->submit(*std::move(job));
  if (!taken) {
    pending->sampled = false;
    finish(*pending, std::move(taken.error()));
  }
}

// Copies for the shadows. A shadow that cannot take them, or is full, only counts that.
void Target::mirror(const Call& call) const {
  auto& endpoint = *routing_->endpoint;
  for (const auto& lane : routing_->lanes) {
    if (!lane.spec.shadow || lane.servable == nullptr || &lane == lane_) continue;
    const auto turn = endpoint.turn.fetch_add(1, std::memory_order_relaxed);
    const auto sequence = scoped(call.sequence, lane, endpoint.name);
    // All of a sequence, or nothing of it.
    const auto share = share_of_turn(sequence == nullptr ? turn : hash_of(sequence->id));
    if (share * 100 >= lane.spec.weight) continue;
    auto pending = make_recycled<Pending>();
    pending->routing = routing_;
    pending->lane = &lane;
    pending->start_ns = call.received_ns;
    pending->shadow = true;
    auto job = lane.servable->arrange(call.inputs);
    if (!job) {
      record(*pending, std::move(job.error()));
      continue;
    }
    pending->rows = job->rows;
    pending->sampled = sampled(endpoint, turn, job->rows, call.received_ns);
    if (pending->sampled) {
      pending->request_id = call.request_id;
      pending->inputs = job->inputs;
    }
    job->deadline_ns = call.deadline_ns;
    job->sequence = sequence;
    job->done = [pending](Result<Tensors> answer) { record(*pending, answer); };
    if (auto taken = lane.servable->submit(*std::move(job)); !taken) {
      pending->sampled = false;
      record(*pending, std::move(taken.error()));
    }
  }
}

Result<Tensors> Target::infer_and_wait(Call call) const {
  struct Wait {
    std::mutex mutex;
    std::condition_variable ready;
    std::optional<Result<Tensors>> answer;
  };
  auto wait = std::make_shared<Wait>();
  infer(std::move(call), [wait](Result<Tensors> answer) {
    const std::scoped_lock lock(wait->mutex);
    wait->answer.emplace(std::move(answer));
    wait->ready.notify_one();
  });
  std::unique_lock lock(wait->mutex);
  wait->ready.wait(lock, [&] { return wait->answer.has_value(); });
  return *std::move(wait->answer);
}

}  // namespace slipway::serving
