// SPDX-License-Identifier: Apache-2.0
// Whole histories on their way from one store to another: read from a Source, taken in by a Target,
// piece by piece, so that what was taken once is never taken twice.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "blob/blob.h"
#include "transfer/record.h"

namespace slipway::store {
class Database;
}
namespace slipway::registry {
class Registry;
}

namespace slipway::transfer {

// What a source tells of a run besides its record.
struct SourceRun {
  RunRecord record;
  std::int64_t points = -1;  // how many observations it has; -1 when only reading them would tell
  std::string state;         // differs when the observations do; part of the run's mark
};

// A file of a run, logged model or trace, by its path below the owner's folder.
struct SourceFile {
  std::string path;
  std::uint64_t size = 0;
  std::string state;   // differs when the content does ("1368-1700000000000")
  std::string handle;  // what `open` wants
};

enum class Owner { run, logged_model, trace };

// Where a history comes from. One thread; everything is handed over in pieces of bounded size.
class Source {
 public:
  virtual ~Source() = default;
  template <class T>
  using Each = std::function<Result<void>(T)>;

  virtual std::string name() const = 0;           // tells sources apart: marks are kept under it
  virtual Result<std::int64_t> count_runs() = 0;  // for the progress bar; 0 when not known
  virtual Result<void> experiments(const Each<ExperimentRecord>& each) = 0;
  virtual Result<void> runs(const Each<std::vector<SourceRun>>& each) = 0;
  virtual Result<void> points(const std::vector<std::string>& runs,
                              const Each<PointsRecord>& each) = 0;
  // What the runs have besides numbers, after their points; nothing by default.
  virtual Result<void> series(const std::vector<std::string>& runs, const Each<SeriesRecord>& each);
  virtual Result<void> console(const std::vector<std::string>& runs,
                               const Each<ConsoleRecord>& each);
  virtual Result<void> logged_models(const Each<LoggedModelRecord>& each);
  // Some at once, without their spans; `spans` adds those of one.
  virtual Result<void> traces(const Each<std::vector<TraceRecord>>& each);
  virtual Result<void> spans(TraceRecord& trace);
  // A dataset comes before its examples: each is filled with one of the two.
  virtual Result<void> datasets(const Each<std::vector<Record>>& each);
  // A model comes before its versions.
  virtual Result<void> models(const Each<Record>& each);
  // Issues; asked for before the traces, whose assessments name them.
  virtual Result<void> issues(const Each<Record>& each);
  // What else stands beside the history. A question comes before the queues that ask it.
  virtual Result<void> extras(const Each<Record>& each);
  // `folder`: the record's artifacts as the source had them. Nothing for a place that it cannot
  // read.
  virtual Result<std::vector<SourceFile>> files(Owner owner, const std::string& id);
  virtual Result<std::unique_ptr<blob::Reader>> open(const SourceFile& file);
  // What was met that could not be read; asked at the end.
  virtual std::vector<std::string> problems() const { return {}; }
  // What is there and does not come over; asked at the end.
  virtual Result<std::vector<std::string>> left_out() { return std::vector<std::string>(); }
};

struct RunSizes {
  std::string id;
  std::int64_t points = 0;
  std::int64_t params = 0;
  std::int64_t tags = 0;
  std::int64_t inputs = 0;
};
BOOST_DESCRIBE_STRUCT(RunSizes, (), (id, points, params, tags, inputs))

// Where a history goes to.
class Target {
 public:
  virtual ~Target() = default;
  // All of it is taken, durably, or nothing.
  virtual Result<void> put(const std::string& source, const std::vector<Record>& records) = 0;
  // Those of the ids that have a mark.
  virtual Result<std::map<std::string, std::string>> marks(const std::string& source,
                                                           const std::string& kind,
                                                           const std::vector<std::string>& ids) = 0;
  // Runs that are not here are left out.
  virtual Result<std::vector<RunSizes>> sizes(const std::vector<std::string>& runs) = 0;
  // Where the files of these live here: their artifact root. Left out: unknown, or not ours.
  virtual Result<std::map<std::string, std::string>> folders(
      Owner owner, const std::vector<std::string>& ids) = 0;
  // Writes one file below an artifact root.
  virtual Result<void> put_file(const std::string& folder, const std::string& path,
                                blob::Reader& content) = 0;
  // Traces and evaluation datasets: a target that cannot keep them is not sent any.
  virtual bool takes_traces() const { return true; }
  // For a target that has no place for marks of issues and extras: it compares by itself, and says
  // whether it took the record. Nothing: marks are kept.
  virtual std::optional<Result<bool>> put_unmarked(const Record&) { return std::nullopt; }
  // After everything.
  virtual Result<void> finish() { return {}; }
  // What was not taken; asked at the end.
  virtual std::vector<std::string> problems() const { return {}; }
};

struct Options {
  bool artifacts = true;
  std::size_t bytes_at_once = 4u << 20;  // of records in one put
};

struct Counts {
  std::int64_t experiments = 0;
  std::int64_t runs = 0;
  std::int64_t points = 0;
  std::int64_t params = 0;
  std::int64_t tags = 0;
  std::int64_t inputs = 0;
  std::int64_t series = 0;         // entries of series; told of what was read
  std::int64_t console_lines = 0;  // likewise
  std::int64_t logged_models = 0;
  std::int64_t traces = 0;
  std::int64_t datasets = 0;
  std::int64_t examples = 0;  // of the datasets
  std::int64_t models = 0;
  std::int64_t versions = 0;
  std::int64_t aliases = 0;
  std::int64_t webhooks = 0;
  std::int64_t scorers = 0;  // their versions
  std::int64_t label_schemas = 0;
  std::int64_t review_queues = 0;
  std::int64_t issues = 0;
  std::int64_t tool_servers = 0;
  std::int64_t files = 0;
  std::int64_t bytes = 0;
};
BOOST_DESCRIBE_STRUCT(Counts, (),
                      (experiments, runs, points, params, tags, inputs, series, console_lines,
                       logged_models, traces, datasets, examples, models, versions, aliases,
                       webhooks, scorers, label_schemas, review_queues, issues, tool_servers, files,
                       bytes))

struct Report {
  Counts found;   // in the source
  Counts copied;  // by this transfer; the rest was there already
  std::int64_t verified_runs = 0;
  std::vector<std::string> problems;  // what could not be copied, or does not agree afterwards
  std::vector<std::string> notes;     // what is left for the user to do
};
BOOST_DESCRIBE_STRUCT(Report, (), (found, copied, verified_runs, problems, notes))

// Tells how far a transfer is: which part, how many of it are done, of how many (0: not known).
using Watch = std::function<void(const std::string& part, std::int64_t done, std::int64_t of)>;

// Brings everything over that is not there yet, then compares. May be stopped at any moment and
// called again. Problems of single files are told in the report; an error ends the transfer.
Result<Report> copy(Source& source, Target& target, const Options& options, const Watch& watch);

// The target that writes into this process's own store.
std::unique_ptr<Target> open_local_target(store::Database& db, registry::Registry& registry,
                                          blob::BlobStore& blobs, Ids& ids);

// Lines of JSON. A line that is none, or holds no record, is invalid_argument with its number.
std::string to_lines(const std::vector<Record>& records);
Result<std::vector<Record>> from_lines(std::string_view lines);
std::string to_json(const Report& report);

}  // namespace slipway::transfer
