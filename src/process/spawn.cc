// SPDX-License-Identifier: Apache-2.0
// As posix_spawn does it (the child borrows our memory until it runs the program), and with what
// posix_spawn has no words for: limits of memory and of cores.
#include "spawn.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstdint>

#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tree.h"

extern char** environ;

namespace slipway::process {
namespace {

constexpr std::size_t kStack = 256 << 10;

struct Launch {
  const char* program = nullptr;
  char* const* argv = nullptr;
  char* const* environment = nullptr;
  const char* folder = nullptr;  // null: here
  int output = -1;
  std::uint64_t memory_bytes = 0;
  const cpu_set_t* cores = nullptr;
  int error = 0;
};

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (auto& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

// Runs on a stack of its own in our memory, while we stand still: bare system calls only, so that
// nothing of ours (nor of a sanitizer) takes notice.
[[gnu::no_sanitize("address"), gnu::no_sanitize("thread")]] int child(void* argument) {
  auto& launch = *static_cast<Launch*>(argument);
  const std::uint64_t zero[8] = {};  // the standard action; no signal masked
  for (int signal = 1; signal < NSIG; ++signal) {
    ::syscall(SYS_rt_sigaction, signal, zero, nullptr, std::size_t{8});
  }
  ::syscall(SYS_setsid);
  if (launch.memory_bytes > 0) {
    const rlimit limit{launch.memory_bytes, launch.memory_bytes};
    ::syscall(SYS_prlimit64, 0, RLIMIT_DATA, &limit, nullptr);
  }
  if (launch.cores != nullptr) {
    ::syscall(SYS_sched_setaffinity, 0, sizeof(cpu_set_t), launch.cores);
  }
  bool ok = launch.folder == nullptr || ::syscall(SYS_chdir, launch.folder) == 0;
  if (ok) {
    const auto null = ::syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY, 0);
    ok = null >= 0 && (null == 0 || ::syscall(SYS_dup3, null, 0, 0) == 0) &&
         ::syscall(SYS_dup3, launch.output, 1, 0) == 1 &&
         ::syscall(SYS_dup3, launch.output, 2, 0) == 2;
  }
  if (ok) {
    ::syscall(SYS_close_range, 3u, ~0u, 0u);
    ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, zero, nullptr, std::size_t{8});
    ::syscall(SYS_execve, launch.program, launch.argv, launch.environment);
  }
  launch.error = errno;
  ::syscall(SYS_exit_group, 127);
  return 127;
}

// As many of the cores that we may use, others for each child.
bool choose_cores(double wanted, cpu_set_t& out) {
  cpu_set_t mine;
  CPU_ZERO(&mine);
  if (wanted <= 0 || ::sched_getaffinity(0, sizeof(mine), &mine) != 0) return false;
  const int have = CPU_COUNT(&mine);
  const int take = static_cast<int>(std::ceil(wanted));
  if (take >= have) return false;
  static std::atomic<unsigned> turn{0};
  std::vector<int> cores;
  for (int i = 0; i < CPU_SETSIZE; ++i) {
    if (CPU_ISSET(i, &mine)) cores.push_back(i);
  }
  CPU_ZERO(&out);
  const auto first = turn.fetch_add(static_cast<unsigned>(take));
  for (int i = 0; i < take; ++i) {
    CPU_SET(cores[(first + static_cast<unsigned>(i)) % cores.size()], &out);
  }
  return true;
}

// One for each thread that starts children, kept: making one costs as much as half a start.
class Stack {
 public:
  Stack()
      : base_(::mmap(nullptr, kStack, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0)) {}
  ~Stack() {
    if (base_ != MAP_FAILED) ::munmap(base_, kStack);
  }
  Stack(const Stack&) = delete;
  Stack& operator=(const Stack&) = delete;
  void* top() const { return base_ == MAP_FAILED ? nullptr : static_cast<char*>(base_) + kStack; }

 private:
  void* base_;
};

}  // namespace

std::vector<std::string> environment_of(const Command& command) {
  const auto replaced = [&](std::string_view name) {
    return name == kTagVariable || command.env.contains(std::string(name)) ||
           std::find(command.unset.begin(), command.unset.end(), name) != command.unset.end();
  };
  std::vector<std::string> out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (!replaced(text.substr(0, text.find('=')))) out.emplace_back(text);
  }
  for (const auto& [name, value] : command.env) out.push_back(name + "=" + value);
  out.push_back(std::string(kTagVariable) + "=" + command.tag);
  return out;
}

int spawn(const Command& command, int output, pid_t& pid) {
  const auto program = find_program(command.argv[0]);
  const bool path = command.argv[0].find('/') != std::string::npos;
  if (program.empty() && !path) return ENOENT;
  auto argv = command.argv;
  auto environment = environment_of(command);
  const auto arguments = pointers(argv);
  const auto variables = pointers(environment);
  thread_local const Stack stack;
  if (stack.top() == nullptr) return ENOMEM;
  cpu_set_t cores;
  Launch launch;
  launch.program = path ? command.argv[0].c_str() : program.c_str();
  launch.argv = arguments.data();
  launch.environment = variables.data();
  launch.folder = command.folder.empty() ? nullptr : command.folder.c_str();
  launch.output = output;
  launch.memory_bytes = command.limits.memory_bytes;
  launch.cores = choose_cores(command.limits.cpu, cores) ? &cores : nullptr;
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, &before);  // no handler may run in the child
  pid = ::clone(child, stack.top(), CLONE_VM | CLONE_VFORK | SIGCHLD, &launch);
  const int error = pid < 0 ? errno : launch.error;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid > 0 && error != 0) ::waitpid(pid, nullptr, 0);
  return error;
}

}  // namespace slipway::process
