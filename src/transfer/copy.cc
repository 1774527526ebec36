// SPDX-License-Identifier: Apache-2.0
// From a source to a target: only what has no mark, or another one, is sent.
#include <map>
#include <set>
#include <utility>

#include "base/hash.h"
#include "series_records.h"
#include "transfer/transfer.h"

namespace slipway::transfer {
namespace {

constexpr std::size_t kAtOnce = 200;
constexpr std::size_t kProblems = 100;  // more than these are only counted by the reader's patience

std::string hash_of(Record record) {
  return sha256_hex(to_lines({std::move(record)})).substr(0, 32);
}

std::size_t weight_of(const Record& record) {
  if (record.points) return 64 + record.points->values.size() * 48;
  if (record.series) {
    std::size_t out = 64;
    for (const auto& entry : record.series->entries) out += 64 + entry.content.size();
    return out;
  }
  if (record.console) {
    std::size_t out = 64;
    for (const auto& line : record.console->lines) out += 48 + line.text.size();
    return out;
  }
  if (record.trace) {
    std::size_t out = 1024;
    for (const auto& span : record.trace->spans) out += 256 + span.body.size();
    return out;
  }
  if (record.example) return 512 + record.example->inputs.size();
  if (record.run) return 1024 + (record.run->params.size() + record.run->tags.size()) * 128;
  if (record.logged_model) return 1024 + record.logged_model->metrics.size() * 128;
  return 512;
}

class Copying {
 public:
  Copying(Source& source, Target& target, const Options& options, const Watch& watch)
      : source_(source), target_(target), options_(options), watch_(watch), name_(source.name()) {}

  Result<Report> all() {
    SW_CHECK_OK(experiments());
    SW_CHECK_OK(runs());
    SW_CHECK_OK(logged_models());
    SW_CHECK_OK(source_.issues([&](Record record) { return extra(std::move(record)); }));
    SW_CHECK_OK(flush());
    if (target_.takes_traces()) {
      SW_CHECK_OK(traces());
      SW_CHECK_OK(datasets());
    }
    SW_CHECK_OK(models());
    SW_CHECK_OK(source_.extras([&](Record record) { return extra(std::move(record)); }));
    SW_CHECK_OK(flush());
    SW_CHECK_OK(target_.finish());
    SW_TRY(auto left, source_.left_out());
    for (auto& each : left) report_.notes.push_back(std::move(each));
    for (auto& each : source_.problems()) problem(std::move(each));
    for (auto& each : target_.problems()) problem(std::move(each));
    return std::move(report_);
  }

 private:
  void problem(std::string text) {
    if (report_.problems.size() < kProblems) report_.problems.push_back(std::move(text));
  }

  Result<void> add(Record record) {
    waiting_weight_ += weight_of(record);
    waiting_.push_back(std::move(record));
    return waiting_weight_ >= options_.bytes_at_once ? flush() : Result<void>();
  }

  Result<void> flush() {
    if (waiting_.empty()) return {};
    SW_CHECK_OK(target_.put(name_, waiting_));
    waiting_.clear();
    waiting_weight_ = 0;
    return {};
  }

  Result<bool> is_marked(const std::string& kind, const std::string& id, const std::string& mark) {
    SW_TRY(const auto marks, target_.marks(name_, kind, {id}));
    const auto found = marks.find(id);
    return found != marks.end() && found->second == mark;
  }

  // Sends the record and its mark when the mark is not there yet.
  Result<bool> send(const std::string& kind, const std::string& id, Record record) {
    const auto mark = hash_of(record);
    SW_TRY(const bool there, is_marked(kind, id, mark));
    if (there) return false;
    SW_CHECK_OK(add(std::move(record)));
    SW_CHECK_OK(add({.mark = MarkRecord{kind, id, mark}}));
    return true;
  }

  Result<void> experiments() {
    SW_CHECK_OK(source_.experiments([&](ExperimentRecord experiment) -> Result<void> {
      ++report_.found.experiments;
      const auto id = experiment.id;
      SW_TRY(const bool sent, send("experiment_state", id, {.experiment = std::move(experiment)}));
      report_.copied.experiments += sent ? 1 : 0;
      watch_("experiments", report_.found.experiments, 0);
      return {};
    }));
    return flush();
  }

  Result<void> runs() {
    SW_TRY(const auto total, source_.count_runs());
    return source_.runs([&](std::vector<SourceRun> batch) -> Result<void> {
      for (std::size_t at = 0; at < batch.size(); at += kAtOnce) {
        const auto end = std::min(batch.size(), at + kAtOnce);
        SW_CHECK_OK(some_runs({batch.begin() + static_cast<std::ptrdiff_t>(at),
                               batch.begin() + static_cast<std::ptrdiff_t>(end)}));
        watch_("runs", report_.found.runs, total);
      }
      return {};
    });
  }

  Result<void> some_runs(std::vector<SourceRun> batch) {
    std::vector<std::string> ids;
    std::map<std::string, std::string> wanted;
    for (const auto& run : batch) {
      ids.push_back(run.record.id);
      wanted[run.record.id] =
          hash_of({.run = run.record}) + ":" + std::to_string(run.points) + ":" + run.state;
    }
    SW_TRY(const auto marks, target_.marks(name_, "run", ids));
    std::vector<std::string> changed;
    for (const auto& run : batch) {
      count(report_.found, run);
      const auto found = marks.find(run.record.id);
      if (found != marks.end() && found->second == wanted[run.record.id]) continue;
      changed.push_back(run.record.id);
      count(report_.copied, run);
      SW_CHECK_OK(add({.run = run.record}));
    }
    std::map<std::string, std::int64_t> points;
    if (!changed.empty()) {
      SW_CHECK_OK(source_.points(changed, [&](PointsRecord record) -> Result<void> {
        const auto n = static_cast<std::int64_t>(record.values.size());
        points[record.run] += n;
        report_.copied.points += n;
        return add({.points = std::move(record)});
      }));
      SW_CHECK_OK(media(changed));
      SW_CHECK_OK(flush());
    }
    SW_CHECK_OK(verify(batch, ids, points, {changed.begin(), changed.end()}, wanted));
    return options_.artifacts ? files(Owner::run, ids) : Result<void>();
  }

  // Series and console. An entry that cannot be kept is told and left out.
  Result<void> media(const std::vector<std::string>& runs) {
    SW_CHECK_OK(source_.series(runs, [&](SeriesRecord record) -> Result<void> {
      drop_bad_entries(record, [&](std::string why) { problem(std::move(why)); });
      const auto n = static_cast<std::int64_t>(record.entries.size());
      if (n == 0) return {};
      report_.found.series += n;
      report_.copied.series += n;
      return add({.series = std::move(record)});
    }));
    return source_.console(runs, [&](ConsoleRecord record) -> Result<void> {
      const auto n = static_cast<std::int64_t>(record.lines.size());
      report_.found.console_lines += n;
      report_.copied.console_lines += n;
      return add({.console = std::move(record)});
    });
  }

  static void count(Counts& into, const SourceRun& run) {
    ++into.runs;
    into.params += static_cast<std::int64_t>(run.record.params.size());
    into.tags += static_cast<std::int64_t>(run.record.tags.size());
    into.inputs += static_cast<std::int64_t>(run.record.inputs.size());
  }

  // Only what agrees is marked, so that the next transfer tries the rest again.
  Result<void> verify(const std::vector<SourceRun>& batch, const std::vector<std::string>& ids,
                      const std::map<std::string, std::int64_t>& read,
                      const std::set<std::string>& changed,
                      const std::map<std::string, std::string>& wanted) {
    SW_TRY(const auto sizes, target_.sizes(ids));
    std::map<std::string, RunSizes> here;
    for (const auto& size : sizes) here[size.id] = size;
    for (const auto& run : batch) {
      const auto& id = run.record.id;
      const auto found = here.find(id);
      auto points = run.points;
      if (points < 0 && changed.contains(id)) {
        points = read.contains(id) ? read.at(id) : 0;
      }
      report_.found.points += points < 0 && found != here.end() ? found->second.points
                                                                : std::max<std::int64_t>(points, 0);
      const auto why = difference(run, found == here.end() ? nullptr : &found->second, points);
      if (!why.empty()) {
        problem("run " + id + ": " + why);
        continue;
      }
      ++report_.verified_runs;
      if (changed.contains(id)) SW_CHECK_OK(add({.mark = MarkRecord{"run", id, wanted.at(id)}}));
    }
    return flush();
  }

  static std::string difference(const SourceRun& run, const RunSizes* here, std::int64_t points) {
    if (here == nullptr) return "it did not arrive";
    const auto lacks = [](const char* what, std::int64_t have, std::int64_t want) -> std::string {
      if (have >= want) return {};
      return std::to_string(have) + " of " + std::to_string(want) + " " + what + " arrived";
    };
    for (const auto& why :
         {lacks("points", here->points, points),
          lacks("params", here->params, static_cast<std::int64_t>(run.record.params.size())),
          lacks("tags", here->tags, static_cast<std::int64_t>(run.record.tags.size())),
          lacks("inputs", here->inputs, static_cast<std::int64_t>(run.record.inputs.size()))}) {
      if (!why.empty()) return why;
    }
    return {};
  }

  Result<void> files(Owner owner, const std::vector<std::string>& ids) {
    SW_TRY(const auto folders, target_.folders(owner, ids));
    for (const auto& id : ids) {
      const auto folder = folders.find(id);
      if (folder == folders.end()) continue;
      auto found = source_.files(owner, id);
      if (!found) {
        problem("files of " + id + ": " + found.error().message);
        continue;
      }
      SW_CHECK_OK(files_of(owner, id, folder->second, *found));
    }
    return {};
  }

  Result<void> files_of(Owner owner, const std::string& id, const std::string& folder,
                        const std::vector<SourceFile>& found) {
    const std::string prefix = (owner == Owner::run     ? "run/"
                                : owner == Owner::trace ? "trace/"
                                                        : "model/") +
                               id + "/";
    for (std::size_t at = 0; at < found.size(); at += kAtOnce) {
      const auto end = std::min(found.size(), at + kAtOnce);
      std::vector<std::string> names;
      for (auto i = at; i < end; ++i) names.push_back(prefix + found[i].path);
      SW_TRY(const auto marks, target_.marks(name_, "file", names));
      for (auto i = at; i < end; ++i) {
        const auto& file = found[i];
        ++report_.found.files;
        report_.found.bytes += static_cast<std::int64_t>(file.size);
        const auto marked = marks.find(prefix + file.path);
        if (marked != marks.end() && marked->second == file.state) continue;
        SW_CHECK_OK(one_file(prefix, folder, file));
        watch_("files", report_.found.files, 0);
      }
    }
    return flush();
  }

  Result<void> one_file(const std::string& prefix, const std::string& folder,
                        const SourceFile& file) {
    auto reader = source_.open(file);
    Result<void> done =
        reader ? target_.put_file(folder, file.path, **reader) : Result<void>(reader.error());
    if (!done) {
      // A file that cannot be read is told; a target that fails ends the transfer.
      if (done.error().code == Code::exhausted) return done;
      problem("file " + prefix + file.path + ": " + done.error().message);
      return {};
    }
    ++report_.copied.files;
    report_.copied.bytes += static_cast<std::int64_t>(file.size);
    return add({.mark = MarkRecord{"file", prefix + file.path, file.state}});
  }

  Result<void> logged_models() {
    std::vector<std::string> ids;
    SW_CHECK_OK(source_.logged_models([&](LoggedModelRecord model) -> Result<void> {
      ++report_.found.logged_models;
      const auto id = model.id;
      SW_TRY(const bool sent, send("logged_model", id, {.logged_model = std::move(model)}));
      report_.copied.logged_models += sent ? 1 : 0;
      ids.push_back(id);
      watch_("logged models", report_.found.logged_models, 0);
      return {};
    }));
    SW_CHECK_OK(flush());
    return options_.artifacts ? files(Owner::logged_model, ids) : Result<void>();
  }

  // Of the ids those whose mark is another one. `wanted`: by id.
  Result<std::set<std::string>> changed_of(const std::string& kind,
                                           const std::map<std::string, std::string>& wanted) {
    std::vector<std::string> ids;
    for (const auto& [id, mark] : wanted) ids.push_back(id);
    SW_TRY(const auto marks, target_.marks(name_, kind, ids));
    std::set<std::string> out;
    for (const auto& [id, mark] : wanted) {
      const auto found = marks.find(id);
      if (found == marks.end() || found->second != mark) out.insert(id);
    }
    return out;
  }

  Result<void> traces() {
    SW_CHECK_OK(source_.traces([&](std::vector<TraceRecord> batch) -> Result<void> {
      std::map<std::string, std::string> wanted;
      for (const auto& trace : batch) wanted[trace.id] = hash_of({.trace = trace});
      SW_TRY(const auto changed, changed_of("trace", wanted));
      for (auto& trace : batch) {
        ++report_.found.traces;
        if (!changed.contains(trace.id)) continue;
        const auto id = trace.id;
        if (const auto spans = source_.spans(trace); !spans) {
          problem("trace " + id + ": " + spans.error().message);
          continue;
        }
        ++report_.copied.traces;
        SW_CHECK_OK(add({.trace = std::move(trace)}));
        SW_CHECK_OK(add({.mark = MarkRecord{"trace", id, wanted[id]}}));
      }
      watch_("traces", report_.found.traces, 0);
      if (!options_.artifacts) return {};
      SW_CHECK_OK(flush());
      std::vector<std::string> ids;
      for (const auto& [id, mark] : wanted) ids.push_back(id);
      return files(Owner::trace, ids);
    }));
    return flush();
  }

  Result<void> datasets() {
    SW_CHECK_OK(source_.datasets([&](std::vector<Record> batch) -> Result<void> {
      for (const std::string kind : {"dataset", "example"}) {
        const bool example = kind == "example";
        const auto id_of = [&](const Record& record) -> std::string {
          if (example) return record.example ? record.example->id : "";
          return record.dataset ? record.dataset->id : "";
        };
        std::map<std::string, std::string> wanted;
        for (const auto& record : batch) {
          if (const auto id = id_of(record); !id.empty()) wanted[id] = hash_of(record);
        }
        if (wanted.empty()) continue;
        const auto n = static_cast<std::int64_t>(wanted.size());
        (example ? report_.found.examples : report_.found.datasets) += n;
        SW_TRY(const auto changed, changed_of(kind, wanted));
        for (auto& record : batch) {
          const auto id = id_of(record);
          if (id.empty() || !changed.contains(id)) continue;
          ++(example ? report_.copied.examples : report_.copied.datasets);
          SW_CHECK_OK(add(std::move(record)));
          SW_CHECK_OK(add({.mark = MarkRecord{kind, id, wanted[id]}}));
        }
      }
      watch_("examples", report_.found.examples, 0);
      return {};
    }));
    return flush();
  }

  Result<void> models() {
    SW_CHECK_OK(source_.models([&](Record record) -> Result<void> {
      if (record.model) {
        ++report_.found.models;
        const auto name = record.model->name;
        SW_TRY(const bool sent, send("model", name, std::move(record)));
        report_.copied.models += sent ? 1 : 0;
        return {};
      }
      if (!record.version) return {};
      const auto& version = *record.version;
      const auto aliases = static_cast<std::int64_t>(version.aliases.size());
      ++report_.found.versions;
      report_.found.aliases += aliases;
      const auto id = version.model + "/" + std::to_string(version.version);
      SW_TRY(const bool sent, send("version", id, std::move(record)));
      report_.copied.versions += sent ? 1 : 0;
      report_.copied.aliases += sent ? aliases : 0;
      watch_("versions", report_.found.versions, 0);
      return {};
    }));
    return flush();
  }

  // What it is, under which name it is marked, and where it is counted.
  struct Extra {
    const char* kind;
    std::string id;
    std::int64_t Counts::*count;
  };
  static std::optional<Extra> extra_of(const Record& r) {
    if (r.question) return Extra{"question", r.question->id, &Counts::label_schemas};
    if (r.queue) return Extra{"queue", r.queue->id, &Counts::review_queues};
    if (r.scorer) {
      const auto& s = *r.scorer;
      return Extra{"scorer", s.experiment + "/" + std::to_string(s.version) + "/" + s.name,
                   &Counts::scorers};
    }
    if (r.issue) return Extra{"issue", r.issue->id, &Counts::issues};
    if (r.tool_server) return Extra{"tool_server", r.tool_server->name, &Counts::tool_servers};
    if (r.webhook) return Extra{"webhook", r.webhook->id, &Counts::webhooks};
    return std::nullopt;
  }

  Result<void> extra(Record record) {
    const auto what = extra_of(record);
    if (!what) return {};
    ++(report_.found.*what->count);
    const auto webhook = record.webhook;
    auto taken = target_.put_unmarked(record);
    if (!taken) taken = send(what->kind, what->id, std::move(record));
    SW_TRY(const bool sent, *taken);
    if (!sent) return {};
    ++(report_.copied.*what->count);
    if (webhook && webhook->secret_stays) {
      report_.notes.push_back("webhook '" + webhook->name +
                              "' came over disabled: set its secret, which no server tells, and "
                              "enable it");
    }
    return {};
  }

  Source& source_;
  Target& target_;
  const Options& options_;
  const Watch& watch_;
  const std::string name_;
  Report report_;
  std::vector<Record> waiting_;
  std::size_t waiting_weight_ = 0;
};

}  // namespace

Result<Report> copy(Source& source, Target& target, const Options& options, const Watch& watch) {
  const Watch quiet = [](const std::string&, std::int64_t, std::int64_t) {};
  return Copying(source, target, options, watch ? watch : quiet).all();
}

}  // namespace slipway::transfer
