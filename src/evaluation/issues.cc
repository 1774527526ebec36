// SPDX-License-Identifier: Apache-2.0
#include "evaluation/issues.h"

#include <algorithm>
#include <array>
#include <utility>

#include "evaluation/intake.h"
#include "json/value.h"
#include "support.h"
#include "tracking/tracking.h"

namespace slipway::evaluation {
namespace {

using store::Connection;
using store::Row;

constexpr std::array<std::string_view, 3> kStatuses = {"pending", "rejected", "resolved"};
constexpr std::array<std::string_view, 4> kSeverities = {"not_an_issue", "low", "medium", "high"};
constexpr std::size_t kNameLimit = 250;
constexpr std::size_t kTextLimit = 100'000;
constexpr std::string_view kSelect =
    "SELECT id, experiment_id, name, description, status, severity, root_causes, categories, "
    "source_run, created_by, created, updated FROM evaluation_issue ";

std::string list_text(const std::vector<std::string>& items) {
  json::array out;
  for (const auto& item : items) out.emplace_back(item);
  return json::dump_value(json::value(std::move(out)));
}

std::vector<std::string> list_of(std::string_view text) {
  std::vector<std::string> out;
  const auto parsed = json::parse_value(text);
  if (!parsed || !parsed->is_array()) return out;
  for (const auto& item : parsed->get_array()) {
    if (item.is_string()) out.emplace_back(std::string_view(item.get_string()));
  }
  return out;
}

Issue from_row(const Row& row) {
  return {.id = std::string(row.text(0)),
          .experiment = std::string(row.text(1)),
          .name = std::string(row.text(2)),
          .description = std::string(row.text(3)),
          .status = std::string(row.text(4)),
          .severity = row.maybe_text(5),
          .root_causes = list_of(row.text(6)),
          .categories = list_of(row.text(7)),
          .source_run = row.maybe_text(8),
          .created_by = row.maybe_text(9),
          .created = Timestamp{row.int64(10)},
          .updated = Timestamp{row.int64(11)}};
}

template <std::size_t N>
Result<void> check_word(std::string_view field, const std::string& word,
                        const std::array<std::string_view, N>& words) {
  if (std::find(words.begin(), words.end(), word) != words.end()) return {};
  std::string known;
  for (const auto one : words) (known += known.empty() ? "" : ", ") += one;
  return invalid("invalid value '" + word.substr(0, 100) + "' for '" + std::string(field) + "'",
                 "one of " + known);
}

std::int64_t rank_of(const std::optional<std::string>& severity) {
  if (!severity) return -1;
  return std::find(kSeverities.begin(), kSeverities.end(), *severity) - kSeverities.begin();
}

Result<void> check(const Issue& issue) {
  SW_CHECK_OK(check_text("name", issue.name, kNameLimit));
  SW_CHECK_OK(check_text("description", issue.description, kTextLimit));
  SW_CHECK_OK(check_word("status", issue.status, kStatuses));
  if (issue.severity) SW_CHECK_OK(check_word("severity", *issue.severity, kSeverities));
  SW_CHECK_OK(check_text("source_run_id", issue.source_run.value_or(""), kNameLimit, true));
  return check_text("created_by", issue.created_by.value_or(""), kNameLimit, true);
}

Result<void> insert(Connection& c, const Issue& issue) {
  SW_CHECK_OK(
      c.exec("INSERT INTO evaluation_issue (id, experiment_id, name, description, status, "
             "severity, severity_rank, root_causes, categories, source_run, created_by, created, "
             "updated) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
             {issue.id, issue.experiment, issue.name, issue.description, issue.status,
              cell_of(issue.severity), rank_of(issue.severity), list_text(issue.root_causes),
              list_text(issue.categories), cell_of(issue.source_run), cell_of(issue.created_by),
              issue.created.ms, issue.updated.ms}));
  return {};
}

}  // namespace

Result<void> take_issue(Connection& c, const Issue& issue) {
  if (issue.id.empty()) return invalid("an issue has no id");
  SW_CHECK_OK(check(issue));
  SW_CHECK_OK(c.exec("DELETE FROM evaluation_issue WHERE id = ?", {issue.id}));
  return insert(c, issue);
}

Result<Issue> Issues::create(Issue issue) {
  SW_CHECK_OK(check(issue));
  SW_CHECK_OK(parts_.check_experiment(issue.experiment));
  if (issue.source_run && !parts_.tracking.runs().get(tracking::RunId(*issue.source_run))) {
    return invalid("the source run '" + issue.source_run->substr(0, 100) + "' does not exist");
  }
  issue.id = "iss-" + parts_.ids.hex32();
  issue.created = issue.updated = parts_.clock.now();
  SW_CHECK_OK(parts_.db.write([&](Connection& c) { return insert(c, issue); }));
  return issue;
}

Result<Issue> Issues::get(const std::string& id) const {
  SW_TRY(auto found, parts_.db.read([&](Connection& c) {
    return c.first(std::string(kSelect) + "WHERE id = ?", {id}, from_row);
  }));
  if (!found) return not_found("issue with ID '" + id.substr(0, 100) + "' not found");
  return *std::move(found);
}

Result<Issue> Issues::change(const std::string& id, const IssueChange& change) {
  SW_TRY(auto issue, get(id));
  if (change.name) issue.name = *change.name;
  if (change.description) issue.description = *change.description;
  if (change.status) issue.status = *change.status;
  if (change.severity) issue.severity = change.severity;
  SW_CHECK_OK(check(issue));
  issue.updated = parts_.clock.now();
  SW_CHECK_OK(parts_.db.write([&](Connection& c) -> Result<void> {
    SW_CHECK_OK(
        c.exec("UPDATE evaluation_issue SET name = ?, description = ?, status = ?, "
               "severity = ?, severity_rank = ?, updated = ? WHERE id = ?",
               {issue.name, issue.description, issue.status, cell_of(issue.severity),
                rank_of(issue.severity), issue.updated.ms, id}));
    return {};
  }));
  return issue;
}

Result<Page<Issue>> Issues::search(const IssueSearch& search) const {
  SW_TRY(const auto offset, offset_of(search.page));
  store::Cells cells;
  std::string where;
  if (search.experiment) {
    where = "WHERE experiment_id = ? ";
    cells.emplace_back(*search.experiment);
  }
  SW_TRY(auto found, parts_.db.read([&](Connection& c) {
    return c.all(
        std::string(kSelect) + where + "ORDER BY severity_rank DESC, created DESC, id DESC", cells,
        from_row);
  }));
  std::erase_if(found, [&](const Issue& issue) {
    return !matches(search.filter, [&](const std::string&, const std::string& key) {
      if (key == "status") return Filter::Value(issue.status);
      return issue.source_run ? Filter::Value(*issue.source_run) : Filter::Value();
    });
  });
  if (!search.counts.empty()) {
    const auto weight = [&](const Issue& issue) {
      const auto count = search.counts.find(issue.id);
      return std::pair(rank_of(issue.severity), count == search.counts.end() ? 0 : count->second);
    };
    std::stable_sort(found.begin(), found.end(),
                     [&](const Issue& a, const Issue& b) { return weight(a) > weight(b); });
  }
  const auto from = std::min(found.size(), static_cast<std::size_t>(offset));
  found.erase(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(from));
  return page_of(std::move(found), search.page, offset);
}

}  // namespace slipway::evaluation
