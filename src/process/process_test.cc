// SPDX-License-Identifier: Apache-2.0
#include "process/process.h"

#include <chrono>
#include <csignal>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ids.h"
#include "base/text.h"
#include "tree.h"

namespace slipway::process {
namespace {

// Collects what a child writes.
struct Output {
  std::mutex mutex;
  std::string text;

  std::function<void(std::string_view)> sink() {
    return [this](std::string_view piece) {
      const std::scoped_lock lock(mutex);
      text += piece;
    };
  }
  std::string get() {
    const std::scoped_lock lock(mutex);
    return text;
  }
};

Command shell(const std::string& script) {
  return {.argv = {"sh", "-c", script}};
}

std::optional<Exit> run(Command command, Output& output) {
  command.output = output.sink();
  auto child = Child::start(command);
  EXPECT_TRUE(child) << child.error().message;
  return child ? (*child)->wait(20'000) : std::nullopt;
}

// Waits until the child wrote `count` lines.
std::vector<int> numbers(Output& output, std::size_t count) {
  for (int i = 0; i < 2000; ++i) {
    std::vector<int> out;
    const auto text = output.get();
    for (const auto line : split(text, '\n')) {
      if (const auto n = parse_int(line)) out.push_back(static_cast<int>(*n));
    }
    if (out.size() >= count) return out;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return {};
}

bool runs(int pid) {
  return !identity_of(pid).empty();
}

TEST(Process, AnswersTheExitCodeAndBothStreams) {
  Output output;

  const auto exit = run(shell("echo out; echo err >&2; exit 7"), output);

  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->code, 7);
  EXPECT_FALSE(exit->signal);
  EXPECT_EQ(output.get(), "out\nerr\n");
}

TEST(Process, SaysWhichSignalEndedIt) {
  Output output;

  const auto exit = run(shell("kill -9 $$"), output);

  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->signal, SIGKILL);
  EXPECT_FALSE(exit->code);
}

TEST(Process, RunsInItsFolderWithItsEnvironment) {
  Output output;
  auto command = shell("pwd; echo \"[$ADDED][$HOME][$PATH]\"");
  command.folder = "/usr";
  command.env = {{"ADDED", "a b"}};
  command.unset = {"HOME"};

  run(command, output);

  const auto text = output.get();
  EXPECT_TRUE(text.starts_with("/usr\n[a b][][/")) << text;
}

TEST(Process, CountsTheCpuTimeOfItsChildren) {
  Output output;

  const auto exit = run(shell("sh -c 'i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done'"), output);

  ASSERT_TRUE(exit);
  EXPECT_GT(exit->cpu_seconds, 0.001);
  EXPECT_GT(exit->max_rss_bytes, 100'000u);
}

TEST(Process, AMissingProgramOrFolderIsAnErrorThatNamesIt) {
  const auto program = Child::start({.argv = {"no-such-program-here"}});
  const auto folder = Child::start({.argv = {"true"}, .folder = "/no/such/folder"});
  const auto nothing = Child::start({});

  ASSERT_FALSE(program);
  EXPECT_NE(program.error().message.find("no-such-program-here"), std::string::npos);
  ASSERT_FALSE(folder);
  EXPECT_NE(folder.error().message.find("/no/such/folder"), std::string::npos);
  EXPECT_EQ(nothing.error().code, Code::invalid_argument);
}

TEST(Process, EndingItEndsItsGrandchildren) {
  Output output;
  auto command = shell("sleep 300 & echo $!; sh -c 'sleep 300 & echo $!; wait' & wait");
  command.output = output.sink();
  auto child = Child::start(command);
  ASSERT_TRUE(child);
  const auto pids = numbers(output, 2);
  ASSERT_EQ(pids.size(), 2u);

  (*child)->end(2000);

  EXPECT_FALSE(runs((*child)->pid()));
  for (const int pid : pids) EXPECT_FALSE(runs(pid)) << pid;
}

TEST(Process, AChildThatIgnoresTheRequestIsKilledAfterTheGrace) {
  Output output;
  auto command = shell("trap '' TERM; echo 1; while true; do sleep 0.05; done");
  command.output = output.sink();
  auto child = Child::start(command);
  ASSERT_TRUE(child);
  numbers(output, 1);

  const auto before = std::chrono::steady_clock::now();
  (*child)->end(200);

  EXPECT_EQ((*child)->wait(0)->signal, SIGKILL);
  EXPECT_GE(std::chrono::steady_clock::now() - before, std::chrono::milliseconds(190));
}

TEST(Process, WhatAFinishedChildLeftRunningIsEndedEvenOutsideItsSession) {
  Output output;

  const auto exit = run(shell("sleep 300 & echo $!; setsid sh -c 'echo $$; exec sleep 300' &"
                              "sleep 0.2; exit 0"),
                        output);

  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->code, 0);
  const auto pids = numbers(output, 2);
  ASSERT_EQ(pids.size(), 2u);
  for (const int pid : pids) EXPECT_FALSE(runs(pid)) << pid;
}

TEST(Process, OrphansOfOneChildDoNotDieWithAnother) {
  Output slow_output;
  auto slow = shell("(setsid sh -c 'echo $$; exec sleep 300' &) ; sleep 300");
  slow.output = slow_output.sink();
  auto child = Child::start(slow);
  ASSERT_TRUE(child);
  const auto pids = numbers(slow_output, 1);
  ASSERT_EQ(pids.size(), 1u);

  Output quick_output;
  run(shell("true"), quick_output);

  EXPECT_TRUE(runs(pids[0]));
  (*child)->end(0);
  EXPECT_FALSE(runs(pids[0]));
}

TEST(Process, LeavesNoZombies) {
  for (int i = 0; i < 20; ++i) {
    Output output;
    run(shell("(sleep 0.01 &) ; true"), output);
  }

  const auto mine = std::to_string(::getpid());
  const auto path = "/proc/" + mine + "/task/" + mine + "/children";
  std::string children;
  if (FILE* file = std::fopen(path.c_str(), "r")) {
    char buffer[256] = {};
    children = std::fgets(buffer, sizeof(buffer), file) != nullptr ? buffer : "";
    std::fclose(file);
  }
  EXPECT_EQ(children, "");
}

TEST(Process, ManyAtOnceAreAllHeard) {
  std::vector<std::unique_ptr<Child>> children;
  std::vector<std::unique_ptr<Output>> outputs;
  for (int i = 0; i < 40; ++i) {
    outputs.push_back(std::make_unique<Output>());
    auto command = shell("echo " + std::to_string(i) + "; exit " + std::to_string(i));
    command.output = outputs.back()->sink();
    auto child = Child::start(command);
    ASSERT_TRUE(child);
    children.push_back(*std::move(child));
  }

  for (int i = 0; i < 40; ++i) {
    const auto exit = children[i]->wait(20'000);
    ASSERT_TRUE(exit);
    EXPECT_EQ(exit->code, i);
    EXPECT_EQ(outputs[i]->get(), std::to_string(i) + "\n");
  }
}

TEST(Process, TheEndIsToldAfterTheLastOutput) {
  Output output;
  std::mutex mutex;
  std::string at_exit;
  auto command = shell("seq 1 20000");
  command.output = output.sink();
  command.exited = [&](const Exit&) {
    const std::scoped_lock lock(mutex);
    at_exit = output.get();
  };
  auto child = Child::start(command);
  ASSERT_TRUE(child);

  (*child)->wait(20'000);

  const std::scoped_lock lock(mutex);
  EXPECT_TRUE(at_exit.ends_with("\n20000\n"));
}

TEST(Process, TaggedProcessesAreFoundAndEndedWithoutKnowingThem) {
  const auto tag = random_secret_hex(8);
  Output output;
  auto command = shell("setsid sh -c 'echo $$; exec sleep 300' & echo $$; sleep 300");
  command.tag = tag;
  command.output = output.sink();
  auto child = Child::start(command);
  ASSERT_TRUE(child);
  const auto pids = numbers(output, 2);

  const auto ended = end_tagged(tag);

  EXPECT_GE(ended, 2u);
  (*child)->wait(5000);
  for (const int pid : pids) EXPECT_FALSE(runs(pid)) << pid;
  EXPECT_EQ(end_tagged(tag), 0u);
}

TEST(Process, AnIdentityOutlivesTheProcessWithoutMatchingAnother) {
  const auto me = identity_of(::getpid());

  EXPECT_TRUE(is_alive(me));
  EXPECT_FALSE(is_alive(std::to_string(::getpid()) + "/1/other-boot"));
  EXPECT_FALSE(is_alive(""));
  EXPECT_FALSE(is_alive("nonsense"));
}

TEST(Process, FindsProgramsAsTheShellDoes) {
  EXPECT_TRUE(find_program("sh").ends_with("/sh"));
  EXPECT_EQ(find_program("/bin/sh"), "/bin/sh");
  EXPECT_EQ(find_program("no-such-program-here"), "");
}

TEST(Process, MemoryAndCoresAreLimitedFromTheFirstInstruction) {
  Output output;
  auto command = shell("ulimit -d; grep -c . /proc/self/status >/dev/null; nproc; sh -c nproc");
  command.limits = {64 << 20, 1};

  const auto exit = run(std::move(command), output);

  ASSERT_TRUE(exit);
  EXPECT_EQ(output.get(), "65536\n1\n1\n");
}

TEST(Process, WhoeverTakesMoreMemoryThanItMayDoesNotGetIt) {
  Output output;
  auto command = shell("head -c 200000000 /dev/zero | tail -c 150000000 | wc -c");
  command.limits = {32 << 20, 0};

  const auto exit = run(std::move(command), output);

  ASSERT_TRUE(exit);
  EXPECT_EQ(output.get().find("150000000"), std::string::npos) << output.get();
}

TEST(Process, ALaunchThatFailsLeavesNoProcess) {
  Command command{.argv = {"/tmp"}};

  const auto child = Child::start(command);

  ASSERT_FALSE(child);
  command = {.argv = {"true"}, .folder = "/nowhere/at/all"};
  EXPECT_FALSE(Child::start(command));
}

}  // namespace
}  // namespace slipway::process
