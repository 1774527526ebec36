// SPDX-License-Identifier: Apache-2.0
// Requests that belong together: their order, their state, and what ends them.
#include "sequences.h"

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <optional>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/clock.h"
#include "meter/meter.h"
#include "pbtxt.h"

namespace slipway::serving {
namespace {

namespace fs = std::filesystem;
using Kind = SequenceControl::Kind;

// y = sum' = sum + x; marks = 1 * start + 10 * end + 100 * ready + 1000 * id. A negative x fails.
class Adder : public LoadedModel {
 public:
  Adder() {
    const auto spec = [](const char* name, DType type, Shape shape) {
      return TensorSpec{.name = name, .dtype = type, .shape = std::move(shape)};
    };
    signature_.inputs = {spec("start", DType::fp32, {-1, 1}), spec("sum", DType::fp32, {-1, 1}),
                         spec("x", DType::fp32, {-1, 1}),     spec("end", DType::boolean, {-1}),
                         spec("ready", DType::int32, {-1}),   spec("id", DType::uint32, {-1})};
    signature_.outputs = {spec("y", DType::fp32, {-1, 1}), spec("next", DType::fp32, {-1, 1}),
                          spec("marks", DType::fp32, {-1, 1})};
  }
  const Signature& signature() const override { return signature_; }

  Result<Tensors> run(const Tensors& in) override {
    const auto rows = in[0].rows();
    most_rows = std::max(most_rows, rows);
    auto y = Tensor::make("y", DType::fp32, {rows, 1});
    auto next = Tensor::make("next", DType::fp32, {rows, 1});
    auto marks = Tensor::make("marks", DType::fp32, {rows, 1});
    for (std::int64_t i = 0; i < rows; ++i) {
      const auto at = static_cast<std::size_t>(i);
      if (in[2].number_at(at) < 0) return invalid("a negative value");
      const auto sum = static_cast<float>(in[1].number_at(at) + in[2].number_at(at));
      static_cast<float*>(y.mutable_data())[i] = sum;
      static_cast<float*>(next.mutable_data())[i] = sum;
      static_cast<float*>(marks.mutable_data())[i] =
          static_cast<float>(in[0].number_at(at) + 10 * in[3].number_at(at) +
                             100 * in[4].number_at(at) + 1000 * in[5].number_at(at));
    }
    return Tensors{std::move(y), std::move(next), std::move(marks)};
  }

  std::int64_t most_rows = 0;

 private:
  Signature signature_;
};

SequenceSpec adder_spec() {
  SequenceSpec spec;
  spec.controls = {{.kind = Kind::start, .input = "start", .type = DType::fp32},
                   {.kind = Kind::end, .input = "end", .type = DType::boolean},
                   {.kind = Kind::ready, .input = "ready", .type = DType::int32},
                   {.kind = Kind::id, .input = "id", .type = DType::uint32}};
  spec.states = {{.input = "sum", .output = "next", .type = DType::fp32}};
  return spec;
}

class SequencesTest : public testing::Test {
 protected:
  void start(const SequenceSpec& spec) {
    auto plan = SequencePlan::of(std::make_shared<SequenceSpec>(spec), model_.signature());
    ASSERT_TRUE(plan) << plan.error().message;
    sequences_ = std::make_shared<Sequences>(*std::move(plan), "adder", clock_);
    batcher_ =
        std::make_unique<Batcher>(model_, "adder", "1", BatchOptions{}, system_clock(), meters_);
  }

  struct Ask {
    float value = 0;
    std::uint64_t id = 7;
    bool start = false;
    bool end = false;
  };

  static std::shared_ptr<SequenceAsk> sequence_of(const Ask& ask) {
    auto out = std::make_shared<SequenceAsk>();
    out->id = std::to_string(ask.id);
    out->number = ask.id;
    out->start = ask.start;
    out->end = ask.end;
    return out;
  }

  Result<Tensors> ask(const Ask& asked) { return send(sequence_of(asked), asked.value); }

  Result<Tensors> send(std::shared_ptr<const SequenceAsk> sequence, float value) {
    std::mutex mutex;
    std::condition_variable ready;
    std::optional<Result<Tensors>> answer;
    Batcher::Job job;
    auto x = Tensor::make("x", DType::fp32, {1, 1});
    static_cast<float*>(x.mutable_data())[0] = value;
    job.inputs = {x};
    job.sequence = std::move(sequence);
    job.done = [&](Result<Tensors> got) {
      const std::scoped_lock lock(mutex);
      answer = std::move(got);
      ready.notify_one();
    };
    auto taken = sequences_->submit(
        std::move(job), [this](Batcher::Job next) { return batcher_->submit(std::move(next)); });
    if (!taken) return std::move(taken.error());
    std::unique_lock lock(mutex);
    ready.wait(lock, [&] { return answer.has_value(); });
    return *std::move(answer);
  }

  static float first(const Result<Tensors>& answer, std::size_t output = 0) {
    return answer ? answer->at(output).values<float>()[0] : -1;
  }

  Adder model_;
  meter::Registry meters_;
  FakeClock clock_;
  std::shared_ptr<Sequences> sequences_;
  std::unique_ptr<Batcher> batcher_;
};

TEST_F(SequencesTest, StateAndControlsGoFromOneRequestToTheNext) {
  start(adder_spec());
  const auto& shown = sequences_->plan().shown;
  ASSERT_EQ(shown.inputs.size(), 1U);
  EXPECT_EQ(shown.inputs[0].name, "x");
  ASSERT_EQ(shown.outputs.size(), 2U);  // `next` is the server's

  const auto one = ask({.value = 1, .start = true});
  ASSERT_TRUE(one) << one.error().message;
  EXPECT_EQ(one->size(), 2U);
  EXPECT_EQ(first(one), 1);
  EXPECT_EQ(first(one, 1), 7101);
  const auto two = ask({.value = 2});
  EXPECT_EQ(first(two), 3);
  EXPECT_EQ(first(two, 1), 7100);
  EXPECT_EQ(first(ask({.value = 10, .id = 8, .start = true})), 10);  // another sequence
  const auto last = ask({.value = 4, .end = true});
  EXPECT_EQ(first(last), 7);
  EXPECT_EQ(first(last, 1), 7110);
  EXPECT_EQ(sequences_->open(), 1U);

  const auto late = ask({.value = 1});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Code::invalid_argument);
  EXPECT_NE(late.error().message.find("sequence_start"), std::string::npos);
}

// A model without states of its package, three instances of which remember what they were asked.
class RememberingTest : public testing::Test {
 protected:
  RememberingTest() {
    Signature signature;
    signature.inputs = {{.name = "x", .dtype = DType::fp32, .shape = {-1, 1}}};
    signature.outputs = {{.name = "y", .dtype = DType::fp32, .shape = {-1, 1}}};
    auto plan = SequencePlan::of(std::make_shared<SequenceSpec>(), signature);
    plan->instances = 3;
    sequences_ = std::make_shared<Sequences>(*std::move(plan), "counter", clock_);
  }

  // The instance that was asked; -1: none, and `error_`.
  int ask(std::uint64_t id, bool start = false, bool end = false) {
    auto sequence = std::make_shared<SequenceAsk>();
    sequence->id = std::to_string(id);
    sequence->number = id;
    sequence->start = start;
    sequence->end = end;
    Batcher::Job job;
    job.inputs = {Tensor::make("x", DType::fp32, {1, 1})};
    job.sequence = std::move(sequence);
    int asked = -1;
    job.done = [&](Result<Tensors> answer) {
      if (!answer) {
        error_ = answer.error();
        return;
      }
      EXPECT_EQ(answer->size(), 1U) << "the memory is not the caller's";
    };
    const auto taken = sequences_->submit(std::move(job), [&](Batcher::Job next) -> Result<void> {
      EXPECT_TRUE(next.alone);
      EXPECT_EQ(next.inputs.size(), 2U);
      EXPECT_EQ(next.inputs.back().name, kMemory);
      asked = next.instance;
      given_ = next.inputs.back().values<std::uint64_t>()[0];
      const auto at = static_cast<std::size_t>(asked);
      next.done(Tensors{Tensor::make("y", DType::fp32, {1, 1}), memory_tensor(memories_.at(at))});
      return {};
    });
    if (!taken) error_ = taken.error();
    return asked;
  }

  FakeClock clock_;
  std::shared_ptr<Sequences> sequences_;
  std::vector<std::uint64_t> memories_{11, 22, 33};  // of the instances
  std::uint64_t given_ = 0;
  Error error_;
};

TEST_F(RememberingTest, ASequenceStaysOnTheInstanceThatItBeganOn) {
  EXPECT_EQ(ask(1, true), 0);
  EXPECT_EQ(ask(2, true), 1);
  EXPECT_EQ(ask(3, true), 2);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(ask(3), 2);
    EXPECT_EQ(ask(1), 0);
    EXPECT_EQ(ask(2), 1);
  }
}

TEST_F(RememberingTest, ANewSequenceGoesWhereTheFewestAre) {
  for (std::uint64_t id = 1; id <= 6; ++id) ask(id, true);
  EXPECT_EQ(ask(2, false, true), 1);
  EXPECT_EQ(ask(5, false, true), 1);
  EXPECT_EQ(ask(7, true), 1);
  EXPECT_EQ(ask(8, true), 1);
  EXPECT_EQ(ask(9, true), 0);
}

TEST_F(RememberingTest, TheInstanceIsToldWhichMemoryItMustHave) {
  ask(1, true);
  EXPECT_EQ(given_, 0U) << "a beginning needs none";
  ask(1);
  EXPECT_EQ(given_, 11U);
  memories_[0] = 12;  // it would have refused; what it says is believed
  ask(1);
  EXPECT_EQ(given_, 11U);
  ask(1, true);
  EXPECT_EQ(given_, 0U);
  ask(1);
  EXPECT_EQ(given_, 12U);
}

TEST_F(SequencesTest, AStartInTheMiddleBeginsAnew) {
  start(adder_spec());
  EXPECT_EQ(first(ask({.value = 5, .start = true})), 5);
  EXPECT_EQ(first(ask({.value = 6, .start = true})), 6);
  EXPECT_EQ(first(ask({.value = 1, .start = true, .end = true})), 1);
  EXPECT_EQ(sequences_->open(), 0U);
}

TEST_F(SequencesTest, WhatFailsChangesNoState) {
  start(adder_spec());
  EXPECT_FALSE(ask({.value = -1, .start = true}));
  EXPECT_FALSE(ask({.value = 1}));  // its first request failed
  EXPECT_EQ(first(ask({.value = 2, .start = true})), 2);
  EXPECT_FALSE(ask({.value = -1}));
  EXPECT_EQ(first(ask({.value = 3})), 5);
  EXPECT_FALSE(ask({.value = -1, .end = true}));
  EXPECT_EQ(first(ask({.value = 1, .end = true})), 6);
}

TEST_F(SequencesTest, IdleSequencesAreForgotten) {
  auto spec = adder_spec();
  spec.idle_us = 500'000;
  start(spec);
  EXPECT_EQ(first(ask({.value = 1, .start = true})), 1);
  clock_.advance(400);
  EXPECT_EQ(first(ask({.value = 1})), 2);
  clock_.advance(600);
  EXPECT_FALSE(ask({.value = 1}));
  EXPECT_EQ(first(ask({.value = 1, .start = true})), 1);
  clock_.advance(600);
  sequences_->sweep();
  EXPECT_EQ(sequences_->open(), 0U);
}

TEST_F(SequencesTest, OnlySoManyAreOpenAtATime) {
  auto spec = adder_spec();
  spec.most = 2;
  start(spec);
  EXPECT_TRUE(ask({.id = 1, .start = true}));
  EXPECT_TRUE(ask({.id = 2, .start = true}));
  const auto third = ask({.id = 3, .start = true});
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, Code::exhausted);
  EXPECT_TRUE(ask({.id = 2, .end = true}));
  EXPECT_TRUE(ask({.id = 3, .start = true}));
}

TEST_F(SequencesTest, RequestsThatWaitRunInTheirOrder) {
  start(adder_spec());
  std::mutex mutex;
  std::condition_variable ready;
  std::vector<float> sums;
  constexpr int kEach = 40;
  for (int i = 0; i < kEach * 2; ++i) {
    Batcher::Job job;
    auto x = Tensor::make("x", DType::fp32, {1, 1});
    static_cast<float*>(x.mutable_data())[0] = 1;
    job.inputs = {x};
    job.sequence = sequence_of({.id = i % 2 == 0 ? 1ULL : 2ULL, .start = i < 2});
    job.done = [&, even = i % 2 == 0](Result<Tensors> got) {
      const std::scoped_lock lock(mutex);
      if (even || !got) sums.push_back(first(got));
      if (sums.size() == kEach) ready.notify_one();
    };
    ASSERT_TRUE(sequences_->submit(
        std::move(job), [this](Batcher::Job next) { return batcher_->submit(std::move(next)); }));
  }
  std::unique_lock lock(mutex);
  ready.wait(lock, [&] { return sums.size() == kEach; });
  for (int i = 0; i < kEach; ++i) {
    EXPECT_EQ(sums[static_cast<std::size_t>(i)], static_cast<float>(i + 1));
  }
  lock.unlock();
  batcher_.reset();
}

TEST_F(SequencesTest, EveryRequestNamesItsSequence) {
  start(adder_spec());
  const auto none = send(nullptr, 1);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Code::invalid_argument);
  auto text = std::make_shared<SequenceAsk>();
  text->id = "a";
  text->start = true;
  const auto named = send(text, 1);  // the model's ids are numbers
  ASSERT_FALSE(named);
  EXPECT_NE(named.error().message.find("numbers"), std::string::npos);
}

TEST(SequencePlanTest, NamesAndTypesMustBeTheModels) {
  const Adder model;
  const auto error_of = [&](const SequenceSpec& spec) {
    const auto plan = SequencePlan::of(std::make_shared<SequenceSpec>(spec), model.signature());
    return plan ? "" : plan.error().message;
  };
  auto spec = adder_spec();
  EXPECT_EQ(error_of(spec), "");
  spec.states[0].output = "nothing";
  EXPECT_NE(error_of(spec).find("no output 'nothing'"), std::string::npos);
  spec = adder_spec();
  spec.controls[0].type = DType::int32;
  EXPECT_NE(error_of(spec).find("'start' is said to be INT32"), std::string::npos);
  spec = adder_spec();
  spec.states[0].initial = Shape{3};
  EXPECT_NE(error_of(spec).find("shape [1,3]"), std::string::npos);
}

class SequenceFiles : public testing::Test {
 protected:
  SequenceFiles()
      : folder_(fs::path(testing::TempDir()) / ("sequence-files-" + std::to_string(::getpid()))) {
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "initial_state");
  }
  ~SequenceFiles() override { fs::remove_all(folder_); }
  void write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
  }
  const fs::path folder_;
};

constexpr const char* kConfig = R"(
name: "adder"  # as Triton has it
max_batch_size: 8
input [ { name: "x" data_type: TYPE_FP32 dims: [ 1 ] } ]
output [ { name: "y" data_type: TYPE_FP32 dims: [ 1 ] }, { name: "next", dims: 1 } ]
sequence_batching {
  max_sequence_idle_microseconds: 5000000
  oldest { max_candidate_sequences: 4 }
  control_input [
    { name: "start" control [ { kind: CONTROL_SEQUENCE_START fp32_false_true: [ 0, 1 ] } ] },
    { name: "id" control { kind: CONTROL_SEQUENCE_CORRID data_type: TYPE_UINT32 } }
  ]
  state [ {
    input_name: "sum" output_name: "next" data_type: TYPE_FP32 dims: [ 1 ]
    initial_state: { data_type: TYPE_FP32 dims: [ 1 ] data_file: "zero" name: "z" }
  } ]
}
)";

TEST_F(SequenceFiles, ConfigurationsOfTritonAreRead) {
  write("config.pbtxt", kConfig);
  const auto read = read_sequences(folder_.string());
  ASSERT_TRUE(read) << read.error().message;
  const auto& spec = **read;
  EXPECT_TRUE(spec.oldest);
  EXPECT_EQ(spec.most, 4U);
  EXPECT_EQ(spec.idle_us, 5'000'000);
  ASSERT_EQ(spec.controls.size(), 2U);
  EXPECT_EQ(spec.controls[0].type, DType::fp32);
  EXPECT_EQ(spec.controls[1].kind, Kind::id);
  EXPECT_EQ(spec.controls[1].type, DType::uint32);
  ASSERT_EQ(spec.states.size(), 1U);
  EXPECT_EQ(spec.states[0].initial, Shape{1});
  EXPECT_EQ(spec.states[0].file, (folder_ / "initial_state/zero").string());
  EXPECT_EQ(spec.shown, (std::vector<std::string>{"y", "next"}));
}

TEST_F(SequenceFiles, TheMetadataOfAModelSaysTheSame) {
  write("MLmodel", R"(
flavors: {}
metadata:
  sequence_batching:
    direct: {}
    state: [{input_name: sum, output_name: next}]
)");
  const auto read = read_sequences(folder_.string());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_FALSE((*read)->oldest);
  EXPECT_EQ((*read)->states.size(), 1U);

  write("MLmodel", "flavors: {}\n");
  EXPECT_EQ(*read_sequences(folder_.string()), nullptr);
}

TEST_F(SequenceFiles, MistakesAreNamedWithTheirLine) {
  const auto error_of = [&](const std::string& text) {
    write("config.pbtxt", text);
    const auto read = read_sequences(folder_.string());
    return read ? "" : read.error().message;
  };
  EXPECT_EQ(error_of("name: 'x'\nsequence_batching { direct { } oldest { } }"),
            "config.pbtxt:2: sequence_batching has both direct and oldest");
  EXPECT_NE(error_of("sequence_batching {\n stat { } }").find("config.pbtxt:2: "),
            std::string::npos);
  EXPECT_NE(error_of("sequence_batching { state { input_name: 'a' } }").find("output_name"),
            std::string::npos);
  EXPECT_NE(error_of("sequence_batching {").find("'}' is missing"), std::string::npos);
  EXPECT_NE(error_of("a [ [ ").find("']' is missing"), std::string::npos);
  EXPECT_NE(error_of("\"a\": 1").find("expected a field"), std::string::npos);
  EXPECT_NE(error_of("a: 'b").find("without end"), std::string::npos);
  EXPECT_NE(error_of(std::string(100'000, '[')).find("expected a field"), std::string::npos);
  EXPECT_NE(error_of("a:" + std::string(100'000, '[')).find("too deep"), std::string::npos);
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += "a{";
  EXPECT_NE(error_of(deep).find("too deep"), std::string::npos);
  EXPECT_NE(error_of("sequence_batching { state { input_name: 'a' output_name: 'b' "
                     "initial_state { data_file: '../x' } } }")
                .find("name of a file"),
            std::string::npos);
}

}  // namespace
}  // namespace slipway::serving
