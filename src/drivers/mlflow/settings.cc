// SPDX-License-Identifier: Apache-2.0
// What stands beside the history on a server, from one to another: both speak MLflow's interface.
#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include "api.h"
#include "base/text.h"
#include "drivers/mlflow/mlflow.h"

namespace slipway::drivers::mlflow {
namespace {

constexpr const char* kRoot2 = "/api/2.0/mlflow/";
constexpr const char* kRoot3 = "/api/3.0/mlflow/";

// Servers differ in what they know: what one does not know it does not have.
bool is_unknown(const Error& error) {
  return error.code == Code::not_found || error.message.find("answered 405") != std::string::npos ||
         error.message.find("answered 501") != std::string::npos;
}

// All pages of a GET; nothing where the path is unknown. `path` has a query.
Result<json::array> all_of(const Api& api, const std::string& path, const char* member) {
  json::array out;
  std::string token;
  do {
    const auto page = api.get(path + (token.empty() ? "" : "&page_token=" + percent_encode(token)));
    if (!page && is_unknown(page.error())) return json::array();
    SW_CHECK_OK(page);
    for (const auto& item : list(*page, member)) out.push_back(item);
    token = text(*page, "next_page_token");
  } while (!token.empty());
  return out;
}

Result<std::map<std::string, std::string>> experiments_by_name(const Api& api) {
  std::map<std::string, std::string> out;
  std::string token;
  do {
    SW_TRY(const auto page,
           api.post(std::string(kRoot2) + "experiments/search",
                    "{\"max_results\":1000,\"page_token\":" + json_quoted(token) + "}"));
    for (const auto& e : list(page, "experiments")) out[text(e, "name")] = text(e, "experiment_id");
    token = text(page, "next_page_token");
  } while (!token.empty());
  return out;
}

std::string without_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

class Settings {
 public:
  Settings(const Api& from, const Api& to, transfer::Report& report)
      : from_(from), to_(to), report_(report) {}

  Result<void> webhooks() {
    const auto path = std::string(kRoot2) + "webhooks?max_results=100";
    SW_TRY(const auto here, all_of(from_, path, "webhooks"));
    SW_TRY(const auto there, all_of(to_, path, "webhooks"));
    for (const auto& hook : here) {
      ++report_.found.webhooks;
      const auto same = [&](const value& other) {
        return text(other, "name") == text(hook, "name") && text(other, "url") == text(hook, "url");
      };
      if (std::any_of(there.begin(), there.end(), same)) continue;
      json::object body;
      for (const char* key : {"name", "url", "events", "description"}) {
        if (const auto* given = json::find(hook, key)) body[key] = *given;
      }
      // It signs nothing before it has its secret back, which no server tells.
      body["status"] = "DISABLED";
      SW_TRY(const bool made,
             add("webhook '" + text(hook, "name") + "'", std::string(kRoot2) + "webhooks", body));
      if (!made) continue;
      ++report_.copied.webhooks;
      report_.notes.push_back("webhook '" + text(hook, "name") +
                              "' came over disabled: set its secret, which no server tells, and "
                              "enable it");
    }
    return {};
  }

  Result<void> of_experiments() {
    SW_TRY(const auto here, experiments_by_name(from_));
    SW_TRY(const auto there, experiments_by_name(to_));
    for (const auto& [name, id] : here) {
      const auto found = there.find(name);
      if (found == there.end()) continue;
      SW_CHECK_OK(scorers(id, found->second));
      SW_CHECK_OK(label_schemas(id, found->second));
    }
    return {};
  }

 private:
  // False when it was refused, which is told.
  Result<bool> add(const std::string& what, const std::string& path, const json::object& body) {
    const auto made = to_.post(path, json::dump_value(body));
    if (made) return true;
    if (made.error().code != Code::failed_precondition && !is_unknown(made.error())) {
      return made.error();
    }
    report_.problems.push_back(what + ": " + made.error().message);
    return false;
  }

  Result<std::vector<std::pair<std::int64_t, std::string>>> versions(const Api& api,
                                                                     const std::string& experiment,
                                                                     const std::string& name) {
    SW_TRY(const auto found, all_of(api,
                                    std::string(kRoot3) + "scorers/versions?experiment_id=" +
                                        experiment + "&name=" + percent_encode(name),
                                    "scorers"));
    std::vector<std::pair<std::int64_t, std::string>> out;
    for (const auto& one : found) {
      out.emplace_back(whole_or_0(one, "scorer_version"), text(one, "serialized_scorer"));
    }
    std::sort(out.begin(), out.end());
    return out;
  }

  // Versions are added in their order. Gaps between the numbers close.
  Result<void> scorers(const std::string& here, const std::string& there) {
    SW_TRY(const auto found,
           all_of(from_, std::string(kRoot3) + "scorers/list?experiment_id=" + here, "scorers"));
    for (const auto& scorer : found) {
      const auto name = text(scorer, "scorer_name");
      SW_TRY(const auto ours, versions(from_, here, name));
      SW_TRY(const auto theirs, versions(to_, there, name));
      for (std::size_t i = 0; i < ours.size(); ++i) {
        ++report_.found.scorers;
        if (i < theirs.size() && theirs[i].second == ours[i].second) continue;
        if (i < theirs.size()) {
          report_.problems.push_back("scorer '" + name + "': another one of this name is there");
          break;
        }
        SW_TRY(
            const bool made,
            add("scorer '" + name + "'", std::string(kRoot3) + "scorers/register",
                {{"experiment_id", there}, {"name", name}, {"serialized_scorer", ours[i].second}}));
        if (!made) break;
        ++report_.copied.scorers;
      }
    }
    return {};
  }

  Result<void> label_schemas(const std::string& here, const std::string& there) {
    const auto path = std::string(kRoot3) + "label-schemas/list?max_results=100&experiment_id=";
    SW_TRY(const auto ours, all_of(from_, path + here, "label_schemas"));
    SW_TRY(const auto theirs, all_of(to_, path + there, "label_schemas"));
    for (const auto& schema : ours) {
      ++report_.found.label_schemas;
      const auto same = [&](const value& other) {
        return text(other, "name") == text(schema, "name");
      };
      if (std::any_of(theirs.begin(), theirs.end(), same)) continue;
      json::object body{{"experiment_id", there}};
      for (const char* key : {"name", "type", "input", "instruction", "enable_comment"}) {
        const auto* given = json::find(schema, key);
        if (given != nullptr && !given->is_null()) body[key] = *given;
      }
      SW_TRY(const bool made, add("label schema '" + text(schema, "name") + "'",
                                  std::string(kRoot3) + "label-schemas/create", body));
      report_.copied.label_schemas += made ? 1 : 0;
    }
    return {};
  }

  const Api& from_;
  const Api& to_;
  transfer::Report& report_;
};

}  // namespace

Result<void> copy_settings(const std::string& from, const std::string& to,
                           transfer::Report& report) {
  const Api source(without_slash(from));
  const Api target(without_slash(to));
  Settings settings(source, target, report);
  SW_CHECK_OK(settings.webhooks());
  return settings.of_experiments();
}

}  // namespace slipway::drivers::mlflow
