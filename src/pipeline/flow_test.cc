// SPDX-License-Identifier: Apache-2.0
// Which steps run: conditions, failures, elements, answers, priorities, places.
#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/pool.h"
#include "blob/atomic_file.h"
#include "run.h"
#include "store/test_database.h"

namespace slipway::pipeline {
namespace {

// Runs nothing: a script that is a number ends with that code; `results` are written for it.
class FakeExecutor : public Executor {
 public:
  Result<void> start(const Task& task, Output, Ended ended) override {
    {
      const std::scoped_lock lock(mutex);
      started.push_back(task.script);
      ++together;
      most_together = std::max(most_together, together);
    }
    const auto code = task.script.ends_with("!") ? 1 : 0;
    if (const auto found = results.find(task.script); found != results.end()) {
      EXPECT_TRUE(blob::write_file_atomically(task.env.at("SLIPWAY_RESULT"), found->second));
    }
    const bool taken = pool.post([this, ended = std::move(ended), code] {
      {
        const std::scoped_lock lock(mutex);
        --together;
      }
      ended({.code = code});
    });
    EXPECT_TRUE(taken);
    return {};
  }
  void stop(const std::string&, int) override {}
  void end_leftovers(const std::string&) override {}

  std::mutex mutex;
  std::vector<std::string> started;
  std::map<std::string, std::string> results;  // by script
  int together = 0;
  int most_together = 0;
  Pool pool{"ends", 1, 1'000'000};
};

class FlowTest : public ::testing::TestWithParam<store::Dialect> {
 protected:
  FlowTest() : records_(db_) {}
  ~FlowTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(logs_, ignored);
  }

  RunSetup setup_of(const std::string& yaml, int jobs = 4) {
    RunSetup setup;
    setup.execution.id = "E1";
    setup.execution.pipeline = "p";
    setup.execution.yaml = yaml;
    setup.execution.folder = "/tmp";
    setup.execution.engine = "test";
    setup.execution.status = Status::running;
    setup.logs = logs_;
    setup.artifacts = logs_ + "/.artifacts";
    auto definition = parse_definition(yaml, "p.yaml");
    EXPECT_TRUE(definition) << definition.error().message;
    if (definition) setup.definition = *definition;
    setup.params = setup.definition.params;
    setup.jobs = jobs;
    if (!std::exchange(created_, true)) {
      EXPECT_TRUE(records_.create(setup.execution, 10));
    }
    return setup;
  }

  Status run(const std::string& yaml, int jobs = 4) {
    pipeline::Run run(setup_of(yaml, jobs), {.records = records_,
                                             .executor = executor_,
                                             .clock = system_clock(),
                                             .places = places_.get()});
    const auto status = run.go();
    EXPECT_TRUE(status) << status.error().message;
    return status.value_or(Status::failed);
  }

  StepState state(const std::string& step, std::optional<std::int64_t> index = {}) {
    const auto rows = records_.steps("E1");
    for (const auto& row : *rows) {
      if (row.name == step && row.index == index) return row;
    }
    return {};
  }

  std::set<std::string> started() { return {executor_.started.begin(), executor_.started.end()}; }

  const std::string logs_ = "/tmp/slipway-flow-test-" + std::to_string(::getpid());
  store::TestDatabase db_{GetParam()};
  Records records_;
  std::unique_ptr<Places> places_ =
      std::make_unique<Places>(Places::Whole{.cpu = 2, .memory_bytes = 1 << 30, .gpus = {"7"}});
  FakeExecutor executor_;
  bool created_ = false;
};

TEST_P(FlowTest, AConditionThatDoesNotHoldLeavesTheStepOutAndIsNoFailure) {
  EXPECT_EQ(run("params: {deep: false}\n"
                "steps:\n"
                "- {name: a, run: A}\n"
                "- {name: b, run: B, needs: [a], when: params.deep}\n"
                "- {name: c, run: C, needs: [a], if: not params.deep}\n"
                "- {name: d, run: D, needs: [b, c]}\n"
                "- {name: e, run: E, needs: [b]}\n"),
            Status::succeeded);

  EXPECT_EQ(started(), (std::set<std::string>{"A", "C", "D"}));
  EXPECT_EQ(state("b").status, StepStatus::skipped);
  EXPECT_EQ(state("b").error, "its condition does not hold");
  EXPECT_EQ(state("e").error, "needs 'b', which was left out");
}

TEST_P(FlowTest, StepsForFailuresAndForEveryCaseRunAfterAFailure) {
  EXPECT_EQ(run("steps:\n"
                "- {name: tell, run: TELL, when: on-failure}\n"
                "- {name: clean, run: CLEAN, when: always}\n"
                "- {name: bad, run: BAD!}\n"
                "- {name: next, run: NEXT, needs: [bad]}\n"
                "- {name: mend, run: MEND, needs: [next], when: on-failure}\n"
                "- {name: if-bad, run: IF, needs: [bad], when: failed() and true}\n"),
            Status::failed);

  EXPECT_EQ(started(), (std::set<std::string>{"BAD!", "TELL", "CLEAN", "MEND", "IF"}));
  EXPECT_EQ(state("next").status, StepStatus::skipped);
  EXPECT_EQ(executor_.started[0], "BAD!");
}

TEST_P(FlowTest, WithoutAFailureTheirOnesAreLeftOut) {
  EXPECT_EQ(run("steps:\n"
                "- {name: good, run: GOOD}\n"
                "- {name: tell, run: TELL, when: on-failure}\n"
                "- {name: clean, run: CLEAN, when: always}\n"),
            Status::succeeded);

  EXPECT_EQ(started(), (std::set<std::string>{"GOOD", "CLEAN"}));
  EXPECT_EQ(state("tell").error, "nothing that it needs failed");
}

TEST_P(FlowTest, AStepThatMayFailStopsNobody) {
  EXPECT_EQ(run("steps:\n- {name: a, run: A!, may_fail: true}\n- {name: b, run: B, needs: [a]}\n"),
            Status::succeeded);

  EXPECT_EQ(state("a").status, StepStatus::failed);
  EXPECT_EQ(started(), (std::set<std::string>{"A!", "B"}));
}

TEST_P(FlowTest, ResultsReachLaterStepsAndConditions) {
  executor_.results["A"] = R"({"auc": 0.9, "files": ["x", "y"]})";

  EXPECT_EQ(run("steps:\n"
                "- {name: a, run: A}\n"
                "- {name: b, run: 'B {{ steps.a.result.auc }}', when: steps.a.result.auc > 0.8}\n"
                "- {name: c, run: C, when: steps.a.result.auc > 0.95}\n"
                "- {name: d, foreach: '{{ steps.a.result.files }}', run: 'D {{ item }}'}\n"),
            Status::succeeded);

  EXPECT_EQ(started(), (std::set<std::string>{"A", "B 0.9", "D x", "D y"}));
}

TEST_P(FlowTest, AResultThatIsNoJsonFailsItsStep) {
  executor_.results["A"] = "{";

  EXPECT_EQ(run("steps: [{name: a, run: A}]"), Status::failed);

  EXPECT_TRUE(state("a").error.starts_with("$SLIPWAY_RESULT holds no JSON")) << state("a").error;
}

TEST_P(FlowTest, ElementsOfElements) {
  executor_.results["A 2"] = "1";
  EXPECT_EQ(run("params: {inner: [u, v]}\n"
                "steps:\n"
                "- {name: a, foreach: [1, 2], run: 'A {{ item }}'}\n"
                "- name: b\n"
                "  foreach: {each: a, in: '{{ params.inner }}'}\n"
                "  run: 'B {{ outer }} {{ outer_index }} {{ item }} {{ index }}'\n"
                "- {name: c, run: 'C {{ steps.a.result }}'}\n"),
            Status::succeeded);

  EXPECT_EQ(started(), (std::set<std::string>{"A 1", "A 2", "B 1 0 u 0", "B 1 0 v 1", "B 2 1 u 2",
                                              "B 2 1 v 3", "C '[null,1]'"}));
}

TEST_P(FlowTest, AMatrixIsItsCombinations) {
  EXPECT_EQ(run("steps:\n"
                "- name: a\n"
                "  matrix: {model: [tree, line], rate: [1, 2], exclude: [{model: line, rate: 2}],\n"
                "           include: [{model: net, rate: 9}]}\n"
                "  run: '{{ matrix.model }} {{ item.rate }}'\n"),
            Status::succeeded);

  EXPECT_EQ(started(), (std::set<std::string>{"tree 1", "tree 2", "line 1", "net 9"}));
}

TEST_P(FlowTest, AConditionOfAnElementLeavesThatOneOut) {
  EXPECT_EQ(run("steps: [{name: a, foreach: [1, 2, 3], when: item != 2, run: 'A {{ item }}'}]"),
            Status::succeeded);

  EXPECT_EQ(started(), (std::set<std::string>{"A 1", "A 3"}));
  EXPECT_EQ(state("a", 1).status, StepStatus::skipped);
}

TEST_P(FlowTest, UrgentStepsGoFirst) {
  EXPECT_EQ(run("steps:\n- {name: a, run: A}\n- {name: b, run: B, priority: 5}\n"
                "- {name: c, run: C, priority: 7}\n",
                1),
            Status::succeeded);

  EXPECT_EQ(executor_.started, (std::vector<std::string>{"C", "B", "A"}));
}

TEST_P(FlowTest, PoolsAndLimitsBoundWhatRunsTogether) {
  EXPECT_EQ(run("pools: {db: 2}\n"
                "steps: [{name: a, foreach: [1, 2, 3, 4, 5, 6, 7, 8], pool: db, run: A}]",
                8),
            Status::succeeded);
  EXPECT_LE(executor_.most_together, 2);

  executor_.most_together = 0;
  created_ = true;
  EXPECT_TRUE(records_.requeue_from("E1", {"a"}));
  ASSERT_TRUE(records_.claim(*records_.get("E1"), "test", {}));
  EXPECT_EQ(run("steps: [{name: a, foreach: {in: [1, 2, 3, 4, 5, 6], at_once: 1}, run: A}]", 8),
            Status::succeeded);
  EXPECT_EQ(executor_.most_together, 1);
}

TEST_P(FlowTest, MoreGpusThanThereAreAreToldAtOnce) {
  EXPECT_EQ(run("steps:\n- {name: a, run: A, resources: {gpu: 1}}\n"
                "- {name: b, run: B, resources: {gpu: 2}}\n"),
            Status::failed);

  EXPECT_EQ(state("a").status, StepStatus::succeeded);
  EXPECT_EQ(state("b").error, "it wants 2 GPUs, there are 1 here");
}

TEST_P(FlowTest, RetriesLookAtTheExitCode) {
  EXPECT_EQ(run("steps:\n"
                "- {name: a, run: A!, retries: {times: 3, backoff: 0, on: [75]}}\n"
                "- {name: b, run: B!, retries: {times: 2, backoff: 0, not_on: [7]}}\n"),
            Status::failed);

  EXPECT_EQ(state("a").attempts, 1);
  EXPECT_EQ(state("b").attempts, 3);
}

TEST_P(FlowTest, AnAnswerThatWasGivenBeforeCounts) {
  ASSERT_TRUE(records_.create({.id = "E1", .engine = "test", .status = Status::running}, 10));
  created_ = true;
  ASSERT_TRUE(records_.decide("E1", {"ok", {}, true, "ann", "looks good", {}}));
  ASSERT_TRUE(records_.decide("E1", {"no", {}, false, "bob", "too slow", {}}));

  EXPECT_EQ(run("steps:\n"
                "- {name: ok, approval: go on}\n"
                "- {name: a, run: 'A {{ steps.ok.result.by }}', needs: [ok]}\n"
                "- {name: no, approval: {message: really}}\n"
                "- {name: b, run: B, needs: [no]}\n"),
            Status::failed);

  EXPECT_EQ(started(), (std::set<std::string>{"A ann"}));
  EXPECT_EQ(state("no").error, "refused by bob: too slow");
  EXPECT_FALSE(records_.decide("E1", {"ok", {}, false, "eve", "", {}}));
}

TEST_P(FlowTest, CancellingLeavesOnlyWhatAlwaysRuns) {
  pipeline::Run run(setup_of("steps:\n- {name: a, approval: x}\n- {name: b, run: B, needs: [a]}\n"
                             "- {name: clean, run: CLEAN, when: always}\n"),
                    {.records = records_, .executor = executor_, .clock = system_clock()});
  run.cancel(false);

  EXPECT_EQ(*run.go(), Status::cancelled);

  EXPECT_EQ(started(), (std::set<std::string>{"CLEAN"}));
  EXPECT_EQ(state("a").status, StepStatus::cancelled);
  EXPECT_EQ(state("b").status, StepStatus::cancelled);
}

TEST_P(FlowTest, WhoeverLostTheExecutionRecordsNothingMore) {
  auto setup = setup_of("steps: [{name: a, run: A}]");
  setup.execution.engine = "another";
  pipeline::Run run(std::move(setup),
                    {.records = records_, .executor = executor_, .clock = system_clock()});

  const auto status = run.go();

  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Code::conflict);
  EXPECT_TRUE(executor_.started.empty());
}

TEST_P(FlowTest, TensOfThousandsOfElements) {
  std::string list = "[0";
  for (int i = 1; i < 20'000; ++i) list += "," + std::to_string(i);
  ASSERT_TRUE(blob::write_file_atomically(logs_ + ".json", list + "]"));

  EXPECT_EQ(run("steps: [{name: a, foreach: '@" + logs_ + ".json', when: item == 19999, run: A}]"),
            Status::succeeded);

  EXPECT_EQ(executor_.started.size(), 1u);
  EXPECT_EQ(state("a", 19'999).status, StepStatus::succeeded);
  std::filesystem::remove(logs_ + ".json");
}

TEST_P(FlowTest, OneHoldsTheLeaseUntilItRunsOut) {
  auto& records = records_;

  EXPECT_TRUE(*records.take_lease("s", "a", {1'000}, {2'000}, ""));
  EXPECT_FALSE(*records.take_lease("s", "b", {1'500}, {2'500}, ""));
  EXPECT_TRUE(*records.take_lease("s", "a", {1'500}, {2'500}, ""));
  EXPECT_FALSE(*records.take_lease("s", "b", {2'500}, {3'500}, ""));
  EXPECT_TRUE(*records.take_lease("s", "b", {2'501}, {3'501}, ""));
  EXPECT_FALSE(*records.take_lease("s", "a", {2'600}, {3'600}, ""));
  EXPECT_TRUE(*records.take_lease("s", "a", {2'600}, {3'600}, "b"));
  ASSERT_TRUE(records.give_up_lease("s", "b"));
  EXPECT_EQ(*records.lease_holder("s"), "a");
  ASSERT_TRUE(records.give_up_lease("s", "a"));
  EXPECT_TRUE(*records.take_lease("s", "b", {2'600}, {3'600}, ""));
}

INSTANTIATE_TEST_SUITE_P(Stores, FlowTest,
                         ::testing::ValuesIn(store::TestDatabase::dialects()));

}  // namespace
}  // namespace slipway::pipeline
