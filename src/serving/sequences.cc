// SPDX-License-Identifier: Apache-2.0
#include "sequences.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

namespace slipway::serving {
namespace {

constexpr std::size_t kMaxWaiting = 128;  // requests of one sequence

std::string key_of(const SequenceAsk& ask) {
  std::string out = ask.scope;
  out += '\0';
  out += ask.number ? '#' : '$';
  return out + ask.id;
}

// Of its own: a slice of a batch would keep the whole batch.
Tensor copy_of(const Tensor& from, const std::string& name) {
  if (from.dtype() == DType::bytes) {
    return Tensor::of_texts(name, from.shape(), {from.texts().begin(), from.texts().end()});
  }
  auto out = Tensor::make(name, from.dtype(), from.shape());
  if (const auto bytes = from.raw(); !bytes.empty()) {
    std::memcpy(out.mutable_data(), bytes.data(), bytes.size());
  }
  return out;
}

}  // namespace

Tensor memory_tensor(std::uint64_t memory) {
  auto out = Tensor::make(kMemory, DType::uint64, {1});
  std::memcpy(out.mutable_data(), &memory, sizeof memory);
  return out;
}

struct Sequences::Sequence {
  std::deque<std::shared_ptr<Job>> waiting;
  Tensors states;
  bool open = false;
  bool running = false;
  int instance = -1;
  std::int64_t used_ns = 0;
};

Sequences::Sequences(SequencePlan plan, std::string model, Clock& clock)
    : plan_(std::move(plan)), model_(std::move(model)), clock_(clock) {}

std::size_t Sequences::open() const {
  const std::scoped_lock lock(mutex_);
  return open_.size();
}

void Sequences::sweep() {
  const std::scoped_lock lock(mutex_);
  sweep_locked(clock_.monotonic_ns());
}

void Sequences::sweep_locked(std::int64_t now) {
  for (auto it = open_.begin(); it != open_.end();) {
    const auto& one = *it->second;
    const bool idle = !one.running && now - one.used_ns > plan_.spec->idle_us * 1000;
    it = idle ? open_.erase(it) : std::next(it);
  }
}

Error Sequences::not_started(const SequenceAsk& ask) const {
  return invalid("sequence " + ask.id.substr(0, 100) + " of model '" + model_ +
                     "' is not open: the first request of a sequence must say sequence_start",
                 "it may have ended, been idle for more than " +
                     std::to_string(plan_.spec->idle_us) + " us, or the server was started again");
}

Result<void> Sequences::submit(Job job, Submit next) {
  if (job.sequence == nullptr) {
    return invalid("model '" + model_ + "' keeps sequences: the request names none",
                   "send the parameter sequence_id, a number above 0 or a text");
  }
  if (plan_.by_row && job.rows != 1) {
    return invalid("a request of a sequence has one row, got " + std::to_string(job.rows));
  }
  const auto key = key_of(*job.sequence);
  const auto now = job.queued_ns = clock_.monotonic_ns();
  if (job.received_ns == 0) job.received_ns = now;
  Open sequence;
  {
    const std::scoped_lock lock(mutex_);
    SW_TRY(sequence, admit(job, key, now));
    sequence->waiting.push_back(std::make_shared<Job>(std::move(job)));
    if (std::exchange(sequence->running, true)) return {};
  }
  advance(key, sequence, next);
  return {};
}

Result<Sequences::Open> Sequences::admit(const Job& job, const std::string& key, std::int64_t now) {
  auto found = open_.find(key);
  if (found != open_.end() && !found->second->running &&
      now - found->second->used_ns > plan_.spec->idle_us * 1000) {
    open_.erase(found);
    found = open_.end();
  }
  if (found != open_.end()) {
    if (found->second->waiting.size() >= kMaxWaiting) {
      return exhausted(std::to_string(kMaxWaiting) + " requests of sequence " +
                           job.sequence->id.substr(0, 100) + " wait already",
                       "wait for answers before sending more");
    }
    return found->second;
  }
  if (!job.sequence->start) return not_started(*job.sequence);
  if (open_.size() >= plan_.spec->most) sweep_locked(now);
  if (open_.size() >= plan_.spec->most) {
    return exhausted("model '" + model_ + "' has " + std::to_string(open_.size()) +
                         " open sequences, as many as it may",
                     "end sequences with sequence_end, or raise max_candidate_sequences");
  }
  auto fresh = std::make_shared<Sequence>();
  if (plan_.instances > 0) fresh->instance = emptiest();
  return open_.emplace(key, std::move(fresh)).first->second;
}

int Sequences::emptiest() const {
  std::vector<std::size_t> held(static_cast<std::size_t>(plan_.instances), 0);
  for (const auto& [key, sequence] : open_) ++held[static_cast<std::size_t>(sequence->instance)];
  return static_cast<int>(std::min_element(held.begin(), held.end()) - held.begin());
}

// Hands on what comes next in the sequence, of which something waits; whoever has `running` calls
// it.
void Sequences::advance(const std::string& key, const Open& sequence, const Submit& next) {
  while (true) {
    std::shared_ptr<Job> job;
    Tensors states;
    bool known = true;
    {
      const std::scoped_lock lock(mutex_);
      job = std::move(sequence->waiting.front());
      sequence->waiting.pop_front();
      if (job->sequence->start) {
        sequence->open = true;
        sequence->states.clear();
        for (const auto& state : plan_.states) sequence->states.push_back(state.initial);
        if (plan_.remembered()) sequence->states.push_back(memory_tensor(0));
      }
      known = sequence->open;
      states = sequence->states;
    }
    const auto ask = job->sequence;
    auto full = known ? filled(*job, states, sequence->instance) : Result<Job>(not_started(*ask));
    auto taken = [&]() -> Result<void> {
      if (!full) return std::move(full.error());
      full->done = [self = shared_from_this(), key, sequence, job, next](Result<Tensors> answer) {
        bool more = false;
        auto mine = self->finish(key, sequence, *job->sequence, std::move(answer), more);
        job->done(std::move(mine));
        if (more) self->advance(key, sequence, next);
      };
      return next(*std::move(full));
    }();
    if (taken) return;
    bool more = false;
    auto refused = finish(key, sequence, *ask, std::move(taken.error()), more);
    job->done(std::move(refused));
    if (!more) return;
  }
}

Result<Sequences::Job> Sequences::filled(const Job& job, const Tensors& states,
                                         int instance) const {
  Job out;
  out.rows = job.rows;
  out.alone = job.alone;
  out.deadline_ns = job.deadline_ns;
  out.received_ns = job.received_ns;
  out.priority = job.priority;
  out.cancelled = job.cancelled;
  out.traceparent = job.traceparent;
  out.instance = instance;
  out.done_waits = job.done_waits;
  out.inputs.reserve(plan_.feeds.size());
  for (const auto& feed : plan_.feeds) {
    switch (feed.kind) {
      case SequencePlan::Feed::Kind::given:
        out.inputs.push_back(job.inputs[feed.at]);
        break;
      case SequencePlan::Feed::Kind::state:
        out.inputs.push_back(states[feed.at]);
        break;
      case SequencePlan::Feed::Kind::control: {
        SW_TRY(auto tensor, control(plan_.controls[feed.at], *job.sequence));
        out.inputs.push_back(std::move(tensor));
        break;
      }
    }
  }
  for (const auto& tensor : out.inputs) {
    if (tensor.shape().empty() || tensor.rows() != out.rows) out.alone = true;
  }
  if (plan_.remembered()) {  // a request that is tried again would be remembered twice
    out.inputs.push_back(states.back());
    out.alone = true;
  }
  return out;
}

Result<Tensor> Sequences::control(const SequencePlan::Filled& filled,
                                  const SequenceAsk& ask) const {
  switch (filled.kind) {
    case SequenceControl::Kind::start:
      return ask.start ? filled.on : filled.off;
    case SequenceControl::Kind::end:
      return ask.end ? filled.on : filled.off;
    case SequenceControl::Kind::ready:
      return filled.on;
    case SequenceControl::Kind::id:
      break;
  }
  const auto& shape = filled.off.shape();
  if (filled.spec.dtype == DType::bytes) {
    return Tensor::of_texts(filled.spec.name, shape,
                            std::vector<std::string>(filled.off.count(), ask.id));
  }
  if (!ask.number) {
    return invalid("the sequences of model '" + model_ + "' have numbers, got the text '" +
                   ask.id.substr(0, 100) + "'");
  }
  auto out = Tensor::make(filled.spec.name, filled.spec.dtype, shape);
  // Little endian: the low bytes of a wider number are the narrower one.
  const auto width = size_of(filled.spec.dtype);
  if (width < 8 && (*ask.number >> (width * 8)) != 0) {
    return invalid("sequence " + ask.id + " does not fit the " +
                   std::string(name_of(filled.spec.dtype)) + " that the model takes");
  }
  for (std::size_t i = 0; i < out.count(); ++i) {
    std::memcpy(static_cast<char*>(out.mutable_data()) + i * width, &*ask.number, width);
  }
  return out;
}

void Sequences::forget_closed(const std::string& key, const Open& sequence) {
  if (sequence->open) return;
  const auto found = open_.find(key);
  if (found != open_.end() && found->second == sequence) open_.erase(found);
}

// Keeps the states of an answer and takes them out of it.
Result<Tensors> Sequences::finish(const std::string& key, const Open& sequence,
                                  const SequenceAsk& ask, Result<Tensors> answer, bool& more) {
  Tensors states;
  Tensors shown;
  if (answer) {
    const auto& hidden = plan_.states;
    for (const auto& state : hidden) {
      const auto found = std::find_if(answer->begin(), answer->end(), [&](const Tensor& output) {
        return output.name == state.output;
      });
      if (found == answer->end()) {
        answer = Error{Code::failed_precondition,
                       "the model answered no '" + state.output + "', its next state",
                       {}};
        break;
      }
      states.push_back(copy_of(*found, state.input));
    }
  }
  if (answer && plan_.remembered()) {
    states.push_back(std::move(answer->back()));
    answer->pop_back();
  }
  if (answer) {
    const auto& kept = plan_.spec->shown;
    for (auto& output : *answer) {
      const bool is_state =
          std::any_of(plan_.states.begin(), plan_.states.end(),
                      [&](const auto& state) { return state.output == output.name; });
      if (is_state && std::find(kept.begin(), kept.end(), output.name) == kept.end()) continue;
      shown.push_back(std::move(output));
    }
  }
  const std::scoped_lock lock(mutex_);
  if (answer && !ask.end) sequence->states = std::move(states);
  if ((answer && ask.end) || (!answer && ask.start)) {
    sequence->open = false;
    sequence->states.clear();
  }
  // Before the caller is told: its place is free for the sequence that the caller starts next.
  more = !sequence->waiting.empty();
  if (!more) {
    sequence->running = false;
    sequence->used_ns = clock_.monotonic_ns();
    forget_closed(key, sequence);
  }
  if (!answer) return std::move(answer.error());
  return shown;
}

}  // namespace slipway::serving
