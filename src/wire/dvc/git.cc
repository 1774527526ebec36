// SPDX-License-Identifier: Apache-2.0
#include "git.h"

#include "base/text.h"
#include "blob/atomic_file.h"
#include "process/process.h"

namespace slipway::wire::dvc {
namespace {

constexpr int kGitTimeoutMs = 60'000;

Result<int> run_git(const std::string& folder, std::vector<std::string> arguments,
                    std::string* output) {
  arguments.insert(arguments.begin(), {"git", "--literal-pathspecs"});
  process::Command command{.argv = std::move(arguments), .folder = folder};
  command.output = [output](std::string_view text) {
    if (output != nullptr && output->size() < 4096) *output += text;
  };
  SW_TRY(const auto child, process::Child::start(command));
  const auto exit = child->wait(kGitTimeoutMs);
  if (!exit) return Error{Code::deadline, "git did not answer", ""};
  return exit->code.value_or(-1);
}

}  // namespace

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
