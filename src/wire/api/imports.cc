// SPDX-License-Identifier: Apache-2.0
// /api/v1/import: records of a history that was made elsewhere, and what is known of it already.
#include "endpoint.h"
#include "messages_import.h"
#include "wire/api/routes.h"

namespace slipway::wire::api {
namespace {

using transfer::Owner;
using transfer::Target;

constexpr std::size_t kMostIds = 10'000;

Result<void> check_ids(const std::vector<std::string>& ids) {
  if (ids.size() <= kMostIds) return {};
  return invalid(std::to_string(ids.size()) + " ids are too many",
                 "ask for at most " + std::to_string(kMostIds) + " at once");
}

// Lines of JSON, taken whole or not at all.
Result<void> take(Target& target, const net::Request& request) {
  const auto source = request.query_value("source");
  if (!source || source->empty()) {
    return invalid("source: it is not said where the records come from",
                   "add ?source=NAME, the same for every request of one transfer");
  }
  SW_TRY(const auto records, transfer::from_lines(request.body));
  return target.put(*source, records);
}

Result<ImportMarks> marks(Target& target, const ImportMarksIn& in, const net::Request&) {
  SW_CHECK_OK(check_ids(in.ids));
  SW_TRY(auto found, target.marks(in.source, in.kind, in.ids));
  return ImportMarks{std::move(found)};
}

Result<ImportSizes> sizes(Target& target, const ImportSizesIn& in, const net::Request&) {
  SW_CHECK_OK(check_ids(in.runs));
  SW_TRY(auto found, target.sizes(in.runs));
  return ImportSizes{std::move(found)};
}

Result<ImportFolders> folders(Target& target, const ImportFoldersIn& in, const net::Request&) {
  SW_CHECK_OK(check_ids(in.ids));
  if (in.owner != "run" && in.owner != "logged_model" && in.owner != "trace") {
    return invalid("owner: expected run, logged_model or trace, got '" + in.owner + "'");
  }
  const auto owner = in.owner == "run"     ? Owner::run
                     : in.owner == "trace" ? Owner::trace
                                           : Owner::logged_model;
  SW_TRY(auto found, target.folders(owner, in.ids));
  return ImportFolders{std::move(found)};
}

}  // namespace

void add_import_routes(net::Router& router, std::shared_ptr<Target> target) {
  Endpoints<Target> at{router, std::move(target)};
  at.post("/import", take,
          {.action = "import.write",
           .summary = "Take in records of a history made elsewhere (lines of JSON)"});
  at.post("/import/marks", marks,
          {.action = "import.read", .summary = "In which state something was taken in"});
  at.post("/import/sizes", sizes,
          {.action = "import.read", .summary = "How much of each run is here"});
  at.post("/import/folders", folders,
          {.action = "import.read", .summary = "Where files of runs, models or traces belong"});
}

}  // namespace slipway::wire::api
