// SPDX-License-Identifier: Apache-2.0
#include "git_branch.h"

#include <algorithm>
#include <filesystem>

#include "base/text.h"
#include "blob/atomic_file.h"
#include "process/process.h"

namespace slipway::app {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kRefLimit = 4096;
constexpr std::size_t kPackedLimit = 256u << 20;
constexpr int kDepthLimit = 5;
constexpr int kGitTimeoutMs = 10'000;

bool is_commit(std::string_view text) {
  return (text.size() == 40 || text.size() == 64) &&
         text.find_first_not_of("0123456789abcdef") == text.npos;
}

// Where the branches are: linked work trees share those of the repository they belong to.
fs::path common_folder(const fs::path& git) {
  const auto common = blob::read_file((git / "commondir").string(), kRefLimit);
  if (!common) return git;
  return (git / std::string(trim(*common))).lexically_normal();
}

Result<fs::path> repository_of(const std::string& folder) {
  std::error_code error;
  for (fs::path at = fs::path(folder).lexically_normal();; at = at.parent_path()) {
    const auto git = at / ".git";
    if (fs::is_directory(git, error)) return common_folder(git);
    if (fs::is_regular_file(git, error)) {
      SW_TRY(const auto text, blob::read_file(git.string(), kRefLimit));
      const auto line = trim(text);
      if (line.starts_with("gitdir: ")) return common_folder(at / std::string(line.substr(8)));
    }
    const bool bare = fs::is_regular_file(at / "HEAD", error) &&
                      fs::is_directory(at / "objects", error) &&
                      fs::is_directory(at / "refs", error);
    if (bare) return at;
    if (at == at.parent_path()) break;
  }
  return precondition("'" + folder + "' is in no git repository");
}

Result<std::string> packed(const fs::path& repository, const std::string& ref) {
  const auto text = blob::read_file((repository / "packed-refs").string(), kPackedLimit);
  if (!text) {
    if (text.error().code == Code::not_found) return std::string();
    return text.error();
  }
  for (const auto line : split(*text, '\n')) {
    const auto space = line.find(' ');
    if (space == line.npos || trim(line.substr(space + 1)) != ref) continue;
    if (is_commit(line.substr(0, space))) return std::string(line.substr(0, space));
  }
  return std::string();
}

// For ways to keep references that are not files of their own.
Result<std::string> ask_git(const std::string& folder, const std::string& ref) {
  process::Command command{.argv = {"git", "rev-parse", "--verify", "--quiet", ref},
                           .folder = folder};
  std::string output;
  command.output = [&](std::string_view text) {
    if (output.size() < kRefLimit) output += text;
  };
  SW_TRY(const auto child, process::Child::start(command));
  const auto exit = child->wait(kGitTimeoutMs);
  if (!exit) return Error{Code::deadline, "git did not answer", ""};
  const auto commit = std::string(trim(output));
  if (exit->code == 0 && is_commit(commit)) return commit;
  if (exit->code == 1 && commit.empty()) return std::string();
  return unavailable("git: " + commit.substr(0, 200));
}

}  // namespace

Result<std::string> commit_of_branch(const std::string& folder, const std::string& branch) {
  SW_TRY(const auto repository, repository_of(folder));
  std::string ref = branch.starts_with("refs/") ? branch : "refs/heads/" + branch;
  std::error_code error;
  if (fs::is_directory(repository / "reftable", error)) return ask_git(folder, ref);
  for (int depth = 0; depth < kDepthLimit; ++depth) {
    const auto text = blob::read_file((repository / ref).string(), kRefLimit);
    if (!text) return packed(repository, ref);
    const auto line = trim(*text);
    if (is_commit(line)) return std::string(line);
    if (!line.starts_with("ref: refs/") || line.find("..") != line.npos) break;
    ref = std::string(trim(line.substr(5)));
  }
  return unavailable("'" + ref + "' of '" + repository.string() + "' cannot be read");
}

}  // namespace slipway::app
