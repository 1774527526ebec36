// SPDX-License-Identifier: Apache-2.0
#include "app/batch.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>
#include <utility>

#include "base/log.h"
#include "base/pool.h"
#include "base/text.h"
#include "batch_places.h"
#include "batch_rows.h"
#include "batch_sink.h"
#include "batch_sql.h"
#include "registry/registry.h"
#include "serving/endpoints.h"

namespace slipway::app {
namespace {

using drivers::duckdb::Table;

constexpr std::size_t kKeptJobs = 200;       // in lists
constexpr std::int64_t kRowsASave = 50'000;  // between two notes of progress

bool is_over(const BatchJob& job) {
  return job.state == "succeeded" || job.state == "failed" || job.state == "cancelled";
}

// How a column is called in SQL, so that numbers stay numbers in Parquet and in tables.
std::string type_of(const Field& field) {
  switch (field.type) {
    case drivers::duckdb::Type::boolean:
      return "BOOLEAN";
    case drivers::duckdb::Type::integer:
      return "BIGINT";
    case drivers::duckdb::Type::real:
      return "DOUBLE";
    case drivers::duckdb::Type::time:
      return "TIMESTAMP";
    case drivers::duckdb::Type::text:
    case drivers::duckdb::Type::other:
      break;
  }
  return "VARCHAR";
}

}  // namespace

struct Batches::Impl {
  store::Database& db;
  serving::Endpoints& endpoints;
  registry::Registry& registry;
  Clock& clock;
  Ids& ids;
  BatchOptions options;
  BatchPlaces places{options, clock};

  std::atomic<bool> stopping{false};
  std::mutex mutex;
  std::set<std::string> cancelled;  // under mutex
  std::unique_ptr<Pool> pool;       // last: its thread uses the rest

  // The version that the words name now: an endpoint's, or that of a model.
  Result<std::pair<std::string, std::string>> resolve(const std::string& target) const {
    std::string_view rest = target;
    const bool uri = rest.starts_with("models:/");
    if (uri) rest.remove_prefix(8);
    const auto mark = rest.find_first_of("@/");
    if (mark == std::string_view::npos) {
      if (!uri) {
        if (auto picked = endpoints.pick(target)) {
          return std::pair(picked->model(), picked->version());
        }
      }
      if (auto champion = registry.by_alias(std::string(rest), registry::kChampion);
          champion && *champion) {
        return std::pair(std::string(rest), std::to_string((*champion)->version));
      }
      return not_found("'" + target + "' is no endpoint, nor a model with a champion",
                       "name an endpoint, models:/NAME/VERSION or models:/NAME@ALIAS");
    }
    const std::string model(rest.substr(0, mark));
    std::string version(rest.substr(mark + 1));
    if (rest[mark] == '@') {
      SW_TRY(const auto found, registry.by_alias(model, version));
      if (!found) return not_found("model '" + model + "' has no alias '" + version + "'");
      version = std::to_string(found->version);
    }
    return std::pair(model, version);
  }

  bool is_cancelled(const std::string& id) {
    const std::scoped_lock lock(mutex);
    return cancelled.contains(id);
  }

  Result<void> enqueue(const std::string& id) {
    if (!pool->post([this, id] { work(id); })) {
      return exhausted("too many batch jobs wait", "retry when some are done");
    }
    return {};
  }

  void work(const std::string& id) {
    auto job = find_job(db, id);
    if (!job || !*job || is_over(**job) || stopping) return;
    auto& it = **job;
    it.state = "running";
    if (!it.started) it.started = clock.now();
    (void)update_job(db, it).ok();
    const auto done = run(it);
    if (!done && stopping) return;  // taken up at the next start
    it.ended = clock.now();
    it.state = done ? "succeeded" : is_cancelled(id) ? "cancelled" : "failed";
    it.error = done ? "" : done.error().message;
    if (const auto noted = update_job(db, it); !noted) {
      log::error("batch.not_noted", {{"job", id}, {"why", noted.error().message}});
    }
    if (done || is_cancelled(id)) places.forget(it);
    log::info("batch.ended", {{"job", id}, {"state", it.state}, {"rows", it.rows_done}});
  }

  struct Plan {
    std::unique_ptr<Table> table;
    std::vector<std::string> read;   // columns of the file that are read
    std::vector<Field> fields;       // of those
    std::vector<std::size_t> asked;  // positions in `read` that the model is given
    std::vector<Field> asked_fields;
    std::vector<std::size_t> kept;  // positions in `read` that are written
    std::optional<std::size_t> key;
    std::unique_ptr<AnswerSink> sink;
    std::vector<std::string> answers;  // columns that the model gave; empty until the first answer
  };

  static std::size_t position(Plan& plan, const Table& table, const std::string& name) {
    const auto found = std::find(plan.read.begin(), plan.read.end(), name);
    if (found != plan.read.end()) return static_cast<std::size_t>(found - plan.read.begin());
    plan.read.push_back(name);
    plan.fields.push_back(*table.find(name));
    return plan.read.size() - 1;
  }

  Result<Plan> plan_of(BatchJob& job, const serving::Target& target, const std::string& input) {
    Plan out;
    SW_TRY(out.table, Table::open(input, {.library = options.duckdb}));
    SW_TRY(const auto asked, wanted_columns(target, *out.table, job.spec.key));
    for (const auto& name : asked) {
      out.asked.push_back(position(out, *out.table, name));
      out.asked_fields.push_back(*out.table->find(name));
    }
    if (!job.spec.key.empty()) {
      if (out.table->find(job.spec.key) == nullptr) {
        return invalid("the input has no column '" + job.spec.key + "', which is to be the key");
      }
      out.key = position(out, *out.table, job.spec.key);
    }
    auto keep = job.spec.keep;
    if (keep.empty()) {
      for (const auto& field : out.table->fields()) keep.push_back(field.name);
    }
    for (const auto& name : keep) {
      if (name == "-" && keep.size() == 1) break;
      if (out.table->find(name) == nullptr) {
        return invalid("the input has no column '" + name + "', which is to be kept");
      }
      out.kept.push_back(position(out, *out.table, name));
    }
    if (is_table(job.spec.output)) {
      SW_TRY(out.sink, open_table_sink(job, clock.now()));
    } else if (!job.spec.output.empty()) {
      SW_TRY(out.sink, open_file_sink(job, places, options.duckdb, gives_up(job.id)));
    }
    return out;
  }

  Result<void> run(BatchJob& job) {
    SW_TRY(const auto input, places.bring(job, gives_up(job.id)));
    SW_TRY(const auto target, endpoints.open(job.model, job.version));
    SW_TRY(auto plan, plan_of(job, target, input));
    job.rows_total = plan.table->rows();
    std::int64_t seen = 0;
    std::int64_t saved = job.rows_done;
    std::vector<BatchAnswer> answers;
    SW_CHECK_OK(plan.table->scan(
        plan.read, [&](const std::vector<Piece>& pieces, std::size_t rows) -> Result<void> {
          const auto count = static_cast<std::int64_t>(rows);
          seen += count;
          if (seen <= job.rows_done) return {};
          if (stopping) return unavailable("the server stops");
          if (is_cancelled(job.id)) return Error{Code::cancelled, "the job was cancelled", {}};
          // A piece that was begun before is begun again: progress is noted between pieces only.
          SW_CHECK_OK(piece(job, target, plan, pieces, rows, answers));
          job.rows_done = seen;
          if (seen - saved < kRowsASave && answers.size() < kRowsASave) return {};
          saved = seen;
          return save(job, plan, answers);
        }));
    SW_CHECK_OK(save(job, plan, answers));
    return plan.sink == nullptr ? Result<void>() : plan.sink->finish();
  }

  Result<void> save(BatchJob& job, Plan& plan, std::vector<BatchAnswer>& answers) {
    if (plan.sink != nullptr) {
      SW_TRY(job.bytes_done, plan.sink->flush());
    }
    SW_CHECK_OK(add_answers(db, job, answers));
    answers.clear();
    return {};
  }

  Result<void> piece(const BatchJob& job, const serving::Target& target, Plan& plan,
                     const std::vector<Piece>& pieces, std::size_t rows,
                     std::vector<BatchAnswer>& answers) {
    std::vector<const Piece*> asked;
    for (const auto at : plan.asked) asked.push_back(&pieces[at]);
    auto answered = answer_rows(target, plan.asked_fields, asked, rows);
    if (!answered) {
      auto& error = answered.error();
      error.message = "between rows " + std::to_string(job.rows_done) + " and " +
                      std::to_string(job.rows_done + static_cast<std::int64_t>(rows)) + ": " +
                      error.message;
      return std::move(error);
    }
    if (plan.answers.empty()) SW_CHECK_OK(name_columns(plan, *answered));
    if (answered->names != plan.answers) {
      return Error{Code::failed_precondition, "the model's answers changed their columns", {}};
    }
    if (plan.sink != nullptr) write(plan, pieces, *answered, rows, job.rows_done);
    if (plan.key) keep_answers(job, plan, pieces, *answered, rows, answers);
    return {};
  }

  static Result<void> name_columns(Plan& plan, const AnswerColumns& answered) {
    plan.answers = answered.names;
    std::vector<AnswerColumn> columns;
    for (const auto at : plan.kept)
      columns.push_back({plan.fields[at].name, type_of(plan.fields[at])});
    for (std::size_t i = 0; i < answered.names.size(); ++i) {
      auto name = answered.names[i];
      const auto taken = [&](const AnswerColumn& column) { return column.name == name; };
      while (std::any_of(columns.begin(), columns.end(), taken)) name += "_";
      columns.push_back({std::move(name), answered.types[i]});
    }
    return plan.sink == nullptr ? Result<void>() : plan.sink->begin(columns);
  }

  static void write(Plan& plan, const std::vector<Piece>& pieces, const AnswerColumns& answered,
                    std::size_t rows, std::int64_t first) {
    std::vector<std::string> kept(plan.kept.size());
    std::vector<const std::string*> cells(plan.kept.size() + answered.cells.size());
    for (std::size_t row = 0; row < rows; ++row) {
      for (std::size_t i = 0; i < plan.kept.size(); ++i) {
        kept[i] = json_of(plan.fields[plan.kept[i]], pieces[plan.kept[i]], row);
        cells[i] = &kept[i];
      }
      for (std::size_t i = 0; i < answered.cells.size(); ++i) {
        cells[plan.kept.size() + i] = &answered.cells[i][row];
      }
      plan.sink->row(first + static_cast<std::int64_t>(row), cells);
    }
  }

  void keep_answers(const BatchJob& job, const Plan& plan, const std::vector<Piece>& pieces,
                    const AnswerColumns& answered, std::size_t rows,
                    std::vector<BatchAnswer>& answers) {
    const auto now = clock.now();
    const auto& keys = pieces[*plan.key];
    for (std::size_t row = 0; row < rows; ++row) {
      if (keys.missing[row]) continue;
      auto key = plan.fields[*plan.key].is_text() ? keys.texts[row]
                                                  : json_of(plan.fields[*plan.key], keys, row);
      std::string answer = "{";
      for (std::size_t i = 0; i < answered.names.size(); ++i) {
        if (i != 0) answer += ',';
        append_json_string(answer, answered.names[i]);
        answer += ':' + answered.cells[i][row];
      }
      answers.push_back({std::move(key), answer + "}", job.model, job.version, job.id, now});
    }
  }

  std::function<bool()> gives_up(const std::string& id) {
    return [this, id] { return stopping || is_cancelled(id); };
  }
};

Batches::Batches(store::Database& db, serving::Endpoints& endpoints, registry::Registry& registry,
                 Clock& clock, Ids& ids, BatchOptions options)
    : impl_(new Impl{.db = db,
                     .endpoints = endpoints,
                     .registry = registry,
                     .clock = clock,
                     .ids = ids,
                     .options = std::move(options)}) {
  impl_->pool = std::make_unique<Pool>("batch", 1, kKeptJobs);
}

Batches::~Batches() {
  impl_->stopping = true;
  impl_->pool.reset();
}

Result<void> Batches::resume() {
  SW_TRY(auto jobs, load_jobs(impl_->db, kKeptJobs));
  std::reverse(jobs.begin(), jobs.end());
  for (const auto& job : jobs) {
    if (!is_over(job)) SW_CHECK_OK(impl_->enqueue(job.id));
  }
  return {};
}

Result<BatchJob> Batches::submit(const BatchSpec& spec) {
  SW_CHECK_OK(impl_->places.check(spec));
  SW_TRY(const auto print, impl_->places.fingerprint(spec.input));
  SW_TRY(const auto version, impl_->resolve(spec.target));
  SW_TRY(auto jobs, load_jobs(impl_->db, kKeptJobs));
  for (auto& job : jobs) {
    const bool same = job.spec.target == spec.target && job.spec.input == spec.input &&
                      job.spec.output == spec.output && job.spec.table == spec.table &&
                      job.spec.key == spec.key && job.spec.keep == spec.keep &&
                      job.fingerprint == print && job.model == version.first &&
                      job.version == version.second;
    if (!same || job.state == "succeeded") continue;
    if (!is_over(job)) return std::move(job);
    job.state = "queued";
    job.error.clear();
    job.ended.reset();
    {
      const std::scoped_lock lock(impl_->mutex);
      impl_->cancelled.erase(job.id);
    }
    SW_CHECK_OK(update_job(impl_->db, job));
    SW_CHECK_OK(impl_->enqueue(job.id));
    return std::move(job);
  }
  BatchJob job{.id = impl_->ids.sortable(),
               .spec = spec,
               .model = version.first,
               .version = version.second,
               .fingerprint = print,
               .state = "queued",
               .created = impl_->clock.now()};
  SW_CHECK_OK(insert_job(impl_->db, job));
  SW_CHECK_OK(impl_->enqueue(job.id));
  return job;
}

Result<BatchJob> Batches::get(const std::string& id) const {
  SW_TRY(auto job, find_job(impl_->db, id));
  if (!job) return not_found("there is no batch job '" + id.substr(0, 100) + "'");
  return *std::move(job);
}

Result<std::vector<BatchJob>> Batches::list() const {
  return load_jobs(impl_->db, kKeptJobs);
}

Result<BatchJob> Batches::cancel(const std::string& id) {
  SW_TRY(auto job, get(id));
  if (is_over(job)) return job;
  {
    const std::scoped_lock lock(impl_->mutex);
    impl_->cancelled.insert(id);
  }
  if (job.state != "queued") return job;
  job.state = "cancelled";
  job.ended = impl_->clock.now();
  SW_CHECK_OK(update_job(impl_->db, job));
  return job;
}

Result<BatchAnswer> Batches::look_up(const std::string& target, const std::string& key) const {
  SW_TRY(auto found, find_answer(impl_->db, target, key));
  if (!found) {
    return not_found("there is no batch prediction of '" + target.substr(0, 200) + "' for key '" +
                     key.substr(0, 200) + "'");
  }
  return *std::move(found);
}

}  // namespace slipway::app
