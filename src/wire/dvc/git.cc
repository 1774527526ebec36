// SPDX-License-Identifier: Apache-2.0
#include "git.h"

#include "base/text.h"
#include "blob/atomic_file.h"
#include "process/process.h"

namespace slipway::wire::dvc {
namespace {

constexpr int kGitTimeoutMs = 60'000;

Result<int> run_git(const std::string& folder, std::vector<std::string> arguments,
                    std::string* output, std::size_t limit = 4096) {
  arguments.insert(arguments.begin(), {"git", "--literal-pathspecs"});
  process::Command command{.argv = std::move(arguments), .folder = folder};
  command.output = [output, limit](std::string_view text) {
    if (output != nullptr && output->size() < limit) *output += text;
  };
  SW_TRY(const auto child, process::Child::start(command));
  const auto exit = child->wait(kGitTimeoutMs);
  if (!exit) return Error{Code::deadline, "git did not answer", ""};
  return exit->code.value_or(-1);
}

// The output of a command that has to succeed.
Result<std::string> ask_git(const std::string& folder, std::vector<std::string> arguments) {
  constexpr std::size_t kMost = 256u << 20;
  std::string output;
  SW_TRY(const auto code, run_git(folder, std::move(arguments), &output, kMost));
  if (code != 0) return precondition("git failed: " + std::string(trim(output)).substr(0, 2000));
  if (output.size() >= kMost) return exhausted("git has too much to say");
  return output;
}

}  // namespace

Result<std::vector<std::string>> commits_in_git(const std::string& folder, bool branches, bool tags,
                                                bool all) {
  std::vector<std::string> arguments{"rev-list", "--no-walk=unsorted"};
  if (all) arguments = {"rev-list", "--all"};
  if (!all && branches) arguments.emplace_back("--branches");
  if (!all && tags) arguments.emplace_back("--tags");
  SW_TRY(const auto text, ask_git(folder, arguments));
  std::vector<std::string> out;
  for (const auto line : split(text, '\n')) {
    if (!trim(line).empty()) out.emplace_back(trim(line));
  }
  return out;
}

Result<std::map<std::string, std::string>> files_of_commit(const std::string& folder,
                                                           const std::string& commit) {
  SW_TRY(const auto text, ask_git(folder, {"ls-tree", "-r", "-z", "--full-tree", commit}));
  std::map<std::string, std::string> out;
  // MODE TYPE ID, a tab, the path
  for (const auto line : split(text, '\0')) {
    const auto tab = line.find('\t');
    if (tab == line.npos) continue;
    const auto words = split(line.substr(0, tab), ' ');
    if (words.size() == 3 && words[1] == "blob") out[std::string(line.substr(tab + 1))] = words[2];
  }
  return out;
}

Result<std::string> content_in_git(const std::string& folder, const std::string& id) {
  return ask_git(folder, {"cat-file", "blob", id});
}

Result<std::string> commit_in_git(const std::string& folder, const std::string& revision) {
  std::string id;
  // A revision that begins with - would be an option.
  SW_TRY(const auto code,
         run_git(folder,
                 {"rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}"},
                 &id));
  if (code != 0) return not_found("unknown Git revision '" + revision + "'");
  return std::string(trim(id));
}

Result<std::string> prefix_in_git(const std::string& folder) {
  SW_TRY(const auto prefix, ask_git(folder, {"rev-parse", "--show-prefix"}));
  return std::string(trim(prefix));
}

Result<std::map<std::string, bool>> changes_in_git(const std::string& folder) {
  SW_TRY(const auto text,
         ask_git(folder, {"status", "--porcelain", "-z", "--no-renames", "--untracked-files=all"}));
  std::map<std::string, bool> out;
  for (const auto line : split(text, '\0')) {
    if (line.size() > 3) out[std::string(line.substr(3))] = line.starts_with("??");
  }
  return out;
}

std::string gitignore_line(std::string_view name) {
  std::string out = "/";
  for (const char c : name) {
    if (std::string_view("[]!*#?\\").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

Result<std::string> ignore_in_git(const std::string& path) {
  const auto slash = path.rfind('/');
  const auto file = path.substr(0, slash + 1) + ".gitignore";
  const auto line = gitignore_line(path.substr(slash + 1));
  std::string text;
  if (auto old = blob::read_file(file)) {
    text = *std::move(old);
  } else if (old.error().code != Code::not_found) {
    return old.error();
  }
  for (const auto have : split(text, '\n')) {
    if (trim(have) == line) return std::string();
  }
  if (!text.empty() && !text.ends_with('\n')) text += '\n';
  SW_CHECK_OK(blob::write_file_atomically(file, text + line + "\n"));
  return file;
}

bool is_tracked_by_git(const std::string& folder, const std::string& path) {
  std::string listed;
  const auto code = run_git(folder, {"ls-files", "--", path}, &listed);
  return code && *code == 0 && !listed.empty();
}

Result<void> stage_in_git(const std::string& folder, const std::vector<std::string>& paths) {
  std::vector<std::string> arguments{"add", "--"};
  arguments.insert(arguments.end(), paths.begin(), paths.end());
  std::string output;
  SW_TRY(const auto code, run_git(folder, std::move(arguments), &output));
  if (code != 0) return precondition("git add failed: " + std::string(trim(output)));
  return {};
}

}  // namespace slipway::wire::dvc
