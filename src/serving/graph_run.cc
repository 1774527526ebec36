// SPDX-License-Identifier: Apache-2.0
#include "graph_run.h"

#include <algorithm>
#include <exception>
#include <mutex>
#include <optional>
#include <utility>

#include "graph_values.h"

namespace slipway::serving {
namespace {

using Outputs = Result<Tensors>;
using Done = std::function<void(Outputs)>;

struct Graph {
  GraphPlan plan;
  PickEndpoint pick;
  Clock& clock;
  std::vector<std::vector<std::size_t>> followers;  // by step
};

// One request on its way through the graph.
class Run : public std::enable_shared_from_this<Run> {
 public:
  Run(std::shared_ptr<const Graph> graph, Batcher::Job job, RunStats& stats)
      : graph_(std::move(graph)),
        job_(std::move(job)),
        stats_(stats),
        begun_ns_(graph_->clock.monotonic_ns()),
        values_(graph_->plan.slots),
        open_(graph_->plan.steps.size()) {
    if (job_.received_ns == 0) job_.received_ns = begun_ns_;
    for (std::size_t i = 0; i < job_.inputs.size(); ++i) values_[i] = job_.inputs[i];
    for (const auto& step : graph_->plan.steps) left_.push_back(step.needs.size());
  }

  void start() {
    std::vector<std::size_t> ready;
    for (std::size_t i = 0; i < left_.size(); ++i) {
      if (left_[i] == 0) ready.push_back(i);
    }
    for (const auto i : ready) begin(i);
  }

 private:
  const PlannedStep& step(std::size_t i) const { return graph_->plan.steps[i]; }

  void begin(std::size_t i) {
    try {
      switch (step(i).kind) {
        case GraphStep::Kind::call:
          return invoke(step(i).call, nullptr, done_of(i));
        case GraphStep::Kind::choose:
          return choose(i);
        case GraphStep::Kind::combine:
        case GraphStep::Kind::apply:
          return finish(i, compute(step(i)));
      }
    } catch (const std::exception& e) {
      finish(i, internal(std::string("it threw: ") + e.what()));
    }
  }

  Done done_of(std::size_t i) {
    return [self = shared_from_this(), i](Outputs outputs) { self->finish(i, std::move(outputs)); };
  }

  Result<Tensor> value(const GraphPick& pick) {
    Tensor whole;
    {
      const std::scoped_lock lock(mutex_);
      whole = values_[pick.slot];
    }
    if (pick.to == 0) return whole;
    return columns_of(whole, pick.from, pick.to);
  }

  Outputs compute(const PlannedStep& planned) {
    Tensors values;
    for (const auto& pick : planned.of) {
      SW_TRY(auto each, value(pick));
      values.push_back(std::move(each));
    }
    auto out = planned.kind == GraphStep::Kind::combine ? combined(planned.function, values)
                                                        : applied(planned.function, values[0]);
    if (!out) return std::move(out.error());
    return Tensors{*std::move(out)};
  }

  // The model's inputs; of some rows only when `rows` is given.
  Outputs inputs_of(const PlannedCall& call, const std::vector<std::size_t>* rows) {
    Tensors out;
    for (const auto& feed : call.feeds) {
      Tensors parts;
      for (const auto& pick : feed.parts) {
        SW_TRY(auto part, value(pick));
        parts.push_back(std::move(part));
      }
      SW_TRY(auto whole, beside(parts));
      SW_TRY(whole, fitted(whole, feed.spec));
      if (rows != nullptr) {
        if (whole.shape().empty() || whole.rows() != job_.rows) {
          return invalid("'" + whole.name + "' has not the rows of the request");
        }
        whole = gathered(whole, *rows);
      }
      out.push_back(std::move(whole));
    }
    return out;
  }

  void invoke(const PlannedCall& call, const std::vector<std::size_t>* rows, Done done) {
    auto inputs = inputs_of(call, rows);
    if (!inputs) return done(std::move(inputs.error()));
    if (call.servable == nullptr) {
      auto target = graph_->pick(call.endpoint);
      if (!target) {
        // It is not the caller's endpoint that is missing.
        if (target.error().code == Code::not_found) target.error().code = Code::unavailable;
        return done(std::move(target.error()));
      }
      if (job_.sequence != nullptr) target = target->follow(*job_.sequence);
      return target->infer({.request_id = job_.request_id,
                            .inputs = *std::move(inputs),
                            .received_ns = graph_->clock.monotonic_ns(),
                            .deadline_ns = job_.deadline_ns,
                            .priority = job_.priority,
                            .cancelled = job_.cancelled,
                            .sequence = job_.sequence,
                            .traceparent = job_.traceparent,
                            .done_waits = job_.done_waits},
                           std::move(done));
    }
    auto job = call.servable->arrange(*std::move(inputs));
    if (!job) return done(std::move(job.error()));
    job->received_ns = graph_->clock.monotonic_ns();
    job->deadline_ns = job_.deadline_ns;
    job->priority = job_.priority;
    job->cancelled = job_.cancelled;
    job->traceparent = job_.traceparent;
    job->done_waits = job_.done_waits;
    if (job_.sequence != nullptr && call.servable->sequences() != nullptr) {
      auto ask = std::make_shared<SequenceAsk>(*job_.sequence);
      ask->scope += '@' + std::to_string(reinterpret_cast<std::uintptr_t>(&call));  // this step
      job->sequence = std::move(ask);
    }
    job->done = done;
    if (auto taken = call.servable->submit(*std::move(job)); !taken) {
      done(std::move(taken.error()));
    }
  }

  // Which case each row belongs to.
  Result<std::vector<std::vector<std::size_t>>> rows_of_cases(const PlannedStep& planned) {
    Tensors asked;
    for (const auto& pick : planned.asked) {
      SW_TRY(auto each, value(pick));
      if (each.count() != static_cast<std::size_t>(job_.rows)) {
        return invalid("'" + each.name + "' of shape " + text_of(each.shape()) +
                       " has not one value for each row of the request");
      }
      asked.push_back(std::move(each));
    }
    std::vector<std::vector<std::size_t>> out(planned.cases.size());
    for (std::size_t row = 0; row < static_cast<std::size_t>(job_.rows); ++row) {
      const auto found =
          std::find_if(planned.cases.begin(), planned.cases.end(), [&](const PlannedCase& each) {
            return each.when == nullptr || holds(*each.when, asked, row);
          });
      if (found == planned.cases.end()) {
        return invalid("row " + std::to_string(row) + " fits no case", "give the switch an else");
      }
      out[static_cast<std::size_t>(found - planned.cases.begin())].push_back(row);
    }
    return out;
  }

  // The answers of the cases, until all are there.
  struct Join {
    std::mutex mutex;
    std::vector<std::vector<std::size_t>> rows;  // by case
    std::vector<Tensors> outputs;                // by case
    std::size_t left = 0;
    bool failed = false;
  };

  void choose(std::size_t i) {
    const auto& planned = step(i);
    auto rows = rows_of_cases(planned);
    if (!rows) return finish(i, std::move(rows.error()));
    auto join = std::make_shared<Join>();
    join->rows = *std::move(rows);
    join->outputs.resize(planned.cases.size());
    std::vector<std::size_t> taken;
    for (std::size_t c = 0; c < join->rows.size(); ++c) {
      if (!join->rows[c].empty()) taken.push_back(c);
    }
    join->left = taken.size();
    const bool all = taken.size() == 1;
    for (const auto c : taken) {
      Done done = all ? done_of(i) : Done([self = shared_from_this(), i, c, join](Outputs outputs) {
        self->join_case(i, c, *join, std::move(outputs));
      });
      take_case(planned.cases[c], all ? nullptr : &join->rows[c], std::move(done));
    }
  }

  void take_case(const PlannedCase& each, const std::vector<std::size_t>* rows, Done done) {
    if (each.call) return invoke(*each.call, rows, std::move(done));
    auto taken = value(each.value);
    if (!taken) return done(std::move(taken.error()));
    if (rows != nullptr) {
      if (taken->shape().empty() || taken->rows() != job_.rows) {
        return done(invalid("'" + taken->name + "' has not the rows of the request"));
      }
      *taken = gathered(*taken, *rows);
    }
    done(Tensors{*std::move(taken)});
  }

  void join_case(std::size_t i, std::size_t c, Join& join, Outputs outputs) {
    {
      const std::scoped_lock lock(join.mutex);
      if (join.failed) return;
      join.failed = !outputs.ok();
      if (outputs) {
        join.outputs[c] = *std::move(outputs);
        if (--join.left > 0) return;
      }
    }
    finish(i, outputs ? joined(join) : std::move(outputs));
  }

  Outputs joined(const Join& join) const {
    Tensors out;
    std::size_t width = SIZE_MAX;
    for (std::size_t c = 0; c < join.rows.size(); ++c) {
      if (!join.rows[c].empty()) width = std::min(width, join.outputs[c].size());
    }
    for (std::size_t k = 0; k < width; ++k) {
      Scattered from{.parts = {}, .rows = {}, .all = job_.rows};
      for (std::size_t c = 0; c < join.rows.size(); ++c) {
        if (join.rows[c].empty()) continue;
        from.parts.push_back(join.outputs[c][k]);
        from.rows.push_back(&join.rows[c]);
      }
      SW_TRY(auto whole, scattered(from));
      out.push_back(std::move(whole));
    }
    return out;
  }

  // Puts a step's answers where they belong.
  Result<void> keep(const PlannedStep& planned, const Tensors& outputs) {
    for (std::size_t k = 0; k < planned.slots.size(); ++k) {
      const auto& name = planned.outputs[k];
      const bool called = planned.kind == GraphStep::Kind::call;
      const bool by_place = !called || (k == 0 && !planned.exact);
      auto found = outputs.end();
      if (called) {
        found = std::find_if(outputs.begin(), outputs.end(),
                             [&](const Tensor& tensor) { return tensor.name == name; });
      }
      if (found == outputs.end() && by_place && k < outputs.size()) {
        found = outputs.begin() + static_cast<std::ptrdiff_t>(k);
      }
      if (found == outputs.end()) {
        std::string names;
        for (const auto& each : outputs) names += (names.empty() ? "" : ", ") + each.name;
        return Error{Code::failed_precondition, "it answered no '" + name + "', only " + names, {}};
      }
      values_[planned.slots[k]] = *found;
    }
    return {};
  }

  void finish(std::size_t i, Outputs outputs) {
    std::vector<std::size_t> ready;
    bool last = false;
    std::optional<Error> failed;
    {
      const std::scoped_lock lock(mutex_);
      if (answered_) return;
      auto kept = outputs ? keep(step(i), *outputs) : Result<void>(outputs.error());
      if (!kept) {
        answered_ = true;
        failed = std::move(kept.error());
        failed->message = "step '" + step(i).name + "': " + failed->message;
      } else {
        for (const auto follower : graph_->followers[i]) {
          if (--left_[follower] == 0) ready.push_back(follower);
        }
        last = --open_ == 0;
        answered_ = last;
      }
    }
    if (failed) return respond(*std::move(failed));
    if (last) return respond(answer());
    for (const auto next : ready) begin(next);
  }

  Outputs answer() {
    Tensors out;
    const auto& plan = graph_->plan;
    for (std::size_t k = 0; k < plan.outputs.size(); ++k) {
      SW_TRY(auto each, value(plan.outputs[k]));
      each.name = plan.signature.outputs[k].name;
      out.push_back(std::move(each));
    }
    return out;
  }

  void respond(Outputs outputs) {
    const auto now = graph_->clock.monotonic_ns();
    stats_.add({.requests = 1,
                .rows = static_cast<std::uint64_t>(job_.rows),
                .ok = outputs.ok(),
                .run_ns = now - begun_ns_,
                .total_ns = now - job_.received_ns});
    job_.done(std::move(outputs));
  }

  const std::shared_ptr<const Graph> graph_;
  Batcher::Job job_;
  RunStats& stats_;
  const std::int64_t begun_ns_;

  std::mutex mutex_;
  Tensors values_;                 // by slot
  std::vector<std::size_t> left_;  // by step: needs that are not there yet
  std::size_t open_;               // steps that are not done
  bool answered_ = false;
};

class GraphRunner : public Runner {
 public:
  explicit GraphRunner(std::shared_ptr<const Graph> graph) : graph_(std::move(graph)) {}
  void run(Batcher::Job job, RunStats& stats) override {
    std::make_shared<Run>(graph_, std::move(job), stats)->start();
  }

 private:
  const std::shared_ptr<const Graph> graph_;
};

}  // namespace

std::shared_ptr<Runner> make_graph_runner(GraphPlan plan, PickEndpoint pick, Clock& clock) {
  auto graph = std::make_shared<Graph>(
      Graph{.plan = std::move(plan), .pick = std::move(pick), .clock = clock, .followers = {}});
  graph->followers.resize(graph->plan.steps.size());
  for (std::size_t i = 0; i < graph->plan.steps.size(); ++i) {
    for (const auto needed : graph->plan.steps[i].needs) graph->followers[needed].push_back(i);
  }
  return std::make_shared<GraphRunner>(std::move(graph));
}

}  // namespace slipway::serving
