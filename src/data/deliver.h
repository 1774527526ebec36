// SPDX-License-Identifier: Apache-2.0
// Objects of the cache become files of the work tree: copies of them or links to them.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/data.h"
#include "data/object_cache.h"
#include "data/stat_cache.h"

namespace slipway::data {

// Copies, with blocks shared where the file system can, belong to the user; links are read-only,
// since what is written through them would change the object.
enum class Link { reflink, hardlink, symlink, copy };
std::optional<Link> parse_link(std::string_view name);

struct Delivery {
  Md5 md5{};
  std::string target;  // its folder is there
  bool executable = false;
};

struct Deliveries {
  std::size_t count = 0;
  std::function<Delivery(std::size_t)> item;  // called from several threads at once
  std::vector<Link> links;                    // the first that can be made is
  // The targets are in a folder that nobody else knows and are not there; else what is there is
  // replaced, at once and whole.
  bool fresh = false;
  OnProgress on_progress;
};

// Stops at the first that fails. Every object is verified before it is delivered: a corrupt one is
// data_loss. Empty files and executable ones are never links.
Result<void> deliver(const ObjectCache& cache, StatCache& stats, const Deliveries& deliveries);

// Makes files that are links copies of what they lead to, writable by the user.
Result<void> own_copies(const std::vector<std::string>& files, const OnProgress& on_progress);

}  // namespace slipway::data
