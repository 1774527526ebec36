// SPDX-License-Identifier: Apache-2.0
#include "tree.h"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <thread>

#include <dirent.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "process/process.h"

namespace slipway::process {
namespace {

std::string read_small(const std::string& path, std::size_t limit = 4 << 20) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {};
  std::string out;
  char buffer[16384];
  ssize_t n = 0;
  while (out.size() < limit && (n = ::read(fd, buffer, sizeof(buffer))) > 0) {
    out.append(buffer, static_cast<std::size_t>(n));
  }
  ::close(fd);
  return out;
}

// The fields of /proc/PID/stat after the name (which may hold blanks and brackets): [0] is the
// state, [1] the parent, [2] the group, [19] the start time in ticks since boot.
std::vector<std::string> stat_fields(int pid) {
  const auto text = read_small("/proc/" + std::to_string(pid) + "/stat");
  const auto end = text.rfind(')');
  std::vector<std::string> out;
  if (end == std::string::npos) return out;
  for (const auto part : split(trim(std::string_view(text).substr(end + 1)), ' ')) {
    out.emplace_back(part);
  }
  return out;
}

std::vector<int> children_of_main_thread() {
  const auto me = std::to_string(::getpid());
  const auto text = read_small("/proc/" + me + "/task/" + me + "/children");
  std::vector<int> out;
  for (const auto part : split(text, ' ')) {
    if (const auto pid = parse_int(part)) out.push_back(static_cast<int>(*pid));
  }
  return out;
}

const std::string& boot_id() {
  static const std::string id(trim(read_small("/proc/sys/kernel/random/boot_id")));
  return id;
}

void nap() {
  std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

bool is_orphan_of(int pid, const std::string& tag, bool untagged) {
  const auto found = tag_of(pid);
  return found.empty() ? untagged : found == tag;
}

}  // namespace

std::string tag_of(int pid) {
  const auto environment = read_small("/proc/" + std::to_string(pid) + "/environ");
  const std::string wanted = std::string(kTagVariable) + "=";
  for (const auto entry : split(environment, '\0')) {
    if (entry.starts_with(wanted)) return std::string(entry.substr(wanted.size()));
  }
  return {};
}

void end_group(int group) {
  for (int round = 0; round < 2000; ++round) {
    if (::kill(-group, SIGKILL) != 0 && errno == ESRCH) return;
    while (::waitpid(-group, nullptr, WNOHANG) > 0) {
    }
    if (::kill(-group, 0) != 0 && errno == ESRCH) return;
    nap();
  }
}

void end_orphans(const std::set<int>& known, const std::string& tag, bool untagged) {
  const auto own_group = std::to_string(::getpgrp());
  for (int round = 0; round < 500; ++round) {
    bool waiting = false;
    for (const int pid : children_of_main_thread()) {
      if (known.contains(pid)) continue;
      const auto fields = stat_fields(pid);
      if (fields.size() < 3 || fields[2] == own_group) continue;  // not started by this room
      if (fields[0] == "Z") {
        ::waitpid(pid, nullptr, WNOHANG);
      } else if (is_orphan_of(pid, tag, untagged)) {
        ::kill(pid, SIGKILL);
        waiting = true;
      }
    }
    if (!waiting) return;
    nap();
  }
}

std::vector<int> tagged(const std::string& tag) {
  std::vector<int> out;
  DIR* proc = ::opendir("/proc");
  if (proc == nullptr) return out;
  while (const dirent* entry = ::readdir(proc)) {
    const auto pid = parse_int(entry->d_name);
    if (!pid || *pid == ::getpid()) continue;
    const auto found = tag_of(static_cast<int>(*pid));
    if (found == tag || found.starts_with(tag + ".")) out.push_back(static_cast<int>(*pid));
  }
  ::closedir(proc);
  return out;
}

std::size_t end_tagged(const std::string& tag) {
  if (tag.empty()) return 0;
  std::set<int> seen;
  for (int round = 0; round < 500; ++round) {
    const auto found = tagged(tag);
    if (found.empty()) break;
    for (const int pid : found) {
      ::kill(pid, SIGKILL);
      seen.insert(pid);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(round == 0 ? 1 : 10));
    for (const int pid : found) ::waitpid(pid, nullptr, WNOHANG);  // when it came to us
  }
  return seen.size();
}

std::string identity_of(int pid) {
  const auto fields = stat_fields(pid);
  if (fields.size() < 20 || fields[0] == "Z" || fields[0] == "X") return {};
  return std::to_string(pid) + "/" + fields[19] + "/" + boot_id();
}

bool is_of_this_machine(const std::string& identity) {
  return identity.substr(identity.rfind('/') + 1) == boot_id();
}

bool is_alive(const std::string& identity) {
  const auto pid = parse_int(std::string_view(identity).substr(0, identity.find('/')));
  return pid && !identity.empty() && identity_of(static_cast<int>(*pid)) == identity;
}

}  // namespace slipway::process
