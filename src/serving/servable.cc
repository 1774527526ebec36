// SPDX-License-Identifier: Apache-2.0
#include "servable.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/log.h"
#include "columns.h"
#include "sequences.h"
#include "servable_engine.h"

namespace slipway::serving {
namespace {

// A dimension that a warm-up may choose freely, and the most elements that it may make.
constexpr std::size_t kWarmUpElements = 1 << 20;

std::string names_of(const std::vector<TensorSpec>& specs) {
  std::string out;
  for (const auto& spec : specs) {
    if (out.size() > 200) return out + ", ..";
    out += (out.empty() ? "'" : ", '") + spec.name + "'";
  }
  return out;
}

bool fits(const Shape& wanted, const Shape& given) {
  if (wanted.size() != given.size()) return false;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] >= 0 && wanted[i] != given[i]) return false;
  }
  return true;
}

Result<void> check(const TensorSpec& spec, const Tensor& tensor) {
  if (tensor.dtype() != spec.dtype) {
    return invalid("input '" + spec.name + "' takes " + std::string(name_of(spec.dtype)) +
                   ", got " + std::string(name_of(tensor.dtype())));
  }
  if (!fits(spec.shape, tensor.shape())) {
    return invalid("input '" + spec.name + "' takes shape " + text_of(spec.shape) + ", got " +
                   text_of(tensor.shape()));
  }
  if (tensor.count() == 0) {
    return invalid("input '" + spec.name + "' has no elements", "send at least one row");
  }
  return {};
}

// The plan of its sequences; columns that the server fills in are no longer the caller's.
Result<std::shared_ptr<Sequences>> keep_sequences(Package& package, const LoadedModel& model,
                                                  Clock& clock) {
  const auto& signature = model.signature();
  auto plan = SequencePlan::of(package.sequences, signature);
  if (!plan) {
    plan.error().message = "version " + package.version + " of model '" + package.model +
                           "' cannot be loaded: " + plan.error().message;
    return std::move(plan.error());
  }
  const auto& shown = plan->shown.inputs;
  const auto filled = [&](const Column& column) {
    const auto has = [&](const auto& specs) {
      return std::any_of(specs.begin(), specs.end(),
                         [&](const TensorSpec& spec) { return spec.name == column.name; });
    };
    return has(signature.inputs) && !has(shown);
  };
  std::erase_if(package.columns, filled);
  plan->instances = model.remembers() ? std::max(model.instances(), 1) : 0;
  return std::make_shared<Sequences>(*std::move(plan), package.model, clock);
}

// What the instance remembers of a sequence comes and goes as one more state of the sequence.
class OneInstance : public LoadedModel {
 public:
  OneInstance(LoadedModel& model, int at) : model_(model), at_(at) {}

  const Signature& signature() const override { return model_.signature(); }
  Result<Tensors> run(const Tensors& inputs) override { return run_traced(inputs, {}); }
  Result<Tensors> run_traced(const Tensors& inputs, const std::string& traceparent) override {
    std::uint64_t memory = 0;
    if (inputs.empty() || inputs.back().name != kMemory) {
      return model_.run_at(at_, memory, inputs, traceparent);
    }
    memory = inputs.back().values<std::uint64_t>()[0];
    SW_TRY(auto outputs,
           model_.run_at(at_, memory, Tensors(inputs.begin(), inputs.end() - 1), traceparent));
    outputs.push_back(memory_tensor(memory));
    return outputs;
  }

 private:
  LoadedModel& model_;
  const int at_;
};

}  // namespace

std::size_t Servable::Engine::queued() const {
  std::size_t out = batcher == nullptr ? 0 : batcher->queued();
  for (const auto& each : instances) out += each.batcher->queued();
  return out;
}

bool Servable::Engine::is_busy() const {
  return (batcher != nullptr && batcher->is_busy()) ||
         std::any_of(instances.begin(), instances.end(),
                     [](const Instance& each) { return each.batcher->is_busy(); });
}

Servable::Servable(ModelBackend* backend, Package package, const Signature& signature,
                   std::shared_ptr<Sequences> kept, const BatchOptions& options, Clock& clock,
                   meter::Registry& meters)
    : backend_(backend),
      package_(std::move(package)),
      signature_(signature),
      sequences_(std::move(kept)),
      options_(options),
      clock_(clock),
      meters_(meters),
      stats_(package_.model, package_.version, clock, meters),
      layout_(FrameLayout::of(signature_, package_.columns)),
      used_ns_(clock.monotonic_ns()) {}

Servable::~Servable() {
  sleep();
}

Result<std::shared_ptr<Servable>> Servable::load(ModelBackend& backend, Package package,
                                                 const BatchOptions& options, Clock& clock,
                                                 meter::Registry& meters) {
  const auto begun = clock.monotonic_ns();
  SW_TRY(auto model, load_guarded(backend, package));
  if (package.columns.empty()) package.columns = model->columns();
  std::shared_ptr<Sequences> kept;
  if (package.sequences != nullptr) {
    SW_TRY(kept, keep_sequences(package, *model, clock));
  }
  const auto& signature = kept == nullptr ? model->signature() : kept->plan().shown;
  std::shared_ptr<Servable> out(
      new Servable(&backend, std::move(package), signature, kept, options, clock, meters));
  out->engine_ = out->start(std::move(model)).release();
  log::info("serving.version_loaded", {{"model", out->package_.model},
                                       {"version", out->package_.version},
                                       {"backend", backend.name()},
                                       {"ms", (clock.monotonic_ns() - begun) / 1'000'000}});
  return out;
}

// How a loaded model behaves when its file is foreign to it is the driver's; what it throws ends
// here, and whoever asked for the version cannot cure its files: not the caller's words, not our
// defect.
Result<std::unique_ptr<LoadedModel>> Servable::load_guarded(ModelBackend& backend,
                                                            const Package& package) {
  auto model = [&]() -> Result<std::unique_ptr<LoadedModel>> {
    try {
      return backend.load(package);
    } catch (const std::exception& e) {
      return internal(std::string("the runtime threw while loading: ") + e.what());
    }
  }();
  if (model) return model;
  auto& error = model.error();
  error.message = "version " + package.version + " of model '" + package.model +
                  "' cannot be loaded: " + error.message;
  if (error.code != Code::unavailable && error.code != Code::unimplemented) {
    error.code = Code::failed_precondition;
  }
  return model;
}

std::unique_ptr<Servable::Engine> Servable::start(std::unique_ptr<LoadedModel> model) {
  warm_up(*model);
  auto batcher = std::make_unique<Batcher>(*model, package_.model, package_.version, options_,
                                           clock_, meters_, &stats_);
  std::unique_ptr<Engine> out(new Engine{std::move(model), std::move(batcher), nullptr, {}});
  const int instances = sequences_ == nullptr ? 0 : sequences_->plan().instances;
  auto options = options_;
  options.instances = 1;
  for (int at = 0; at < instances; ++at) {
    auto one = std::make_unique<OneInstance>(*out->model, at);
    auto queue = std::make_unique<Batcher>(*one, package_.model, package_.version, options, clock_,
                                           meters_, &stats_);
    out->instances.push_back({std::move(one), std::move(queue)});
  }
  return out;
}

std::shared_ptr<Servable> Servable::of(std::shared_ptr<Runner> runner, Package package,
                                       const Signature& signature, Clock& clock,
                                       meter::Registry& meters) {
  std::shared_ptr<Servable> out(
      new Servable(nullptr, std::move(package), signature, nullptr, BatchOptions{}, clock, meters));
  out->engine_ = new Engine{nullptr, nullptr, std::move(runner), {}};
  return out;
}

// Runs once on zeros so that the first caller does not pay for lazy initialisation. A model that
// wants particular values may refuse them; that is no reason not to serve it.
void Servable::warm_up(LoadedModel& model) const {
  const auto& signature = model.signature();
  if (signature.bodies) return;  // its process is up; what zeros would do there is not ours
  Tensors inputs;
  std::size_t elements = 0;
  for (const auto& spec : signature.inputs) {
    Shape shape = spec.shape;
    for (auto& n : shape) n = n < 0 ? 1 : n;
    const auto count = element_count(shape, kWarmUpElements);
    if (!count || (elements += *count) > kWarmUpElements) return;
    inputs.push_back(spec.dtype == DType::bytes
                         ? Tensor::of_texts(spec.name, shape, std::vector<std::string>(*count))
                         : Tensor::make(spec.name, spec.dtype, shape));
  }
  try {
    const auto ran = model.run(inputs);
    if (ran) return;
    log::debug(
        "serving.warm_up_failed",
        {{"model", package_.model}, {"version", package_.version}, {"why", ran.error().message}});
  } catch (const std::exception& e) {
    log::warn("serving.warm_up_threw",
              {{"model", package_.model}, {"version", package_.version}, {"why", e.what()}});
  }
}

Result<Batcher::Job> Servable::arrange(Tensors tensors) const {
  const auto& wanted = signature().inputs;
  if (signature().bodies && tensors.size() == 1 && tensors.front().name == kBody) {
    return Batcher::Job{.inputs = std::move(tensors), .alone = true};
  }
  if (wanted.size() == 1 && wanted.front().any_number && is_by_column(tensors, layout_)) {
    SW_TRY(auto whole, side_by_side(tensors, wanted.front(), layout_));
    tensors.assign(1, std::move(whole));
  }
  if (tensors.size() == 1 && wanted.size() == 1 && tensors.front().name.empty()) {
    tensors.front().name = wanted.front().name;
  }
  Batcher::Job job;
  job.inputs.resize(wanted.size());
  std::vector<bool, Recycled<bool>> given(wanted.size(), false);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    std::size_t at = i;
    if (i >= wanted.size() || wanted[i].name != tensors[i].name) {
      const auto found = std::find_if(wanted.begin(), wanted.end(), [&](const auto& spec) {
        return spec.name == tensors[i].name;
      });
      if (found == wanted.end()) {
        return invalid("unknown input '" + tensors[i].name.substr(0, 100) + "'",
                       "the model takes " + names_of(wanted));
      }
      at = static_cast<std::size_t>(found - wanted.begin());
    }
    if (given[at]) return invalid("input '" + wanted[at].name + "' is given twice");
    given[at] = true;
    job.inputs[at] = std::move(tensors[i]);
  }
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (!given[i]) {
      return invalid("input '" + wanted[i].name + "' is missing",
                     "the model takes " + names_of(wanted));
    }
    if (wanted[i].any_number && job.inputs[i].dtype() != DType::bytes) {
      job.inputs[i] = converted(job.inputs[i], wanted[i].dtype);
    }
    SW_CHECK_OK(check(wanted[i], job.inputs[i]));
  }
  if (job.inputs.empty()) return invalid("the model has no inputs");
  job.rows = job.inputs.front().rows();
  for (const auto& tensor : job.inputs) {
    if (tensor.shape().empty() || tensor.rows() != job.rows) job.alone = true;
  }
  return job;
}

std::shared_ptr<const PredictionSchema> Servable::schema(const Tensors& inputs,
                                                         const Tensors& outputs) {
  const std::scoped_lock lock(schema_mutex_);
  if (schema_ != nullptr) return schema_;
  auto made = std::make_shared<const PredictionSchema>(schema_of(inputs, outputs, layout_.names()));
  if (!outputs.empty()) schema_ = made;
  return made;
}

}  // namespace slipway::serving
