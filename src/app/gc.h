// SPDX-License-Identifier: Apache-2.0
// Removes for good what was deleted, and files that nobody owns any more.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "base/result.h"

namespace slipway::app {

class Platform;

struct GcOrder {
  std::int64_t older_than_seconds = 0;
  bool dry_run = false;
  bool force = false;                    // also what a registered version stems from
  std::vector<std::string> experiments;  // only these, when any of the three is given
  std::vector<std::string> runs;
  std::vector<std::string> models;  // logged models
};
BOOST_DESCRIBE_STRUCT(GcOrder, (), (older_than_seconds, dry_run, force, experiments, runs, models))

struct GcRefusal {
  std::string kind;  // "run", "logged_model", "experiment"
  std::string id;
  std::string reason;
};
BOOST_DESCRIBE_STRUCT(GcRefusal, (), (kind, id, reason))

struct GcReport {
  bool dry_run = false;
  std::vector<std::string> experiments;
  std::vector<std::string> runs;
  std::vector<std::string> models;
  std::int64_t traces = 0;           // of the experiments
  std::vector<std::string> folders;  // of files whose run, logged model or trace is gone
  std::int64_t files = 0;
  std::int64_t bytes = 0;
  std::int64_t unnamed_objects = 0;  // contents that no file has any more
  std::vector<GcRefusal> refused;
};
BOOST_DESCRIBE_STRUCT(GcReport, (),
                      (dry_run, experiments, runs, models, traces, folders, files, bytes,
                       unnamed_objects, refused))

// Safe while a server runs, and may be stopped and repeated. Named things that are not deleted are
// refused; so is what a version of the registry stems from, without `force`.
Result<GcReport> collect_garbage(Platform& platform, const GcOrder& order);

std::string to_json(const GcReport& report);
Result<GcOrder> parse_gc_order(const std::string& text);
std::string to_json(const GcOrder& order);

}  // namespace slipway::app
