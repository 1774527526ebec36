// SPDX-License-Identifier: Apache-2.0
// Runs and logged models that versions stem from are not removed without a word.
#include "base/text.h"
#include "impl.h"
#include "rows.h"

namespace slipway::registry {
namespace {

using store::Connection;
using tracking::Removal;

constexpr std::size_t kNamed = 3;  // versions that a message lists

std::string_view noun_of(Removal what) {
  switch (what) {
    case Removal::experiment:
      return "experiment";
    case Removal::run:
      return "run";
    case Removal::logged_model:
      return "logged model";
  }
  return "run";
}

std::string named(const Version& version) {
  std::string out =
      "version " + std::to_string(version.version) + " of model '" + version.model + "'";
  std::string more = version.stage == Stage::none ? "" : std::string(name_of(version.stage));
  for (const auto& alias : version.aliases) more += (more.empty() ? "" : ", ") + alias;
  return more.empty() ? out : out + " (" + more + ")";
}

}  // namespace

Result<std::vector<VersionRow>> Registry::Impl::stemming_from(Removal what,
                                                              const std::string& id) const {
  const auto load = [&](const std::string& condition, const store::Cells& cells) {
    return db.read([&](Connection& c) {
      return load_versions(
          c, "WHERE v.removed = 0 AND " + condition + " ORDER BY m.name, v.version", cells);
    });
  };
  if (what == Removal::run) return load("v.run_id = ?", {id});
  if (what == Removal::logged_model) return load("v.logged_model_id = ?", {id});
  SW_TRY(const auto runs, db.read([&](Connection& c) {
    return c.all("SELECT DISTINCT run_id FROM registry_version WHERE removed = 0 AND run_id <> ''",
                 {}, [](const store::Row& row) { return std::string(row.text(0)); });
  }));
  std::vector<VersionRow> out;
  for (const auto& run : runs) {
    const auto found = tracking.runs().get(tracking::RunId{run});
    if (!found || found->experiment.str() != id) continue;
    SW_TRY(auto some, load("v.run_id = ?", {run}));
    out.insert(out.end(), std::make_move_iterator(some.begin()),
               std::make_move_iterator(some.end()));
  }
  return out;
}

Result<void> Registry::Impl::may_remove(Removal what, const std::string& id, bool anyway) {
  SW_TRY(const auto versions, stemming_from(what, id));
  if (versions.empty()) return {};
  const std::string noun(noun_of(what));
  if (anyway) {
    return db.write([&](Connection& c) -> Result<void> {
      for (const auto& row : versions) {
        SW_CHECK_OK(history.append(
            c, row.model_id,
            change("origin.removed", row.version.ref(), noun + " " + id, "", {"anonymous", ""})));
      }
      return {};
    });
  }
  std::string names;
  for (std::size_t i = 0; i < std::min(versions.size(), kNamed); ++i) {
    names += (i == 0 ? "" : ", ") + named(versions[i].version);
  }
  if (versions.size() > kNamed) {
    names += " and " + std::to_string(versions.size() - kNamed) + " more";
  }
  return precondition(noun + " '" + id + "' cannot be deleted: " + names +
                          (versions.size() == 1 ? " stems" : " stem") + " from it",
                      "delete the version first; to delete the " + noun +
                          " all the same, set its tag slipway.delete to 'anyway' and try again");
}

}  // namespace slipway::registry
