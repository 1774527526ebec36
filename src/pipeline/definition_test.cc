// SPDX-License-Identifier: Apache-2.0
#include "pipeline/definition.h"

#include <gtest/gtest.h>

#include "pipeline/expression.h"

namespace slipway::pipeline {
namespace {

constexpr char kWhole[] = R"(name: retrain
params: {month: "2013-04", rows: 100000, rate: 0.5, deep: true, list: [1, 2], nothing: ~}
schedule: "0 3 * * *"
timezone: Europe/Berlin
on: {drift: {endpoint: delays}, data: {path: data/flights.csv}, push: {branch: main}}
env: {PYTHONHASHSEED: "0"}
steps:
  - name: prepare
    run: python prepare.py --month {{ params.month }}
    inputs: [data/flights.csv]
    outputs: [work/train.parquet]
    cache: true
  - name: train
    needs: [prepare]
    foreach: [0.01, 0.1, 1.0]
    run: python train.py --rate {{ item }}
    retries: 2
    backoff: 5
    timeout: 1800
    resources: {cpu: 1, memory: 2GiB, gpu: 0}
  - name: gate
    needs: [train]
    gate: {policy: policies/production.yaml, model: flights}
)";

std::string error_of(const std::string& yaml) {
  const auto definition = parse_definition(yaml, "p.yaml");
  if (definition) return "";
  const auto& error = definition.error();
  return error.message + (error.hint.empty() ? "" : " | " + error.hint);
}

std::string step_error(const std::string& lines) {
  return error_of("params: {month: x}\nsteps:\n  - name: a\n" + lines);
}

TEST(Definition, ReadsEverythingOfTheContract) {
  const auto read = parse_definition(kWhole, "p.yaml");

  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->name, "retrain");
  EXPECT_EQ(read->schedule, "0 3 * * *");
  EXPECT_EQ(read->timezone, "Europe/Berlin");
  EXPECT_EQ(read->on.drift_endpoint, "delays");
  EXPECT_EQ(read->on.data_path, "data/flights.csv");
  EXPECT_EQ(read->on.push_branch, "main");
  EXPECT_EQ(read->env, (EnvList{{"PYTHONHASHSEED", "0"}}));
  EXPECT_EQ(
      json_of(read->params),
      R"({"month":"2013-04","rows":100000,"rate":0.5,"deep":true,"list":[1,2],"nothing":null})");
  ASSERT_EQ(read->steps.size(), 3u);
  EXPECT_TRUE(read->steps[0].cache);
  const auto& train = read->steps[1];
  EXPECT_EQ(train.needs, std::vector<std::string>{"prepare"});
  EXPECT_EQ(train.foreach->items[2].text, "1.0");
  EXPECT_EQ(train.retry.times, 2);
  EXPECT_EQ(train.retry.first_s, 5);
  EXPECT_EQ(train.timeout_s, 1800);
  EXPECT_EQ(train.resources.memory_bytes, 2ull << 30);
  EXPECT_EQ(read->steps[2].gate->policy, "policies/production.yaml");
}

TEST(Definition, UnknownKeysAreRefusedWithTheirLineAndASuggestion) {
  EXPECT_EQ(step_error("    run: x\n    timout: 3\n"),
            "p.yaml:5: unknown key 'timout' in step 'a' | did you mean 'timeout'?");
  EXPECT_EQ(error_of("stepz: []\n"),
            "p.yaml:1: unknown key 'stepz' in a pipeline | did you mean 'steps'?");
}

TEST(Definition, MistakesNameTheirLine) {
  EXPECT_EQ(step_error("    run: x\n    retries: many\n"),
            "p.yaml:5: 'retries' must be a number from 0 to 1000");
  EXPECT_EQ(step_error("    needs: []\n"),
            "p.yaml:3: step 'a' needs one of 'run', 'gate', 'check', 'approval' and 'pipeline'");
  EXPECT_EQ(step_error("    check: {data: a.csv}\n"),
            "p.yaml:4: a check needs 'data' and 'suite' | check: {data: work/train.parquet, suite: "
            "expectations.yaml}");
  EXPECT_EQ(step_error("    run: x\n    check: {data: a.csv, suite: s.yaml}\n"),
            "p.yaml:3: step 'a' needs one of 'run', 'gate', 'check', 'approval' and 'pipeline'");
  EXPECT_EQ(step_error("    run: x\n    cache: 3\n"), "p.yaml:5: 'cache' must be true or false");
  EXPECT_EQ(step_error("    run: x\n    timeout: soon\n"),
            "p.yaml:5: 'timeout': 'soon' is not a duration | write seconds (1800) or 30s, 5m, 2h, "
            "1d");
  EXPECT_EQ(step_error("    run: x\n    resources: {memory: lots}\n"),
            "p.yaml:5: 'lots' is not a size | write 512MiB or 2GiB");
  EXPECT_EQ(step_error("    run: x\n  - name: a\n    run: y\n"),
            "p.yaml:5: there are two steps named 'a'");
  EXPECT_EQ(error_of("schedule: '1 2 3'\nsteps: [{name: a, run: x}]"),
            "p.yaml:1: '1 2 3' has 3 fields, a schedule has five | minute hour day-of-month month "
            "day-of-week: 0 3 * * mon-fri");
  EXPECT_EQ(error_of("timezone: Mars/X\nsteps: [{name: a, run: x}]").substr(0, 43),
            "p.yaml:1: there is no time zone 'Mars/X' | ");
  EXPECT_EQ(error_of("steps: []"), "p.yaml:1: 'steps' must be a list with at least one step");
  EXPECT_EQ(error_of("- a\n"), "p.yaml:1: a pipeline is a map, this is a list");
}

TEST(Definition, NamesThatCouldLeaveTheFolderAreRefused) {
  for (const auto* name : {"a/b", "..", ".hidden", "-x", "a b", "\"a\\0b\"", "''"}) {
    EXPECT_NE(error_of("steps: [{name: " + std::string(name) + ", run: x}]"), "") << name;
  }
}

TEST(Definition, ReferencesAreCheckedBeforeAnythingRuns) {
  EXPECT_EQ(step_error("    run: echo {{ params.mont }}\n"),
            "p.yaml:4: '{{ params.mont }}': there is no such parameter | did you mean "
            "'params.month'?");
  EXPECT_EQ(step_error("    run: echo {{ item }}\n"),
            "p.yaml:4: '{{ item }}': only a step with 'foreach' has one");
  EXPECT_EQ(step_error("    run: echo {{ parms.month }}\n"),
            "p.yaml:4: '{{ parms.month }}': not a known reference | did you mean 'params'?");
  EXPECT_EQ(step_error("    run: echo {{ params.month\n"),
            "p.yaml:4: '{{' without '}}' | write {{ '{{' }} for a literal {{");
  EXPECT_EQ(step_error("    run: echo {{ params.month }} {{ '{{' }} {{ index }}\n    foreach: [1]"),
            "");
}

TEST(Definition, CyclesAreSpelledOut) {
  EXPECT_EQ(error_of("steps:\n- {name: a, run: x, needs: [c]}\n- {name: b, run: x, needs: [a]}\n"
                     "- {name: c, run: x, needs: [b]}\n- {name: d, run: x, needs: [a]}\n"),
            "p.yaml:2: the steps need each other in a circle: a -> c -> b -> a");
  EXPECT_EQ(error_of("steps: [{name: a, run: x, needs: [a]}]"),
            "p.yaml:1: the steps need each other in a circle: a -> a");
  EXPECT_EQ(error_of("steps: [{name: prep, run: x}, {name: b, run: x, needs: [pre]}]"),
            "p.yaml:1: step 'b' needs 'pre', which is not a step | did you mean 'prep'?");
}

TEST(Definition, ALongChainIsNoProblem) {
  std::string yaml = "steps:\n- {name: s0, run: x}\n";
  for (int i = 1; i < 5000; ++i) {
    yaml +=
        "- {name: s" + std::to_string(i) + ", run: x, needs: [s" + std::to_string(i - 1) + "]}\n";
  }
  EXPECT_EQ(error_of(yaml), "");
}

TEST(Definition, AStepThatReadsWhatAnotherWritesComesAfterIt) {
  const auto read = parse_definition(
      "steps:\n- {name: use, run: x, inputs: [d/a.csv]}\n- {name: each, run: x, foreach: "
      "'@l.json'}\n"
      "- {name: make, run: x, outputs: [d/a.csv, l.json]}\n",
      "p.yaml");

  ASSERT_TRUE(read);
  EXPECT_EQ(read->steps[0].needs, std::vector<std::string>{"make"});
  EXPECT_EQ(read->steps[1].needs, std::vector<std::string>{"make"});
}

TEST(Params, KeepTheTypeOfTheirDefault) {
  const auto read = parse_definition(kWhole, "p.yaml");
  const auto given = params_from_words(
      read->params, {"rows=5", "rate=2", "deep=False", "month=a=b", "list=[3]", "nothing=x y"});

  ASSERT_TRUE(given) << given.error().message;
  EXPECT_EQ(json_of(*with_params(read->params, *given)),
            R"({"month":"a=b","rows":5,"rate":2,"deep":false,"list":[3],"nothing":"x y"})");
}

TEST(Params, WrongTypesAndNamesAreRefused) {
  const auto read = parse_definition(kWhole, "p.yaml");
  const auto error = [&](const std::string& word) {
    const auto result = params_from_words(read->params, {word});
    return result ? "" : result.error().message;
  };

  EXPECT_EQ(error("rows=many"), "parameter 'rows' must be an integer, not 'many'");
  EXPECT_EQ(error("deep=1"), "parameter 'deep' must be true or false, not '1'");
  EXPECT_EQ(error("list={}"), "parameter 'list' must be a list, not '{}'");
  EXPECT_EQ(error("row=1"), "the pipeline has no parameter 'row'");
  EXPECT_EQ(error("rows"), "'rows' is not KEY=VALUE");
  EXPECT_FALSE(with_params(read->params, *params_from_json(R"({"rows": "x"})")));
  EXPECT_TRUE(with_params(read->params, *params_from_json(R"({"rows": 7, "month": 4})")));
}

TEST(Expression, InsertsOneShellWord) {
  const Params params = {{"p", {Value::Kind::text, "it's; rm -rf $HOME `x`"}},
                         {"plain", {Value::Kind::text, "2013-04"}},
                         {"none", {}}};
  const Value item{Value::Kind::map, R"({"rate":0.5,"tags":["a b"]})"};
  const Scope scope{.params = &params, .item = &item, .index = 3, .run_id = "RUN"};

  EXPECT_EQ(*render("x {{ params.p }}", scope, Quote::shell), "x 'it'\"'\"'s; rm -rf $HOME `x`'");
  EXPECT_EQ(*render("{{params.plain}}-{{ params.none }}", scope, Quote::shell), "2013-04-''");
  EXPECT_EQ(*render("{{ item }}", scope, Quote::shell), R"('{"rate":0.5,"tags":["a b"]}')");
  EXPECT_EQ(
      *render("{{ item.rate }} {{ item.tags.0 }} {{ index }} {{ run_id }}", scope, Quote::none),
      "0.5 a b 3 RUN");
  EXPECT_EQ(*render("{{ '{{x}}' }}", scope, Quote::shell), "{{x}}");
  EXPECT_EQ(*render("{{ params.plain | json }} {{item.tags|json}} {{ params.none | json }}", scope,
                    Quote::none),
            R"("2013-04" ["a b"] null)");
  EXPECT_FALSE(render("{{ item | upper }}", scope, Quote::shell));
  EXPECT_FALSE(render("{{ item.no }}", scope, Quote::shell));
  EXPECT_EQ(value_in("{{ item.tags }}", scope)->value().text, R"(["a b"])");
}

}  // namespace
}  // namespace slipway::pipeline
