// SPDX-License-Identifier: Apache-2.0
// The search of runs against a plain evaluation of the same filter and order in memory, for
// thousands of random questions on a small random set of runs.
#include "run_search.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

#include <gtest/gtest.h>

#include "base/text.h"
#include "latest.h"
#include "store/test_database.h"
#include "tracking/tracking.h"

namespace slipway::tracking {
namespace {

using Op = Filter::Op;

class NoEvents : public EventSink {
 public:
  void publish(Event) override {}
};

// One value of the order: a rank, then a number or a text.
struct Value {
  int rank = 0;
  double number = 0;
  std::string text;
};

std::optional<std::string> pair_of(const std::vector<Param>& pairs, const std::string& key) {
  for (const auto& pair : pairs) {
    if (pair.key == key) return pair.value;
  }
  return std::nullopt;
}

// A tag is a param here.
std::vector<Param> tags_of(const Run& run) {
  std::vector<Param> out;
  for (const auto& tag : run.tags) out.push_back({tag.key, tag.value});
  return out;
}

std::optional<double> metric_of(const Run& run, const std::string& key) {
  for (const auto& metric : run.metrics) {
    if (metric.key == key) return metric.value;
  }
  return std::nullopt;
}

std::string text_attribute(const Run& run, const std::string& key) {
  if (key == "id") return run.id.str();
  if (key == "name") return run.name;
  if (key == "status") return std::string(name_of(run.status));
  if (key == "user") return run.user;
  if (key == "experiment") return run.experiment.str();
  return run.artifact_root;
}

bool like(std::string_view text, std::string_view pattern) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '%') {
    for (std::size_t i = 0; i <= text.size(); ++i) {
      if (like(text.substr(i), pattern.substr(1))) return true;
    }
    return false;
  }
  if (text.empty() || (pattern[0] != '_' && pattern[0] != text[0])) return false;
  return like(text.substr(1), pattern.substr(1));
}

bool holds(const Filter& leaf, const std::string& value) {
  if (const auto* list = std::get_if<std::vector<std::string>>(&leaf.value)) {
    return (std::find(list->begin(), list->end(), value) != list->end()) == (leaf.op == Op::in);
  }
  const auto& wanted = std::get<std::string>(leaf.value);
  switch (leaf.op) {
    case Op::eq:
      return value == wanted;
    case Op::ne:
      return value != wanted;
    case Op::like:
      return like(value, wanted);
    case Op::ilike:
      return like(to_lower(value), to_lower(wanted));
    default:
      return false;
  }
}

bool holds(const Filter& leaf, double value) {
  const auto wanted = std::get<double>(leaf.value);
  switch (leaf.op) {
    case Op::eq:
      return value == wanted;
    case Op::ne:
      return value != wanted;
    case Op::lt:
      return value < wanted;
    case Op::le:
      return value <= wanted;
    case Op::gt:
      return value > wanted;
    default:
      return value >= wanted;
  }
}

template <class T>
bool holds_maybe(const Filter& leaf, const std::optional<T>& value) {
  if (leaf.op == Op::is_null) return !value;
  if (leaf.op == Op::is_not_null) return value.has_value();
  return value && holds(leaf, *value);
}

bool holds_for_dataset(const Filter& leaf, const Run& run) {
  return std::any_of(run.datasets.begin(), run.datasets.end(), [&](const DatasetInput& input) {
    if (leaf.key == "name") return holds(leaf, input.dataset.name);
    if (leaf.key == "digest") return holds(leaf, input.dataset.digest);
    return std::any_of(input.tags.begin(), input.tags.end(), [&](const Tag& tag) {
      return tag.key == kContextTag && holds(leaf, tag.value);
    });
  });
}

bool matches(const Filter& filter, const Run& run) {
  const auto each = [&](const Filter& part) { return matches(part, run); };
  const auto& parts = filter.parts;
  switch (filter.kind) {
    case Filter::Kind::all_of:
      return std::all_of(parts.begin(), parts.end(), each);
    case Filter::Kind::any_of:
      return std::any_of(parts.begin(), parts.end(), each);
    case Filter::Kind::none_of:
      return std::none_of(parts.begin(), parts.end(), each);
    case Filter::Kind::compare:
      break;
  }
  if (filter.entity == "metric") return holds_maybe(filter, metric_of(run, filter.key));
  if (filter.entity == "param") return holds_maybe(filter, pair_of(run.params, filter.key));
  if (filter.entity == "tag") return holds_maybe(filter, pair_of(tags_of(run), filter.key));
  if (filter.entity == "dataset") return holds_for_dataset(filter, run);
  if (filter.key == "started") return holds(filter, static_cast<double>(run.started.ms));
  if (filter.key == "ended") {
    return run.ended && holds(filter, static_cast<double>(run.ended->ms));
  }
  return holds(filter, text_attribute(run, filter.key));
}

Value value_of(const Run& run, const SearchOrder& by) {
  if (by.entity == "metric") {
    const auto value = metric_of(run, by.key);
    if (!value) return {.rank = 2};
    return std::isnan(*value) ? Value{.rank = 1} : Value{.number = *value};
  }
  if (by.entity != "attribute") {
    const auto value = pair_of(by.entity == "param" ? run.params : tags_of(run), by.key);
    return value ? Value{.text = *value} : Value{.rank = 1};
  }
  if (by.key == "started") return {.number = static_cast<double>(run.started.ms)};
  if (by.key == "ended") {
    return run.ended ? Value{.number = static_cast<double>(run.ended->ms)} : Value{.rank = 1};
  }
  if (by.key == "experiment")
    return {.number = static_cast<double>(std::stoll(run.experiment.str()))};
  return {.text = text_attribute(run, by.key)};
}

// Less than zero when `a` comes first.
int compare_values(const Value& a, const Value& b, bool ascending) {
  if (a.rank != b.rank) return a.rank < b.rank ? -1 : 1;
  const int sign = ascending ? 1 : -1;
  if (a.number != b.number) return a.number < b.number ? -sign : sign;
  const auto text = a.text.compare(b.text);
  return text == 0 ? 0 : text < 0 ? -sign : sign;
}

bool before(const Run& a, const Run& b, const std::vector<SearchOrder>& order) {
  for (const auto& by : order) {
    if (const int sign = compare_values(value_of(a, by), value_of(b, by), by.ascending)) {
      return sign < 0;
    }
  }
  const bool by_start = std::any_of(order.begin(), order.end(), [](const SearchOrder& by) {
    return by.entity == "attribute" && by.key == "started";
  });
  if (!by_start && a.started.ms != b.started.ms) return a.started.ms > b.started.ms;
  return a.id.str() < b.id.str();
}

class RunSearchTest : public ::testing::TestWithParam<store::Dialect> {
 protected:
  static constexpr int kRuns = 150;

  int roll(int sides) { return static_cast<int>(random_() % static_cast<unsigned>(sides)); }
  template <class T>
  T pick(const std::vector<T>& from) {
    return from[static_cast<std::size_t>(roll(static_cast<int>(from.size())))];
  }

  void SetUp() override {
    experiments_ = {ExperimentId("0")};
    for (const char* name : {"one", "two"}) {
      experiments_.push_back(tracking_.experiments().create(name, "", {})->id);
    }
    for (int i = 0; i < kRuns; ++i) add_run();
    Search all{.experiments = experiments_, .view = View::all, .page = {.size = 1'000}};
    runs_ = tracking_.runs().search(all)->items;
    ASSERT_EQ(runs_.size(), static_cast<std::size_t>(kRuns));
  }

  RunId add_run() {
    auto& runs = tracking_.runs();
    const auto id = runs.start({.experiment = pick(experiments_),
                                .name = pick<std::string>({"a", "b", "B", "run_1", "ünï"}),
                                .user = pick<std::string>({"", "ann", "Bob"}),
                                .started = Timestamp{roll(8)}})
                        ->id;
    Batch batch;
    for (const char* key : {"m", "n", "rare"}) {
      if (roll(key[0] == 'r' ? 20 : 4) == 0) {
        batch.metrics.push_back({.key = key, .value = pick(kNumbers), .at = {1}});
      } else if (roll(3) != 0 && key[0] != 'r') {
        batch.metrics.push_back({.key = key, .value = static_cast<double>(roll(4)), .at = {1}});
      }
    }
    if (roll(5) == 0) {  // a wide report: its metrics lie in blocks until a search names them
      for (int i = 0; i < 70; ++i) {
        batch.metrics.push_back({.key = "f" + std::to_string(i), .value = 1, .at = {1}});
      }
    }
    for (const char* key : {"p", "q x"}) {
      if (roll(3) != 0) batch.params.push_back({key, pick(kTexts)});
      if (roll(3) != 0) batch.tags.push_back({key, pick(kTexts)});
    }
    EXPECT_TRUE(runs.log(id, batch));
    if (roll(2) == 0) {
      EXPECT_TRUE(runs.change(id, {.status = RunStatus::finished, .ended = Timestamp{roll(5)}}));
    }
    if (roll(4) == 0) {
      const Dataset dataset{.name = pick(kTexts),
                            .digest = "d" + std::to_string(roll(3)),
                            .source_type = "local",
                            .source = "x"};
      EXPECT_TRUE(runs.add_inputs(id, {{dataset, {{kContextTag, pick(kTexts)}}}}, {}));
    }
    if (roll(6) == 0) {
      EXPECT_TRUE(runs.remove(id));
    }
    return id;
  }

  Filter leaf() {
    Filter out{.kind = Filter::Kind::compare};
    const std::vector<Op> numeric = {Op::eq, Op::ne, Op::lt, Op::le, Op::gt, Op::ge};
    const std::vector<Op> texts = {Op::eq, Op::ne, Op::like, Op::ilike, Op::in, Op::not_in};
    const int kind = roll(6);
    if (kind <= 1) {
      out.entity = "metric";
      out.key = pick<std::string>({"m", "m", "n", "rare", "absent"});
      out.op = pick(numeric);
      out.value = static_cast<double>(roll(5)) - (roll(4) == 0 ? 0.5 : 0);
      if (roll(10) == 0) out.op = pick<Op>({Op::is_null, Op::is_not_null});
      return out;
    }
    if (kind == 2) {
      out.entity = "attribute";
      out.key = pick<std::string>({"started", "ended"});
      out.op = pick(numeric);
      out.value = static_cast<double>(roll(8));
      return out;
    }
    out.op = pick(texts);
    auto values = kTexts;
    if (kind == 3) {
      out.entity = "attribute";
      out.key = pick<std::string>({"name", "status", "user", "id", "experiment"});
      values = {"a", "b", "B", "ünï", "finished", "running", "ann", "0", "1", runs_[0].id.str()};
    } else if (kind == 4) {
      out.entity = "dataset";
      out.key = pick<std::string>({"name", "digest", "context"});
      values.push_back("d1");
    } else {
      out.entity = pick<std::string>({"param", "tag"});
      out.key = pick<std::string>({"p", "q x", "absent"});
      if (roll(5) == 0) out.op = pick<Op>({Op::is_null, Op::is_not_null});
    }
    if (out.op == Op::in || out.op == Op::not_in) {
      out.value = std::vector<std::string>{pick(values), pick(values)};
    } else if (out.op == Op::like || out.op == Op::ilike) {
      out.value =
          pick<std::string>({"%", "a%", "A%", "_", "%B", "%[*]?%", "a_c", "%\\%", "\u00FC%"});
    } else {
      out.value = pick(values);
    }
    return out;
  }

  Filter filter(int depth) {
    if (depth == 0 || roll(3) == 0) return leaf();
    Filter out{.kind = pick<Filter::Kind>(
                   {Filter::Kind::all_of, Filter::Kind::any_of, Filter::Kind::none_of})};
    const int parts = roll(4);
    for (int i = 0; i < parts; ++i) out.parts.push_back(filter(depth - 1));
    return out;
  }

  std::vector<SearchOrder> order() {
    const std::vector<std::pair<std::string, std::string>> keys = {
        {"metric", "m"},         {"metric", "n"},
        {"metric", "rare"},      {"metric", "absent"},
        {"param", "p"},          {"tag", "p"},
        {"tag", "q x"},          {"attribute", "started"},
        {"attribute", "name"},   {"attribute", "ended"},
        {"attribute", "status"}, {"attribute", "id"},
        {"attribute", "user"},   {"attribute", "experiment"}};
    std::vector<SearchOrder> out;
    const int size = roll(4);
    for (int i = 0; i < size; ++i) {
      const auto& [entity, key] = pick(keys);
      const bool there = std::any_of(out.begin(), out.end(), [&, e = entity, k = key](auto& by) {
        return by.entity == e && by.key == k;
      });
      if (!there) out.push_back({{entity, key, roll(2) == 0}, {}, {}});
    }
    return out;
  }

  std::vector<std::string> expected(const Search& search) {
    std::vector<const tracking::Run*> found;
    for (const auto& run : runs_) {
      const bool active = run.lifecycle == Lifecycle::active;
      if (search.view == View::active && !active) continue;
      if (search.view == View::deleted && active) continue;
      if (std::find(search.experiments.begin(), search.experiments.end(), run.experiment) ==
          search.experiments.end()) {
        continue;
      }
      if (matches(search.filter, run)) found.push_back(&run);
    }
    std::sort(found.begin(), found.end(), [&](const tracking::Run* a, const tracking::Run* b) {
      return before(*a, *b, search.order);
    });
    std::vector<std::string> out;
    for (const auto* run : found) out.push_back(run->id.str());
    return out;
  }

  // All pages of a search, one after the other.
  std::vector<std::string> found(Search search, const SearchLimits& limits) {
    std::vector<std::string> out;
    for (int page = 0; page < 200; ++page) {
      const auto runs =
          (*database_).read([&](store::Connection& c) { return find_runs(c, search, limits); });
      if (!runs) return {runs.error().message};
      for (const auto metric : runs->not_in_rows) EXPECT_TRUE(make_rows(*database_, metric));
      if (!runs->not_in_rows.empty()) continue;
      for (const auto& run : runs->runs) out.push_back(run.run.id.str());
      if (runs->next_token.empty()) return out;
      EXPECT_EQ(runs->runs.size(), search.page.size);
      search.page.token = runs->next_token;
    }
    return {"it does not end"};
  }

  const std::vector<double> kNumbers = {0,
                                        1,
                                        1.5,
                                        2,
                                        -1,
                                        1e300,
                                        std::nan(""),
                                        -0.0,
                                        std::numeric_limits<double>::infinity(),
                                        -std::numeric_limits<double>::infinity()};
  const std::vector<std::string> kTexts = {"a",
                                           "abc",
                                           "ABC",
                                           "",
                                           "a_c",
                                           "[*]?",
                                           "Ünï",
                                           "10",
                                           "9",
                                           "100%\\%",
                                           std::string(300, 'x') + "1",
                                           std::string(300, 'x') + "2"};
  store::TestDatabase database_{GetParam()};
  NoEvents events_;
  Tracking tracking_{database_, events_, system_clock(), system_ids()};
  std::mt19937 random_{20'240'607};
  std::vector<ExperimentId> experiments_;
  std::vector<tracking::Run> runs_;
};

TEST_P(RunSearchTest, EveryPageIsWhatAPlainEvaluationFinds) {
  const int questions = GetParam() == store::Dialect::sqlite ? 1'500 : 300;
  for (int i = 0; i < questions; ++i) {
    Search search{.filter = filter(roll(4)), .order = order()};
    search.view = pick<View>({View::active, View::active, View::deleted, View::all});
    for (const auto& id : experiments_) {
      if (roll(3) != 0) search.experiments.push_back(id);
    }
    search.page.size = static_cast<std::size_t>(pick<int>({1, 3, 10, 50, 1'000}));
    if (search.page.size == 1 && roll(5) != 0) search.page.size = 7;
    const auto pick_size = [&](std::vector<int> from) {
      return static_cast<std::size_t>(pick(from));
    };
    const SearchLimits limits{.few = pick_size({0, 5, 1'000}),
                              .sortable = pick_size({0, 10, 20'000}),
                              .least_rows = pick_size({1, 20, 1'500}),
                              .most_rows = 25'000};
    ASSERT_EQ(found(search, limits), expected(search)) << "question " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Dialects, RunSearchTest,
                         ::testing::ValuesIn(store::TestDatabase::dialects()),
                         [](const auto& info) {
                           return info.param == store::Dialect::sqlite ? "sqlite" : "postgres";
                         });

}  // namespace
}  // namespace slipway::tracking
