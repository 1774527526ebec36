// SPDX-License-Identifier: Apache-2.0
#include "columns.h"

#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include <unistd.h>

#include "app/config.h"
#include "app/s3_access.h"
#include "fetch/s3.h"
#include "output.h"

namespace slipway::cli {
namespace {

namespace fs = std::filesystem;

// Files that are fetched for this command. Removed when it ends, also by a signal.
class Fetched {
 public:
  static Fetched& all() {
    static Fetched one;
    return one;
  }

  // A file of this name in a folder of its own.
  Result<std::string> add(const std::string& name) {
    if (count_ == kMost) return exhausted("more than " + std::to_string(kMost) + " s3:// files");
    auto pattern = (fs::temp_directory_path() / "slipway-s3-XXXXXX").string();
    const auto path = pattern + "/" + name;
    if (path.size() >= kLongest) return invalid("the name '" + name + "' is too long");
    if (::mkdtemp(pattern.data()) == nullptr) {
      return unavailable("cannot make a folder in '" + fs::temp_directory_path().string() + "'",
                         "set TMPDIR to a folder that can be written");
    }
    auto& [folder, file] = places_[count_];
    std::memcpy(folder.data(), pattern.c_str(), pattern.size() + 1);
    std::memcpy(file.data(), (pattern + "/" + name).c_str(), path.size() + 1);
    ++count_;
    return pattern + "/" + name;
  }

 private:
  static constexpr std::size_t kMost = 8;
  static constexpr std::size_t kLongest = 2'048;
  using Path = std::array<char, kLongest>;

  Fetched() {
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) std::signal(signal, &end);
  }
  ~Fetched() { remove(); }

  // Only what a signal handler may call.
  void remove() {
    for (std::size_t i = 0; i < count_; ++i) {
      ::unlink(places_[i].second.data());
      ::rmdir(places_[i].first.data());
    }
    count_ = 0;
  }
  static void end(int signal) {
    all().remove();
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }

  std::size_t count_ = 0;
  std::array<std::pair<Path, Path>, kMost> places_{};
};

Result<std::string> fetch_object(const std::string& url, const app::Config& config) {
  SW_TRY(const auto place, fetch::parse_s3(url));
  const auto name = place.key.substr(place.key.rfind('/') + 1);
  if (name.empty())
    return invalid("'" + url + "' names no object", "s3://BUCKET/path/rows.parquet");
  fetch::S3 s3(app::s3_access(config), system_clock());
  SW_TRY(const auto facts, s3.look(place));
  std::error_code failed;
  const auto space = fs::space(fs::temp_directory_path(), failed);
  if (!failed && space.available < facts.size) {
    return exhausted("'" + url + "' has " + std::to_string(facts.size) + " bytes, '" +
                         fs::temp_directory_path().string() + "' has room for " +
                         std::to_string(space.available),
                     "set TMPDIR to a folder with more room");
  }
  SW_TRY(auto path, Fetched::all().add(name));
  Progress progress("MiB of " + name, facts.size >> 20);
  SW_CHECK_OK(
      s3.download(place, facts, path, [&](std::uint64_t bytes) { progress.set(bytes >> 20); }));
  return path;
}

// What is wrong is told of the URL, not of a file that nobody knows.
Error named(Error error, const std::string& path, const std::string& url) {
  for (std::size_t at = 0; (at = error.message.find(path, at)) != std::string::npos;) {
    error.message.replace(at, path.size(), url);
    at += url.size();
  }
  return error;
}

}  // namespace

Result<std::unique_ptr<Table>> open_table(const std::string& path) {
  SW_TRY(const auto effective, app::load_config({}));
  const auto& config = effective.config;
  if (!fetch::is_s3(path)) return Table::open(path, {.library = config.duckdb});
  SW_TRY(const auto file, fetch_object(path, config));
  auto table = Table::open(file, {.library = config.duckdb});
  if (!table) return named(table.error(), file, path);
  return table;
}

}  // namespace slipway::cli
