// SPDX-License-Identifier: Apache-2.0
// Searches of runs, by shape: fills a store through the tracking room's own calls until it has so
// many runs, then asks each question again and again and prints p50 and p99.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "domain/clauses.h"
#include "store/database.h"
#include "tracking/tracking.h"

namespace {

using namespace slipway;            // NOLINT: a program of one file
using namespace slipway::tracking;  // NOLINT

class NoEvents : public EventSink {
 public:
  void publish(Event) override {}
};

[[noreturn]] void stop(const Error& error) {
  std::fprintf(stderr, "search_bench: %s (%s)\n", error.message.c_str(), error.hint.c_str());
  std::exit(1);
}
template <class T>
T must(Result<T> result) {
  if (!result) stop(result.error());
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

struct Settings {
  std::string store;
  std::size_t runs = 10'000;
  std::size_t experiments = 1;
  int repeats = 20;
};

// The n-th run of every store is the same.
void add_run(Runs& runs, const ExperimentId& experiment, std::size_t n) {
  const auto mixed = n * 2'654'435'761U % 4'294'967'296U;
  const auto run = must(runs.start({.experiment = experiment,
                                    .name = "run-" + std::to_string(n % 997),
                                    .user = "user" + std::to_string(n % 7),
                                    .started = Timestamp{static_cast<std::int64_t>(
                                        1'700'000'000'000 + n * 1'000 + mixed % 5'000)}}));
  const auto metric = [&](const char* key, double value) {
    return Metric{.key = key, .value = value, .at = run.started, .step = 10};
  };
  Batch batch;
  batch.metrics = {metric("acc", static_cast<double>(mixed % 1'000'003) / 1'000'003.0),
                   metric("f1", n % 50 == 0 ? __builtin_nan("")
                                            : static_cast<double>(mixed / 3 % 999'983) / 999'983.0),
                   metric("epoch", static_cast<double>(n % 10))};
  if (n % 2 == 0)
    batch.metrics.push_back(
        metric("loss", static_cast<double>(mixed / 7 % 1'000'033) / 1'000'033.0));
  if (n % 10'000 == 0) batch.metrics.push_back(metric("rare", static_cast<double>(n)));
  batch.params = {{"lr", "0." + std::to_string(n % 5)},
                  {"model", "resnet-" + std::to_string(mixed % 1'000)},
                  {"optimizer", "adam"},
                  {"seed", std::to_string(n)}};
  batch.tags = {{"team", "vision"},
                {"phase", "stage" + std::to_string(n % 20)},
                {"mlflow.user", "user" + std::to_string(n % 7)},
                {"mlflow.source.name", "/home/x/train.py"}};
  must(runs.log(run.id, batch));
  must(runs.change(run.id, {.status = n % 10 == 0 ? RunStatus::failed : RunStatus::finished,
                            .ended = Timestamp{run.started.ms + 60'000}}));
}

std::vector<ExperimentId> all_experiments(Tracking& tracking) {
  std::vector<ExperimentId> out;
  for (const auto& each : must(tracking.experiments().search({.page = {.size = 50'000}})).items) {
    if (each.id.str() != "0") out.push_back(each.id);
  }
  return out;
}

void fill(Tracking& tracking, store::Database& db, const Settings& settings) {
  const auto there = must(db.read([](store::Connection& c) {
    return c.first("SELECT COALESCE(MAX(id), 0) FROM runs", {},
                   [](const store::Row& row) { return row.int64(0); });
  }));
  std::atomic<std::size_t> next = static_cast<std::size_t>(there.value_or(0));
  if (next >= settings.runs) return;
  for (std::size_t i = all_experiments(tracking).size(); i < settings.experiments; ++i) {
    must(tracking.experiments().create("bench-" + std::to_string(i), "", {}));
  }
  const auto experiments = all_experiments(tracking);
  std::vector<std::thread> threads;
  for (int t = 0; t < 64; ++t) {
    threads.emplace_back([&] {
      for (;;) {
        const auto n = next++;
        if (n >= settings.runs) return;
        add_run(tracking.runs(), experiments[n % experiments.size()], n);
        if (n % 10'000 == 0) std::fprintf(stderr, "\r%zu of %zu runs", n, settings.runs);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  std::fprintf(stderr, "\n");
}

Result<Filter> as_leaf(Clause clause) {
  return Filter{.kind = Filter::Kind::compare,
                .parts = {},
                .entity = clause.entity,
                .key = clause.key,
                .op = clause.op,
                .value = clause.value};
}

struct Shape {
  const char* name;
  const char* filter;
  std::vector<const char*> order;
  std::size_t rows = 100;
  int page = 0;  // how many pages before the one that is measured
};

const std::vector<Shape> kShapes = {
    {"newest 100", "", {}},
    {"newest 1,000", "", {}, 1'000},
    {"page 100 of the newest", "", {}, 100, 99},
    {"metric filter, by that metric", "metric.acc > 0.9", {"metric.acc DESC"}},
    {"metric filter, by another", "metric.acc > 0.9", {"metric.f1 DESC"}},
    {"metric and param filter, by metric", "metric.acc > 0.5 AND param.lr = '0.1'", {"metric.acc"}},
    {"metric filter, newest", "metric.acc > 0.9", {}},
    {"metric filter of 1 in 10,000, newest", "metric.acc > 0.9999", {}},
    {"metric filter that matches nothing", "metric.acc > 2", {"metric.f1"}},
    {"two halves that never meet", "metric.epoch < 5 AND metric.epoch > 5", {}},
    {"two params that never meet", "param.lr = '0.1' AND tag.phase = 'stage2'", {"metric.acc"}},
    {"by a metric, 1,000", "", {"metric.acc DESC"}, 1'000},
    {"by a metric that half lack, 1,000", "", {"metric.loss"}, 1'000},
    {"by a metric that most lack, 1,000", "", {"metric.rare"}, 1'000},
    {"by a metric of 10 values", "", {"metric.epoch DESC"}},
    {"by a param of 5 values", "", {"param.lr"}},
    {"by a param, then a metric", "", {"param.lr", "metric.acc DESC"}},
    {"param LIKE, 1 in 1,000", "param.model LIKE '%-77'", {}},
    {"param LIKE that matches nothing", "param.model LIKE '%xyz%'", {}},
    {"param LIKE, unique", "param.seed LIKE '%123456'", {"metric.acc"}},
    {"tag that matches all", "tag.team = 'vision'", {"metric.acc DESC"}},
    {"tag ILIKE and status", "tag.phase ILIKE 'STAGE1%' AND attribute.status = 'failed'", {}},
    {"OR of a metric and a param", "metric.acc > 0.99 OR param.lr = '0.3'", {"metric.f1"}},
    {"NOT a param", "NOT param.lr = '0.1'", {"metric.acc"}},
    {"by start, oldest first", "", {"attribute.started"}},
    {"by name", "", {"attribute.name"}},
    {"by name, the last first", "", {"attribute.name DESC"}},
    {"by name, 1,000", "", {"attribute.name"}, 1'000},
    {"by name, page 20", "", {"attribute.name"}, 100, 19},
    {"by user", "", {"attribute.user"}},
    {"by user, the last first", "", {"attribute.user DESC"}},
    {"by user, page 20", "", {"attribute.user"}, 100, 19},
    {"by status", "", {"attribute.status"}},
    {"by status, the last first", "", {"attribute.status DESC"}},
    {"by end", "", {"attribute.ended"}},
    {"by end, newest first", "", {"attribute.ended DESC"}},
    {"status, by end", "attribute.status = 'failed'", {"attribute.ended DESC"}},
    {"user, by name", "attribute.user = 'user3'", {"attribute.name"}},
    {"metric filter, by name", "metric.acc > 0.9", {"attribute.name"}},
    {"metric filter, by user", "metric.acc > 0.9", {"attribute.user DESC"}},
    {"by a param of 1,000 values", "", {"param.model"}},
    {"by a param of 1,000 values, last first", "", {"param.model DESC"}},
    {"by a unique param", "", {"param.seed DESC"}},
    {"by a param that all share", "", {"param.optimizer"}},
    {"by a tag of 20 values", "", {"tag.phase"}},
    {"by a tag of 20 values, last first", "", {"tag.phase DESC"}},
    {"by a tag that all share", "", {"tag.team DESC"}},
    {"metric filter, by a tag", "metric.acc > 0.9", {"tag.phase DESC"}},
};

Search search_of(const Shape& shape, const std::vector<ExperimentId>& experiments) {
  Search out{.experiments = experiments};
  out.filter = must(parse_filter(shape.filter, as_leaf));
  for (const auto* text : shape.order) {
    const auto by = must(parse_order(text));
    out.order.push_back({{by.entity, by.key, by.ascending}, {}, {}});
  }
  out.page.size = shape.rows;
  return out;
}

double processor_ms() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

double at(std::vector<double>& times, double share) {
  std::sort(times.begin(), times.end());
  return times[static_cast<std::size_t>(share * static_cast<double>(times.size() - 1))];
}

void measure(Tracking& tracking, const Shape& shape, const std::vector<ExperimentId>& experiments,
             int repeats) {
  auto search = search_of(shape, experiments);
  for (int i = 0; i < shape.page; ++i) {
    search.page.token = must(tracking.runs().search(search)).next_token;
  }
  std::vector<double> times;
  std::vector<double> busy;  // of the processor, which a busy machine does not stretch as much
  std::size_t rows = 0;
  for (int i = 0; i < repeats + 1; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    const auto begin_busy = processor_ms();
    rows = must(tracking.runs().search(search)).items.size();
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    if (i == 0) continue;
    times.push_back(took.count());
    busy.push_back(processor_ms() - begin_busy);
  }
  std::printf("%-38s %6zu %9.2f %9.2f %9.2f\n", shape.name, rows, at(times, 0.5), at(times, 0.99),
              at(busy, 0.5));
  std::fflush(stdout);
}

Settings settings_of(int argc, char** argv) {
  Settings out;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    if (name == "--store") out.store = argv[i + 1];
    if (name == "--runs") out.runs = std::strtoull(argv[i + 1], nullptr, 10);
    if (name == "--experiments") out.experiments = std::strtoull(argv[i + 1], nullptr, 10);
    if (name == "--repeats") out.repeats = std::atoi(argv[i + 1]);
  }
  if (out.store.empty() || out.repeats < 1) {
    std::fprintf(stderr,
                 "usage: search_bench --store sqlite:////tmp/x.db [--runs 10000]"
                 " [--experiments 1] [--repeats 20]\n");
    std::exit(2);
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  const auto settings = settings_of(argc, argv);
  const auto db = must(store::Database::open(settings.store));
  NoEvents events;
  Tracking tracking(*db, events, system_clock(), system_ids());
  fill(tracking, *db, settings);
  const auto experiments = all_experiments(tracking);
  std::printf("%-38s %6s %9s %9s %9s   ms\n", "search", "rows", "p50", "p99", "busy");
  for (const auto& shape : kShapes) measure(tracking, shape, experiments, settings.repeats);
  return 0;
}
