// SPDX-License-Identifier: Apache-2.0
// A running MLflow server as the target of a transfer. It makes its own ids: which thing stands for
// which is kept in tags there (slipway.source.*), so that a second transfer finds them.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "api.h"

namespace slipway::drivers::mlflow {

using transfer::Owner;
using transfer::Record;

inline constexpr const char* kOwnTags = "slipway.source.";
inline constexpr const char* kSourceId = "slipway.source.id";
inline constexpr const char* kMark = "slipway.source.mark";

std::string tag_in(const transfer::Pairs& tags, std::string_view key);
std::string json_pairs(const transfer::Pairs& pairs, std::size_t from, std::size_t to);
std::string json_pairs(const transfer::Pairs& pairs);
// A history that came from a server by way of an export has tags of that one: they do not go on.
transfer::Pairs without_own(const transfer::Pairs& tags);

// What stands there for one thing of the source.
struct There {
  std::string id;
  std::string mark;
  std::string folder;      // artifact URI
  std::string experiment;  // runs
  bool deleted = false;
};

class ServerTarget : public transfer::Target {
 public:
  explicit ServerTarget(std::string url) : api_(std::move(url)) {}

  Result<void> prepare();

  Result<void> put(const std::string& source, const std::vector<Record>& records) override;

  Result<std::map<std::string, std::string>> marks(const std::string&, const std::string& kind,
                                                   const std::vector<std::string>& ids) override;
  Result<std::vector<transfer::RunSizes>> sizes(const std::vector<std::string>& runs) override;

  Result<std::map<std::string, std::string>> folders(Owner owner,
                                                     const std::vector<std::string>& ids) override;

  Result<void> put_file(const std::string& folder, const std::string& path,
                        blob::Reader& content) override;

  // server_target_extras.cc
  std::optional<Result<bool>> put_unmarked(const Record& record) override;

  // MLflow 2 does not.
  bool takes_traces() const override { return has_traces_; }
  // Deleted experiments take nothing, so they are deleted last.
  Result<void> finish() override;
  std::vector<std::string> problems() const override { return problems_; }

 private:
  using Example = std::pair<transfer::ExampleRecord, std::string>;  // and its mark
  Result<void> learn_experiments();
  Result<void> learn_runs(const std::string& experiment);
  Result<void> learn_models(const std::string& experiment);
  Result<void> put_experiment(const transfer::ExperimentRecord& in);
  Result<std::string> experiment_for(const std::string& theirs);
  Result<void> put_run(const transfer::RunRecord& in);
  Result<void> put_inputs(const std::string& run, const transfer::RunRecord& in);
  Result<void> put_points(const transfer::PointsRecord& in);
  Result<void> put_logged_model(const transfer::LoggedModelRecord& in);
  Result<void> put_model(const transfer::ModelRecord& in);
  Result<void> put_version(const transfer::VersionRecord& in);
  Result<void> update_version(const transfer::VersionRecord& in, std::int64_t number);
  Result<void> put_mark(const transfer::MarkRecord& in);
  Result<void> put_links();

  // server_target_traces.cc
  Result<void> put_trace(const transfer::TraceRecord& in);
  Result<void> take_trace(const transfer::TraceRecord& in);
  Result<void> drop_what_is_gone(const transfer::TraceRecord& in);
  Result<bool> send_spans(const transfer::TraceRecord& in, const std::string& experiment);
  Result<void> put_spans(const transfer::TraceRecord& in, const std::string& location);
  Result<void> put_dataset(const transfer::DatasetRecord& in, const std::string& mark);
  Result<void> put_examples();
  Result<void> mark_trace(const std::string& id, const std::string& mark);
  Result<std::map<std::string, std::string>> trace_marks(const std::vector<std::string>& ids);
  Result<void> learn_datasets();
  Result<void> learn_examples(const std::string& dataset);
  std::string folder_there(const std::string& kind, const std::string& id) const;
  std::string there_for(const std::string& key, const std::string& id) const;
  json::object info_json(const transfer::TraceRecord& in, const std::string& experiment) const;

  // server_target_extras.cc: true when it was not there.
  Result<bool> put_question(const transfer::QuestionRecord& in);
  Result<bool> put_queue(const transfer::QueueRecord& in);
  Result<bool> put_items(const transfer::QueueRecord& in, const std::string& queue);
  Result<bool> put_scorer(const transfer::ScorerRecord& in);
  Result<bool> put_issue(const transfer::IssueRecord& in);
  Result<bool> put_tool_server(const transfer::ToolServerRecord& in);
  Result<bool> put_webhook(const transfer::WebhookRecord& in);
  Result<std::string> queue_there(const transfer::QueueRecord& in, const std::string& experiment);

  Result<void> change(const std::string& path, const std::string& body) {
    SW_CHECK_OK(api_.post("/api/2.0/mlflow/" + path, body));
    return {};
  }
  Result<void> set_run_tag(const std::string& run, const std::string& key,
                           const std::string& value) {
    return change("runs/set-tag", "{\"run_id\":" + json_quoted(run) + ",\"key\":" +
                                      json_quoted(key) + ",\"value\":" + json_quoted(value) + "}");
  }
  // Number of the version there; 0 when it was not exported yet.
  Result<std::int64_t> version_there(const std::string& model, std::int64_t version);

  Api api_;
  std::map<std::string, There> by_id_;              // experiments there
  std::map<std::string, std::string> experiments_;  // theirs -> id there
  std::map<std::string, There> runs_;
  std::map<std::string, There> models_;
  std::map<std::string, transfer::RunRecord> writing_;  // runs since the last marks
  std::map<std::string, std::map<std::int64_t, There>> versions_;
  std::set<std::string> to_delete_;
  std::map<std::string, transfer::RunRecord> links_;  // runs whose models are still to come
  bool has_traces_ = false;
  std::set<std::string> refused_;  // traces
  bool datasets_known_ = false;
  std::map<std::string, There> datasets_;
  std::map<std::string, std::string> examples_;  // their marks
  transfer::DatasetRecord dataset_;              // waits for its mark
  transfer::ExampleRecord example_;              // likewise
  std::vector<Example> waiting_;                 // examples of one dataset
  std::map<std::string, std::string> trace_folders_;
  std::map<std::string, std::string> questions_;  // theirs -> id there
  std::map<std::string, std::string> issues_;     // likewise
  // By experiment there and name: versions, oldest first, and how many of ours were compared.
  std::map<std::string, std::pair<std::vector<std::string>, std::size_t>> scorers_;
  std::vector<std::string> problems_;
};

}  // namespace slipway::drivers::mlflow
