// SPDX-License-Identifier: Apache-2.0
#include "run.h"

#include <map>
#include <mutex>
#include <set>
#include <thread>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/text.h"
#include "store/test_database.h"

namespace slipway::pipeline {
namespace {

// Runs nothing: ends each task at once as the test says, on another thread as a real one does.
class ScriptedExecutor : public Executor {
 public:
  ~ScriptedExecutor() override {
    for (auto& thread : threads_) thread.join();
  }
  Result<void> start(const Task& task, Output output, Ended ended) override {
    const std::scoped_lock lock(mutex_);
    started.push_back(task.script);
    if (refuse) return unavailable("no place");
    TaskEnd end;
    end.code =
        codes.contains(task.script) && !codes[task.script].empty() ? codes[task.script].front() : 0;
    if (codes.contains(task.script) && !codes[task.script].empty()) {
      codes[task.script].erase(codes[task.script].begin());
    }
    threads_.emplace_back([output = std::move(output), ended = std::move(ended), end] {
      output("x");
      ended(end);
    });
    return {};
  }
  void stop(const std::string&, int) override {}
  void end_leftovers(const std::string&) override {}

  std::mutex mutex_;
  std::vector<std::string> started;
  std::map<std::string, std::vector<int>> codes;  // by script, one an attempt
  bool refuse = false;

 private:
  std::vector<std::thread> threads_;
};

class RunTest : public ::testing::Test {
 protected:
  RunTest() : records_(db_) {}

  Status run(const std::string& steps, int jobs = 4) {
    RunSetup setup;
    setup.execution.id = "E1";
    setup.execution.pipeline = "p";
    setup.execution.yaml = "steps:\n" + steps;
    setup.execution.folder = "/tmp";
    setup.execution.engine = "test";
    setup.execution.status = Status::running;
    setup.logs = "/tmp/slipway-run-test-logs-" + std::to_string(::getpid());
    auto definition = parse_definition(setup.execution.yaml, "p.yaml");
    EXPECT_TRUE(definition) << definition.error().message;
    setup.definition = *definition;
    setup.jobs = jobs;
    if (!created_) {
      EXPECT_TRUE(records_.create(setup.execution, 10));
    }
    created_ = true;
    pipeline::Run run(std::move(setup),
                      {.records = records_, .executor = executor_, .clock = system_clock()});
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

  store::TestDatabase db_;
  Records records_;
  ScriptedExecutor executor_;
  bool created_ = false;
};

TEST_F(RunTest, RunsAChainInOrderAndRecordsIt) {
  EXPECT_EQ(run("- {name: b, needs: [a], run: B}\n- {name: a, run: A}\n"), Status::succeeded);

  EXPECT_EQ(executor_.started, (std::vector<std::string>{"A", "B"}));
  EXPECT_EQ(state("b").status, StepStatus::succeeded);
  EXPECT_EQ(state("b").exit_code, 0);
  EXPECT_EQ(records_.get("E1")->status, Status::succeeded);
  EXPECT_TRUE(records_.get("E1")->ended);
}

TEST_F(RunTest, RetriesUntilItSucceedsAndRecordsEachAttempt) {
  executor_.codes["A"] = {1, 2, 0};

  EXPECT_EQ(run("- {name: a, run: A, retries: 2, backoff: 0}\n"), Status::succeeded);

  EXPECT_EQ(state("a").attempts, 3);
  const auto attempts = *records_.attempts("E1", "a");
  ASSERT_EQ(attempts.size(), 3u);
  EXPECT_EQ(attempts[0].exit_code, 1);
  EXPECT_EQ(attempts[1].status, StepStatus::failed);
  EXPECT_EQ(attempts[2].status, StepStatus::succeeded);
}

TEST_F(RunTest, GivesUpAfterTheLastRetry) {
  executor_.codes["A"] = {1, 1, 1, 0};

  EXPECT_EQ(run("- {name: a, run: A, retries: 1, backoff: 0}\n- {name: b, run: B, needs: [a]}\n"),
            Status::failed);

  EXPECT_EQ(state("a").attempts, 2);
  EXPECT_EQ(state("a").error, "exit code 1");
  EXPECT_EQ(state("b").status, StepStatus::skipped);
  EXPECT_EQ(state("b").error, "needs 'a', which did not succeed");
}

TEST_F(RunTest, GoesOnWhereAnEarlierProcessWasKilled) {
  Changes before;
  before.steps.push_back({.name = "a", .status = StepStatus::succeeded, .attempts = 1});
  before.steps.push_back({.name = "b", .index = 0, .status = StepStatus::succeeded, .attempts = 1});
  before.steps.push_back({.name = "b", .index = 1, .status = StepStatus::running, .attempts = 1});
  ASSERT_TRUE(records_.apply("E1", "", before, {}));

  EXPECT_EQ(run("- {name: a, run: A}\n"
                "- {name: b, needs: [a], foreach: [x, y, z], run: 'B {{ item }}'}\n"),
            Status::succeeded);

  EXPECT_EQ(std::set<std::string>(executor_.started.begin(), executor_.started.end()),
            (std::set<std::string>{"B y", "B z"}));
  EXPECT_EQ(state("b", 1).attempts, 2);
}

TEST_F(RunTest, AnExecutorThatRefusesFailsTheStepNotTheEngine) {
  executor_.refuse = true;

  EXPECT_EQ(run("- {name: a, run: A}\n"), Status::failed);

  EXPECT_EQ(state("a").error, "no place");
  EXPECT_FALSE(state("a").exit_code);
}

TEST_F(RunTest, AnEmptyForeachSucceeds) {
  EXPECT_EQ(run("- {name: a, foreach: [], run: A}\n- {name: b, needs: [a], run: B}\n"),
            Status::succeeded);

  EXPECT_EQ(executor_.started, std::vector<std::string>{"B"});
}

TEST_F(RunTest, AChainOfThousandsThatIsDoneAlreadyNeedsNoDeepStack) {
  std::string steps = "- {name: s0, run: x}\n";
  Changes before;
  before.steps.push_back({.name = "s0", .status = StepStatus::succeeded});
  for (int i = 1; i < 5000; ++i) {
    const auto name = "s" + std::to_string(i);
    steps += "- {name: " + name + ", run: x, needs: [s" + std::to_string(i - 1) + "]}\n";
    before.steps.push_back({.name = name, .status = StepStatus::succeeded});
  }
  ASSERT_TRUE(records_.apply("E1", "", before, {}));

  EXPECT_EQ(run(steps), Status::succeeded);
  EXPECT_TRUE(executor_.started.empty());
}

TEST(Backoff, GrowsWithJitterUpToItsLimit) {
  EXPECT_EQ(backoff_seconds({.first_s = 5}, 1, 0), 5);
  EXPECT_EQ(backoff_seconds({.first_s = 5}, 2, 0), 10);
  EXPECT_EQ(backoff_seconds({.first_s = 5}, 3, 0.5), 22.5);
  EXPECT_EQ(backoff_seconds({.first_s = 5}, 1000, 0), 3600);
  EXPECT_EQ(backoff_seconds({.first_s = 0}, 7, 0.9), 0);
  EXPECT_EQ(backoff_seconds({.first_s = 5, .factor = 1}, 9, 0), 5);
  EXPECT_EQ(backoff_seconds({.first_s = 5, .most_s = 12, .jitter = 1}, 9, 0.5), 18);
}

}  // namespace
}  // namespace slipway::pipeline
