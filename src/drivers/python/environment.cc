// SPDX-License-Identifier: Apache-2.0
#include "environment.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/library.h"
#include "base/log.h"
#include "base/text.h"
#include "process/process.h"

namespace slipway::drivers::python {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kMostRequirements = 1 << 20;
constexpr int kMostMinutes = 15;

Result<std::string> text_of(const fs::path& path) {
  std::error_code failed;
  const auto size = fs::file_size(path, failed);
  if (failed) return not_found("there is no '" + path.filename().string() + "'");
  if (size > kMostRequirements) return invalid("'" + path.filename().string() + "' is too large");
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

Result<std::string> find_uv(const std::string& given) {
  const auto beside = folder_of_executable();
  for (const auto& path : {given, beside + "/uv", beside + "/../.venv/tools/bin/uv",
                           beside + "/../../.venv/tools/bin/uv"}) {
    std::error_code failed;
    if (!path.empty() && fs::exists(path, failed)) return path;
  }
  if (!given.empty()) return not_found("there is no uv at '" + given + "'", "check --uv");
  const auto found = process::find_program("uv");
  if (!found.empty()) return found;
  return unavailable(
      "uv, which makes the Python environment of the version, is not on the PATH",
      "install it (pip install uv), or give --python an interpreter that has what the model needs");
}

// Runs to the end; the last lines of what it printed are the error.
Result<void> run(const std::vector<std::string>& argv, const std::string& tag,
                 const std::string& what) {
  auto output = std::make_shared<std::string>();
  SW_TRY(const auto child,
         process::Child::start({.argv = argv, .tag = tag, .output = [output](std::string_view b) {
                                  output->append(b);
                                  if (output->size() > 16'000) output->erase(0, 8'000);
                                }}));
  const auto exit = child->wait(kMostMinutes * 60'000);
  if (!exit) {
    child->end(0);
    return Error{Code::deadline, what + " took longer than 15 minutes", {}};
  }
  if (exit->code == 0) return {};
  auto last = std::string(trim(*output));
  if (last.size() > 1500) last = ".." + last.substr(last.size() - 1500);
  return unavailable(what + " failed: " + last,
                     "check the version's requirements.txt, or give --python an interpreter that "
                     "has what the model needs");
}

// Held while an environment is made, also against other servers on the same folder.
class FileLock {
 public:
  explicit FileLock(const std::string& path)
      : file_(::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600)) {
    if (file_ >= 0) ::flock(file_, LOCK_EX);
  }
  ~FileLock() {
    if (file_ >= 0) ::close(file_);
  }
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int file_;
};

}  // namespace

Result<Requirements> read_requirements(const std::string& folder) {
  Requirements out;
  SW_TRY(out.lines, text_of(fs::path(folder) / "requirements.txt"));
  const auto yaml = text_of(fs::path(folder) / "python_env.yaml");
  for (const auto line : split(yaml ? std::string_view(*yaml) : std::string_view(), '\n')) {
    if (!line.starts_with("python:")) continue;
    // The patch version of who trained is seldom here; the minor one decides.
    const auto parts = split(trim(line.substr(7)), '.');
    if (parts.size() >= 2 && parse_int(trim(parts[0])) && parse_int(trim(parts[1]))) {
      out.python = std::string(trim(parts[0])) + "." + std::string(trim(parts[1]));
    }
  }
  return out;
}

Result<std::string> environment_of(const Requirements& requirements, const std::string& folder,
                                   const std::string& uv, const std::string& tag) {
  const auto key = sha256_hex(requirements.python + "\n" + requirements.lines).substr(0, 24);
  const auto home = fs::path(folder) / "environments" / key;
  const auto interpreter = (home / "bin" / "python").string();
  const auto ready = home / ".ready";
  std::error_code failed;
  if (fs::exists(ready, failed)) return interpreter;
  fs::create_directories(home.parent_path(), failed);
  const FileLock lock(home.string() + ".lock");
  if (fs::exists(ready, failed)) return interpreter;
  SW_TRY(const auto program, find_uv(uv));
  // What a maker left that was killed, and what it had started.
  const auto stem = tag.substr(0, tag.find('.'));
  for (const char* purpose : {".serve", ".convert"})
    process::end_tagged(stem + purpose + "." + key);
  fs::remove_all(home, failed);
  const auto mark = tag + "." + key;
  log::info("python.environment", {{"key", key}, {"python", requirements.python}});
  std::vector<std::string> make{program, "venv", "--quiet", home.string()};
  if (!requirements.python.empty()) {
    make.insert(make.end(), {"--python", requirements.python});
  }
  SW_CHECK_OK(run(make, mark, "making the Python environment"));
  const auto list = (home / "requirements.txt").string();
  std::ofstream(list, std::ios::binary) << requirements.lines;
  SW_CHECK_OK(run({program, "pip", "install", "--quiet", "--python", interpreter, "-r", list}, mark,
                  "installing the version's requirements"));
  std::ofstream(ready) << "1\n";
  log::info("python.environment_ready", {{"key", key}});
  return interpreter;
}

}  // namespace slipway::drivers::python
