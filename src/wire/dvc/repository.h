// SPDX-License-Identifier: Apache-2.0
// A DVC repository: where it is, how it is set up, which pointers it holds, and the writers' lock.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/data.h"
#include "data/deliver.h"
#include "data/object_cache.h"
#include "data/stat_cache.h"
#include "dvc_file.h"
#include "ignore.h"
#include "settings.h"
#include "wire/dvc/commands.h"

namespace slipway::wire::dvc {

// One tracked output: the pointer that names it and where its data is.
struct Tracked {
  std::string pointer;    // relative to the root
  std::size_t index = 0;  // within the pointer's outs
  std::string path;       // of the data, relative to the root
  Output out;
};

class Repository {
 public:
  // The nearest folder with .dvc, from the call's folder upwards.
  static Result<std::unique_ptr<Repository>> open(const Common& common);

  const std::string& root() const { return root_; }
  const Settings& settings() const { return settings_; }
  bool has_git() const;
  data::ObjectCache& cache() { return cache_; }
  data::StatCache& stats() { return stats_; }
  IgnoreFiles& ignored() { return ignored_; }
  std::string absolute(const std::string& path) const { return root_ + "/" + path; }

  // A path that a user wrote in `folder`, relative to the root; outside of it is refused.
  Result<std::string> locate(const std::string& folder, const std::string& path) const;
  // The folder that holds or will hold `absolute`, through whatever links, and whether that is
  // inside of the repository.
  struct Holder {
    std::string real;
    bool inside = false;
  };
  Holder holder_of(const std::string& absolute) const;
  // The other way round, for messages.
  static std::string shown(const std::string& folder, const std::string& absolute);

  // Files outside of data that are called so, or end so when it begins with a point; sorted.
  Result<std::vector<std::string>> files(std::string_view ending);
  // Every output of every pointer, by pointer path. Two that overlap are refused.
  Result<std::vector<Tracked>> tracked();
  // Those that the targets name: outputs, pointers, folders above them, paths inside them.
  Result<std::vector<Tracked>> select(const std::string& folder,
                                      const std::vector<std::string>& targets);

  // What stands in the work tree at `path`, .dvcignore respected.
  // With `store` its content is in the cache afterwards.
  Result<data::Manifest> scan(const std::string& path, const data::OnProgress& on_progress,
                              bool store = false);
  // What the pointer records; not_found when the cache lacks a folder's manifest.
  Result<data::Manifest> recorded(const Output& out);

  // How files of the cache become files of the work tree, best first (cache.type).
  std::vector<data::Link> links() const;

  // Held by whoever changes files; DVC's own lock. Waits a few seconds for another holder.
  struct Lock {
    int fd = -1;
    Lock() = default;
    Lock(Lock&& other) noexcept : fd(std::exchange(other.fd, -1)) {}
    ~Lock();
  };
  Result<Lock> lock();

 private:
  Repository(std::string root, Settings settings, std::string cache_root);
  std::string root_;
  Settings settings_;
  data::StatCache stats_;
  data::ObjectCache cache_;
  IgnoreFiles ignored_;
};

}  // namespace slipway::wire::dvc
