// SPDX-License-Identifier: Apache-2.0
// Graphs of fake models: version V answers a + b + 1000 V for a row (a, b).
#include <algorithm>

#include <gtest/gtest.h>

#include "fake_models.h"
#include "graph_condition.h"
#include "graph_values.h"
#include "meter/meter.h"
#include "serving/endpoints.h"
#include "store/test_database.h"

namespace slipway::serving {
namespace {

class GraphTest : public ::testing::TestWithParam<store::Dialect> {
 protected:
  GraphTest() { open(); }
  ~GraphTest() override {
    endpoints_.reset();
    EXPECT_EQ(control_.loaded, 0) << "a version was not unloaded";
  }
  void open() {
    auto packages = std::make_unique<FakePackages>();
    packages_ = packages.get();
    std::vector<std::unique_ptr<ModelBackend>> backends;
    backends.push_back(std::make_unique<FakeBackend>(control_));
    endpoints_ =
        std::make_unique<Endpoints>(*db_, std::move(packages), std::move(backends), events_,
                                    system_clock(), meters_, Options{.housekeeping_ms = 5});
  }
  void reopen() {
    endpoints_.reset();
    open();
    ASSERT_TRUE(endpoints_->restore());
  }
  Result<EndpointView> create(const std::string& name, const std::string& graph) {
    return endpoints_->create({.name = name, .routes = {{.graph = graph}}}, who_);
  }
  Result<Tensors> infer(const std::string& endpoint, Tensor x) {
    SW_TRY(const auto target, endpoints_->pick(endpoint));
    x.name = "x";
    return target.infer_and_wait({.request_id = "r", .inputs = {std::move(x)}});
  }
  static Tensor rows(const std::vector<float>& values) {
    auto x = Tensor::make("x", DType::fp32, {static_cast<std::int64_t>(values.size() / 2), 2});
    std::copy(values.begin(), values.end(), static_cast<float*>(x.mutable_data()));
    return x;
  }
  static std::vector<double> numbers(const Tensor& tensor) {
    std::vector<double> out;
    for (std::size_t i = 0; i < tensor.count(); ++i) out.push_back(tensor.number_at(i));
    return out;
  }

  store::TestDatabase db_{GetParam()};
  FakeControl control_;
  EventBus events_;
  meter::Registry meters_;
  FakePackages* packages_ = nullptr;
  std::unique_ptr<Endpoints> endpoints_;
  Principal who_{.name = "ada"};
};

using Numbers = std::vector<double>;

constexpr const char* kChain = R"(
inputs: [x]
steps:
  - name: last            # order does not matter
    combine: weighted
    of: [one, two.y]
    weights: [3, 1]
  - {name: one, model: m/1, inputs: {x: x}}
  - name: two
    model: m/2
    inputs: {x: [one, "x[1]"]}
outputs: {answer: last, first: one.y}
)";

TEST_P(GraphTest, StepsFeedEachOtherAndAnswerAsOneModel) {
  const auto made = create("g", kChain);
  ASSERT_TRUE(made) << made.error().message;

  const auto target = endpoints_->pick("g").value();
  EXPECT_EQ(target.platform(), "ensemble");
  EXPECT_EQ(target.version(), "1");
  ASSERT_EQ(target.signature().inputs.size(), 1U);
  EXPECT_EQ(text_of(target.signature().inputs[0].shape), "[-1,2]");
  EXPECT_EQ(target.signature().outputs[0].name, "answer");
  EXPECT_EQ(target.layout().names(), (std::vector<std::string>{"a", "b"}));
  const auto answer = infer("g", rows({1, 2, 10, 20}));

  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ((*answer)[1].name, "first");
  EXPECT_EQ(numbers((*answer)[1]), (Numbers{1003, 1030}));
  // two: (1003 + 2) + 2000, (1030 + 20) + 2000
  EXPECT_EQ(numbers((*answer)[0]), (Numbers{(3 * 1003. + 3005) / 4, (3 * 1030. + 3050) / 4}));
  const auto statistics = endpoints_->statistics("g", "").value();
  ASSERT_EQ(statistics.size(), 1U);
  EXPECT_EQ(statistics[0].success.count, 1U);
  EXPECT_EQ(statistics[0].rows, 2U);
}

constexpr const char* kSwitch = R"(
inputs: [x]
steps:
  - name: way
    switch:
      - {when: "x[0] > 100", model: m/1}
      - {when: "not x[\"b\"] in [7, 8]", model: m/2}
      - else:
        value: x[0]
    inputs: x
outputs: {y: way}
)";

TEST_P(GraphTest, ASwitchSendsEachRowItsWayAndKeepsTheirOrder) {
  const auto made = create("g", kSwitch);
  ASSERT_TRUE(made) << made.error().message;

  const auto mixed = infer("g", rows({1, 7, 200, 1, 5, 5, 300, 2}));

  ASSERT_TRUE(mixed) << mixed.error().message;
  EXPECT_EQ(numbers((*mixed)[0]), (Numbers{1, 1201, 2010, 1302}));
  EXPECT_EQ(control_.most_rows, 2) << "the rows of a case go together";
  EXPECT_EQ(numbers(infer("g", rows({101, 7})).value()[0]), Numbers{1108});
}

TEST_P(GraphTest, RowsThatFitNoCaseAreAnErrorThatNamesTheStep) {
  ASSERT_TRUE(create("g", R"(
inputs: [x]
steps:
  - {name: way, switch: [{when: "x[0] > 100", model: m/1}], inputs: x}
outputs: {y: way}
)"));

  const auto answer = infer("g", rows({200, 1, 3, 4}));

  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::invalid_argument);
  EXPECT_EQ(answer.error().message, "step 'way': row 1 fits no case");
}

TEST_P(GraphTest, AStepThatFailsIsNamed) {
  ASSERT_TRUE(create("g", kChain));

  const auto answer = infer("g", rows({-5, 1}));

  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::invalid_argument);
  EXPECT_EQ(answer.error().message, "step 'one': a negative sum");
}

TEST_P(GraphTest, AnEndpointIsAStepAndItsRoutesCount) {
  ASSERT_TRUE(
      endpoints_->create({.name = "inner", .routes = {{.model = "m", .version = "4"}}}, who_));
  ASSERT_TRUE(create("g", R"(
inputs: [x]
steps: [{name: s, endpoint: inner}]
outputs: {y: s.y}
)"));

  EXPECT_EQ(numbers(infer("g", rows({1, 2})).value()[0]), Numbers{4003});
  EXPECT_EQ(endpoints_->get("inner").value().stats[0].requests, 1U);

  ASSERT_TRUE(endpoints_->remove("inner", who_));
  const auto gone = infer("g", rows({1, 2}));
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, Code::unavailable);
}

TEST_P(GraphTest, EndpointsMayNotAskEachOtherInACircle) {
  ASSERT_TRUE(endpoints_->create({.name = "a", .routes = {{.model = "m", .version = "4"}}}, who_));
  const std::string asks_a = "inputs: [x]\nsteps: [{name: s, endpoint: a}]\noutputs: {y: s}\n";
  const std::string asks_b = "inputs: [x]\nsteps: [{name: s, endpoint: b}]\noutputs: {y: s}\n";
  ASSERT_TRUE(create("b", asks_a));

  const auto circle = endpoints_->update({.name = "a", .routes = {{.graph = asks_b}}}, who_);

  ASSERT_FALSE(circle);
  EXPECT_NE(circle.error().hint.find("circle"), std::string::npos);
}

TEST_P(GraphTest, AGraphFollowsTheAliasesInIt) {
  ASSERT_TRUE(create("g", R"(
inputs: [x]
steps: [{name: s, model: m@champion}]
outputs: {y: s}
)"));
  EXPECT_EQ(numbers(infer("g", rows({1, 2})).value()[0]), Numbers{1003});

  packages_->set_champion("5");
  endpoints_->refresh_now("m");

  EXPECT_EQ(numbers(infer("g", rows({1, 2})).value()[0]), Numbers{5003});
}

TEST_P(GraphTest, GraphsAreNumberedKeptAndSplitLikeVersions) {
  const std::string other = "inputs: [x]\nsteps: [{name: s, model: m/9}]\noutputs: {answer: s}\n";
  ASSERT_TRUE(create("g", kChain));
  const auto changed = endpoints_->update(
      {.name = "g", .routes = {{.graph = other, .weight = 1}, {.graph = kChain, .weight = 1}}},
      who_);
  ASSERT_TRUE(changed) << changed.error().message;
  EXPECT_EQ(changed->routes[0].version, "2");
  EXPECT_EQ(changed->routes[1].version, "1") << "the same text is the same version";

  reopen();

  const auto view = endpoints_->get("g").value();
  EXPECT_EQ(view.routes[0].state, RouteState::ready);
  EXPECT_EQ(view.routes[0].spec.graph, other);
  const auto second =
      endpoints_->pick("g", "2").value().infer_and_wait({.inputs = {pair_of(1, 2)}});
  EXPECT_EQ(numbers((*second)[0]), Numbers{9003});
}

TEST_P(GraphTest, GraphsComeBackAfterTheEndpointsThatTheyAsk) {
  ASSERT_TRUE(
      endpoints_->create({.name = "zeta", .routes = {{.model = "m", .version = "4"}}}, who_));
  ASSERT_TRUE(create("middle",
                     "inputs: [x]\nsteps: [{name: s, endpoint: zeta}]\n"
                     "outputs: {y: s}\n"));
  ASSERT_TRUE(create("alpha",
                     "inputs: [x]\nsteps: [{name: s, endpoint: middle}]\n"
                     "outputs: {y: s}\n"));

  reopen();

  EXPECT_EQ(numbers(infer("alpha", rows({1, 2})).value()[0]), Numbers{4003});
}

struct Wrong {
  const char* graph;
  const char* message;
};

TEST_P(GraphTest, MistakesAreToldWithTheirLines) {
  const Wrong all[] = {
      {"inputs: [x]\nsteps:\n  - {name: s, model: m/1, inputs: {x: y}}\noutputs: {y: s}\n",
       "graph:3: there is no input and no step 'y'"},
      {"inputs: [x]\nsteps:\n  - {name: s, model: m/1, inputs: {z: x}}\noutputs: {y: s}\n",
       "graph:3: step 's': the model has no input 'z'"},
      {"inputs: [x]\nsteps:\n  - {name: s, model: m/1}\noutputs:\n  y: s.z\n",
       "graph:5: step 's' has no output 'z'"},
      {"inputs: [x]\nsteps:\n  - {name: s, model: m/99}\noutputs: {y: s}\n",
       "graph:3: step 's': no version 99"},
      {"inputs: [x]\nsteps:\n  - {name: a, model: m/1, inputs: {x: b}}\n"
       "  - {name: b, model: m/1, inputs: {x: a}}\noutputs: {y: a}\n",
       "graph:3: step 'a' needs itself"},
      {"inputs: [x]\nsteps:\n  - {name: s, model: m/1}\n  - name: c\n    combine: meen\n"
       "    of: [s]\noutputs: {y: c}\n",
       "graph:5: 'meen' is no way to combine"},
      {"inputs: [x]\nsteps:\n  - name: s\n    switch:\n      - {when: \"x[0] >\", model: m/1}\n"
       "    inputs: x\noutputs: {y: s}\n",
       "graph:5: expected a value at ''"},
      {"inputs: [x]\nsteps:\n  - {name: s, model: m/1, inputs: {x: \"x[0]\"}}\noutputs: {y: s}\n",
       "graph:3: the type of input 'x' is not known"},
      {"inputs: [{name: x, dtype: BYTES, shape: [-1, 2]}]\nsteps:\n  - {name: s, model: m/1}\n"
       "outputs: {y: s}\n",
       "graph:3: step 's': input 'x' takes FP32, 'x' is BYTES"},
      {"inputs: [{name: x, dtype: FP32, shape: [-1, 3]}]\nsteps:\n  - {name: s, model: m/1}\n"
       "outputs: {y: s}\n",
       "graph:3: step 's': input 'x' takes shape [-1,2], 'x' has [-1,3]"},
      {"inputs: [x]\nsteps: []\noutputs: {}\n", "graph:2: steps is missing or empty"},
      {"inputs: [x]\nstep: []\n", "graph:2: unknown key 'step' in a graph"},
  };
  for (const auto& [graph, message] : all) {
    auto made = create("g", graph);
    ASSERT_FALSE(made) << graph;
    if (std::string(message).find("type of input") != std::string::npos) {
      EXPECT_NE(made.error().message.find("the type of input 'x' is not known"), std::string::npos);
      continue;
    }
    EXPECT_EQ(made.error().message, message) << graph;
  }
}

TEST_P(GraphTest, ACheckTellsWhatAGraphTakesAndDoes) {
  const auto view = endpoints_->check_graph(kSwitch, "way.yaml");

  ASSERT_TRUE(view) << view.error().message;
  EXPECT_EQ(view->signature.inputs[0].name, "x");
  EXPECT_EQ(view->steps[0].runs, (std::vector<std::string>{"m/1", "m/2", "x[0]"}));
  EXPECT_TRUE(endpoints_->list().empty());
}

INSTANTIATE_TEST_SUITE_P(Dialects, GraphTest, ::testing::ValuesIn(store::TestDatabase::dialects()),
                         [](const auto& info) {
                           return info.param == store::Dialect::sqlite ? "Sqlite" : "Postgres";
                         });

Tensor column(const std::vector<double>& values) {
  auto out = Tensor::make("v", DType::fp64, {static_cast<std::int64_t>(values.size())});
  std::copy(values.begin(), values.end(), static_cast<double*>(out.mutable_data()));
  return out;
}

Numbers combined_to(const std::string& name, Numbers weights = {}) {
  const Tensors values{column({1, 5}), column({2, 5}), column({9, 2})};
  const auto out = combined({.name = name, .weights = std::move(weights)}, values);
  EXPECT_TRUE(out);
  Numbers numbers;
  for (std::size_t i = 0; i < out->count(); ++i) numbers.push_back(out->number_at(i));
  return numbers;
}

TEST(GraphFunctions, CombineAsTheyAreCalled) {
  EXPECT_EQ(combined_to("mean"), (Numbers{4, 4}));
  EXPECT_EQ(combined_to("weighted", {1, 1, 0}), (Numbers{1.5, 5}));
  EXPECT_EQ(combined_to("median"), (Numbers{2, 5}));
  EXPECT_EQ(combined_to("min"), (Numbers{1, 2}));
  EXPECT_EQ(combined_to("max"), (Numbers{9, 5}));
  EXPECT_EQ(combined_to("sum"), (Numbers{12, 12}));
  EXPECT_EQ(combined_to("product"), (Numbers{18, 50}));
  EXPECT_EQ(combined_to("vote"), (Numbers{1, 5}));
  EXPECT_EQ(combined_to("vote", {1, 1, 5}), (Numbers{9, 2}));
  EXPECT_EQ(combined_to("concat"), (Numbers{1, 2, 9, 5, 5, 2}));
}

TEST(GraphFunctions, TextsAreVotedOn) {
  const Tensors values{Tensor::of_texts("a", {2}, {"x", "p"}),
                       Tensor::of_texts("b", {2}, {"y", "q"}),
                       Tensor::of_texts("c", {2}, {"y", "r"})};

  const auto out = combined({.name = "vote"}, values);

  ASSERT_TRUE(out);
  EXPECT_EQ(out->texts()[0], "y");
  EXPECT_EQ(out->texts()[1], "p") << "of equals the first";
  EXPECT_FALSE(combined({.name = "mean"}, values));
}

TEST(GraphFunctions, ApplyAsTheyAreCalled) {
  auto wide = Tensor::make("w", DType::fp32, {2, 3});
  const float given[] = {1, 2, 3, 9, 0, -1};
  std::copy(std::begin(given), std::end(given), static_cast<float*>(wide.mutable_data()));

  EXPECT_EQ(applied({.name = "argmax"}, wide)->values<std::int64_t>()[1], 0);
  const auto soft = applied({.name = "softmax"}, wide).value();
  EXPECT_NEAR(soft.number_at(0) + soft.number_at(1) + soft.number_at(2), 1, 1e-6);
  EXPECT_EQ(applied({.name = "threshold", .at = 2}, wide)->values<std::int64_t>()[1], 1);
  EXPECT_EQ(applied({.name = "clip", .least = 0}, wide)->number_at(5), 0);
  const auto scaled =
      applied({.name = "scale", .subtract = {1, 1, 1}, .divide = {2}}, wide).value();
  EXPECT_EQ(scaled.number_at(3), 4);
  const auto label = applied({.name = "labels", .labels = {"no", "yes"}}, column({1, 0})).value();
  EXPECT_EQ(label.texts()[0], "yes");
  EXPECT_FALSE(applied({.name = "labels", .labels = {"no"}}, column({1})));
  EXPECT_FALSE(applied({.name = "cast", .dtype = DType::uint8}, column({256})));
  EXPECT_FALSE(applied({.name = "cast", .dtype = DType::int64}, column({1e19})));
}

TEST(GraphConditions, AreParsedOrRefusedNeverRead) {
  for (const char* good : {"x > 1", "x[2]>=-1.5e3 and y == 'a b'", "not (x in [1,2] or y != 3)",
                           "x[\"a b\"] not in ['p', \"q\"]", "s.y[1] <= x"}) {
    EXPECT_TRUE(parse_condition(good, 1)) << good;
  }
  for (const char* bad : {"", "x", "x >", "x > 1 and", "1 > 2", "x in []", "x in [y]", "(x > 1",
                          "x > 1)", "x[", "x[-1] > 0", "x > 'a", "x == 1 y == 2", "x ! 1"}) {
    EXPECT_FALSE(parse_condition(bad, 1)) << bad;
  }
  EXPECT_FALSE(parse_condition(std::string(10'000, '('), 1));
}

}  // namespace
}  // namespace slipway::serving
