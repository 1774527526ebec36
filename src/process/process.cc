// SPDX-License-Identifier: Apache-2.0
// One thread watches all children of this process: their pipes, their ends (by pidfd), and the
// deadlines of those that were asked to stop. Nothing polls.
#include "process/process.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/ids.h"
#include "base/log.h"
#include "spawn.h"
#include "tree.h"

extern char** environ;

namespace slipway::process {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::uint64_t kWakeUp = 0;
constexpr std::size_t kBytesATurn = 1 << 20;  // of one child, before the others have theirs

struct Process {
  Command command;
  int pid = -1;
  int pidfd = -1;
  int pipe = -1;
  std::uint64_t number = 0;  // never reused, unlike descriptors

  std::mutex mutex;
  std::condition_variable changed;
  std::optional<Exit> exit;                              // under the mutex
  std::optional<SteadyClock::time_point> kill_deadline;  // under the watcher's mutex
  std::atomic<bool> gone = false;                        // reaped: the pid may be another's
};

class Watcher {
 public:
  static Watcher& instance() {
    static Watcher* watcher = new Watcher;  // outlives every static that may still hold a child
    return *watcher;
  }

  // Held (shared) from before a child exists until it was added: a child that nobody knows yet
  // must not be taken for an orphan.
  std::shared_mutex& starting() { return starting_; }

  Result<void> add(const std::shared_ptr<Process>& process) {
    const std::scoped_lock lock(mutex_);
    process->number = ++last_;
    processes_[process->number] = process;
    epoll_event event{.events = EPOLLIN, .data = {.u64 = process->number << 1}};
    bool ok = ::epoll_ctl(epoll_, EPOLL_CTL_ADD, process->pipe, &event) == 0;
    event.data.u64 |= 1;
    ok = ok && ::epoll_ctl(epoll_, EPOLL_CTL_ADD, process->pidfd, &event) == 0;
    if (ok) return {};
    processes_.erase(process->number);
    return exhausted("cannot watch a child process: " + std::string(std::strerror(errno)),
                     "raise the limit on open files (ulimit -n)");
  }

  void stop(Process& process, int grace_ms) {
    {
      const std::scoped_lock lock(mutex_);
      if (process.gone) return;
      ::kill(-process.pid, grace_ms > 0 ? SIGTERM : SIGKILL);
      const auto deadline = SteadyClock::now() + std::chrono::milliseconds(grace_ms);
      if (!process.kill_deadline || deadline < *process.kill_deadline) {
        process.kill_deadline = deadline;
      }
    }
    wake();
  }

 private:
  Watcher() : epoll_(::epoll_create1(EPOLL_CLOEXEC)), wake_(::eventfd(0, EFD_CLOEXEC)) {
    SW_ASSERT(epoll_ >= 0 && wake_ >= 0);
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    epoll_event event{.events = EPOLLIN, .data = {.u64 = kWakeUp}};
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event);
    std::thread([this] { loop(); }).detach();
  }

  void wake() {
    const std::uint64_t one = 1;
    (void)!::write(wake_, &one, sizeof(one));
  }

  void loop() {
    ::pthread_setname_np(::pthread_self(), "sw-process");
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
    epoll_event events[64];
    while (true) {
      const int n = ::epoll_wait(epoll_, events, 64, kill_overdue());
      for (int i = 0; i < n; ++i) handle(events[i].data.u64);
    }
  }

  void handle(std::uint64_t key) {
    if (key == kWakeUp) {
      std::uint64_t count = 0;
      (void)!::read(wake_, &count, sizeof(count));
      return;
    }
    std::shared_ptr<Process> process;
    {
      const std::scoped_lock lock(mutex_);
      const auto found = processes_.find(key >> 1);
      if (found == processes_.end()) return;
      process = found->second;
    }
    if ((key & 1) != 0) {
      finish(*process);
    } else {
      read_output(*process, kBytesATurn);
    }
  }

  // Kills what is past its deadline; answers how long (ms) until the next one, -1 for none.
  int kill_overdue() {
    const std::scoped_lock lock(mutex_);
    int wait_ms = -1;
    const auto now = SteadyClock::now();
    for (const auto& [number, process] : processes_) {
      if (!process->kill_deadline) continue;
      using std::chrono::ceil;
      using std::chrono::milliseconds;
      const auto left = ceil<milliseconds>(*process->kill_deadline - now).count();
      if (left <= 0) {
        ::kill(-process->pid, SIGKILL);
        process->kill_deadline.reset();
      } else {
        wait_ms = wait_ms < 0 ? static_cast<int>(left) : std::min<int>(wait_ms, left);
      }
    }
    return wait_ms;
  }

  void read_output(Process& process, std::size_t limit) {
    static char buffer[65536];  // this thread's only
    std::size_t total = 0;
    while (process.pipe >= 0 && total < limit) {
      const ssize_t n = ::read(process.pipe, buffer, sizeof(buffer));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno == EAGAIN) return;
      if (n <= 0) {
        close_pipe(process);
        return;
      }
      total += static_cast<std::size_t>(n);
      if (process.command.output) {
        process.command.output({buffer, static_cast<std::size_t>(n)});
      }
    }
  }

  static void close_pipe(Process& process) {
    ::close(process.pipe);  // also leaves the epoll set
    process.pipe = -1;
  }

  void finish(Process& process) {
    int status = 0;
    rusage usage{};
    pid_t waited = 0;
    {
      // Under the lock, so that nobody signals the number after it was given back.
      const std::scoped_lock lock(mutex_);
      waited = ::wait4(process.pid, &status, WNOHANG, &usage);
      if (waited == 0) return;
      process.gone = true;
      process.kill_deadline.reset();
      processes_.erase(process.number);
    }
    end_group(process.pid);
    end_orphans_of(process);
    read_output(process, 64 * kBytesATurn);
    if (process.pipe >= 0) close_pipe(process);
    ::close(process.pidfd);
    Exit exit;
    if (waited > 0 && WIFEXITED(status)) exit.code = WEXITSTATUS(status);
    if (waited > 0 && WIFSIGNALED(status)) exit.signal = WTERMSIG(status);
    const auto seconds = [](const timeval& t) { return t.tv_sec + t.tv_usec * 1e-6; };
    exit.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
    exit.max_rss_bytes = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
    if (process.command.exited) process.command.exited(exit);
    {
      const std::scoped_lock lock(process.mutex);
      process.exit = exit;
    }
    process.changed.notify_all();
  }

  void end_orphans_of(const Process& process) {
    const std::unique_lock nobody_starts(starting_);
    std::set<int> known;
    {
      const std::scoped_lock lock(mutex_);
      for (const auto& [number, other] : processes_) known.insert(other->pid);
    }
    end_orphans(known, process.command.tag, known.empty());
  }

  int epoll_;
  int wake_;
  std::shared_mutex starting_;
  std::mutex mutex_;
  std::uint64_t last_ = 0;
  std::map<std::uint64_t, std::shared_ptr<Process>> processes_;
};

class WatchedChild : public Child {
 public:
  explicit WatchedChild(std::shared_ptr<Process> process) : process_(std::move(process)) {}
  ~WatchedChild() override {
    if (!wait(0)) end(0);
  }

  int pid() const override { return process_->pid; }

  std::optional<Exit> wait(int timeout_ms) override {
    std::unique_lock lock(process_->mutex);
    const auto done = [this] { return process_->exit.has_value(); };
    if (timeout_ms < 0) {
      process_->changed.wait(lock, done);
    } else {
      process_->changed.wait_for(lock, std::chrono::milliseconds(timeout_ms), done);
    }
    return process_->exit;
  }

  void stop(int grace_ms) override { Watcher::instance().stop(*process_, grace_ms); }

  void end(int grace_ms) override {
    stop(grace_ms);
    wait(-1);
  }

 private:
  std::shared_ptr<Process> process_;
};

Error spawn_error(const Command& command, int error) {
  struct stat folder {};
  if (!command.folder.empty() &&
      (::stat(command.folder.c_str(), &folder) != 0 || !S_ISDIR(folder.st_mode))) {
    return precondition("folder '" + command.folder + "' does not exist");
  }
  const std::string what = "cannot start '" + command.argv[0] + "': " + std::strerror(error);
  if (error == ENOENT) return not_found(what, "check the name, the PATH and the #! line");
  if (error == E2BIG) return exhausted(what, "pass large values in a file");
  if (error == EAGAIN || error == ENOMEM) return exhausted(what, "too many processes; retry");
  return precondition(what);
}

}  // namespace

Result<std::unique_ptr<Child>> Child::start(const Command& command) {
  if (command.argv.empty()) return invalid("a command needs at least the name of a program");
  auto& watcher = Watcher::instance();
  auto process = std::make_shared<Process>();
  process->command = command;
  if (command.tag.empty()) process->command.tag = random_secret_hex(8);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return exhausted("cannot make a pipe: " + std::string(std::strerror(errno)),
                     "raise the limit on open files (ulimit -n)");
  }
  const std::shared_lock starting(watcher.starting());
  const int error = spawn(process->command, ends[1], process->pid);
  ::close(ends[1]);
  if (error != 0) {
    ::close(ends[0]);
    return spawn_error(command, error);
  }
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  process->pipe = ends[0];
  // Safe against reuse of the number: only the watcher reaps, and it does not know the child yet.
  process->pidfd = static_cast<int>(::syscall(SYS_pidfd_open, process->pid, 0));
  auto added =
      process->pidfd < 0
          ? Result<void>(unavailable("cannot watch a child: " + std::string(std::strerror(errno))))
          : watcher.add(process);
  if (!added) {
    ::kill(-process->pid, SIGKILL);
    ::waitpid(process->pid, nullptr, 0);
    ::close(ends[0]);
    if (process->pidfd >= 0) ::close(process->pidfd);
    return std::move(added.error());
  }
  return std::unique_ptr<Child>(std::make_unique<WatchedChild>(std::move(process)));
}

std::optional<std::string> inherited(const std::string& name) {
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (text.starts_with(name) && text.substr(name.size()).starts_with('=')) {
      return std::string(text.substr(name.size() + 1));
    }
  }
  return std::nullopt;
}

std::string find_program(const std::string& name) {
  const auto runs = [](const std::string& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
           ::access(path.c_str(), X_OK) == 0;
  };
  if (name.find('/') != std::string::npos) return runs(name) ? name : std::string();
  const auto path = inherited("PATH").value_or("/usr/local/bin:/usr/bin:/bin");
  for (std::size_t at = 0; at <= path.size();) {
    const auto end = std::min(path.find(':', at), path.size());
    const auto candidate = path.substr(at, end - at) + "/" + name;
    if (runs(candidate)) return candidate;
    at = end + 1;
  }
  return {};
}

std::size_t resident_bytes(int pid) {
  const auto path = "/proc/" + (pid == 0 ? "self" : std::to_string(pid)) + "/statm";
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  char text[128] = {};
  const auto size = read(file, text, sizeof text - 1);
  close(file);
  unsigned long all = 0;
  unsigned long resident = 0;
  if (size <= 0 || std::sscanf(text, "%lu %lu", &all, &resident) != 2) return 0;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace slipway::process
