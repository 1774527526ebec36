// SPDX-License-Identifier: Apache-2.0
// kill -9 at every transition: a child process is killed right after each of its commits in turn,
// and a new process on the same store has to come to the same end by the same steps.
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <tuple>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "blob/blob.h"
#include "meter/meter.h"
#include "registry/registry.h"
#include "rollout/rollouts.h"
#include "serving/endpoints.h"
#include "store/test_database.h"
#include "tracking/tracking.h"

namespace slipway::rollout {
namespace {

using serving::Tensor;
using serving::Tensors;

// Ends this process, the hard way, when the given number of writes is on disk. Nothing but the
// store outlives a process, so these are all the moments that there are.
class KillingDatabase : public store::Database {
 public:
  explicit KillingDatabase(std::unique_ptr<store::Database> inner) : inner_(std::move(inner)) {}
  void kill_after(int writes) { left_ = writes; }

  store::Dialect dialect() const override { return inner_->dialect(); }
  Result<void> read_raw(const std::function<Result<void>(store::Connection&)>& body) override {
    return inner_->read_raw(body);
  }
  Result<void> write_raw(const std::function<Result<void>(store::Connection&)>& body) override {
    auto done = inner_->write_raw(body);
    if (done && --left_ == 0) ::kill(::getpid(), SIGKILL);
    return done;
  }
  Result<void> copy_to(const std::string& path) override { return inner_->copy_to(path); }

 private:
  std::unique_ptr<store::Database> inner_;
  int left_ = -1;
};

class NoModel : public serving::LoadedModel {
 public:
  const serving::Signature& signature() const override { return signature_; }
  Result<Tensors> run(const Tensors& in) override { return in; }

 private:
  serving::Signature signature_{
      .inputs = {{.name = "x", .dtype = serving::DType::fp32, .shape = {-1, 1}}},
      .outputs = {{.name = "y", .dtype = serving::DType::fp32, .shape = {-1, 1}}}};
};

constexpr auto kBroken = "4";  // the version that cannot be loaded

class NoBackend : public serving::ModelBackend {
 public:
  std::string_view name() const override { return "none"; }
  std::string_view platform() const override { return "none"; }
  bool can_load(const serving::Package&) const override { return true; }
  Result<std::unique_ptr<serving::LoadedModel>> load(const serving::Package& package) override {
    if (package.version == kBroken) return Error{Code::data_loss, "the file is truncated", ""};
    return std::unique_ptr<serving::LoadedModel>(std::make_unique<NoModel>());
  }
};

class Packages : public serving::PackageSource {
 public:
  explicit Packages(const registry::Registry& registry) : registry_(registry) {}
  Result<std::string> resolve(const std::string& model, const std::string& alias) override {
    SW_TRY(const auto version, registry_.by_alias(model, alias));
    if (!version) return not_found("no alias " + alias);
    return std::to_string(version->version);
  }
  Result<std::string> newest(const std::string&) override { return std::string("1"); }
  Result<serving::Package> package(const std::string& model, const std::string& version) override {
    return serving::Package{.model = model, .version = version, .model_file = "x"};
  }

 private:
  const registry::Registry& registry_;
};

// Every look finds some requests more; the challenger fails at all of them when `bad`.
class Requests : public Evidence {
 public:
  Result<Traffic> traffic(const std::string&, const std::string&, std::int64_t version) override {
    if (doubt) {
      const auto few = seen_[version] == 0 ? seen_[version]++ : 40;  // from one look to the next
      return Traffic{.requests = few, .errors = version != 1 && few > 0 ? 1 : 0, .latency = {}};
    }
    const auto n = seen_[version] += each;
    return Traffic{.requests = n, .errors = bad && version != 1 ? n : 0, .latency = {}};
  }
  Result<Traffic> mirrored(const std::string&, const std::string&, std::int64_t) override {
    copies_ += each;
    return Traffic{.requests = copies_, .errors = bad ? copies_ : 0, .latency = {}};
  }
  Result<Outcomes> outcomes(const std::string&, const std::string&, std::int64_t, Timestamp,
                            Timestamp) override {
    return Outcomes{};
  }
  Result<Agreement> agreement(const std::string&, const std::string&, std::int64_t, std::int64_t,
                              Timestamp) override {
    return Agreement{.pairs = 500, .classes = 500, .equal = differs ? 300 : 490};
  }
  std::int64_t each = 100;
  bool bad = false;
  bool doubt = false;
  bool differs = false;

 private:
  std::int64_t copies_ = 0;
  std::map<std::int64_t, std::int64_t> seen_;
};

std::unique_ptr<KillingDatabase> open_store(const std::string& url) {
  auto database = store::Database::open(url, {.readers = 1});
  if (!database) return nullptr;
  return std::make_unique<KillingDatabase>(*std::move(database));
}

// One process's rooms, and an operator who asks again for what was not done yet.
struct Process {
  explicit Process(const std::string& url) : db(open_store(url)) {}

  std::unique_ptr<KillingDatabase> db;
  EventBus events;
  FakeClock clock{1'700'000'000'000};
  meter::Registry meters;
  std::string folder = std::filesystem::temp_directory_path() / "slipway-rollout-test";
  std::unique_ptr<blob::BlobStore> blobs = *blob::open_local(folder);
  tracking::Tracking tracking{*db, events, clock, system_ids()};
  registry::Registry registry{*db, tracking, *blobs, events, clock, system_ids()};
  serving::Endpoints endpoints{
      *db, std::make_unique<Packages>(registry), backends(), events, clock, meters};
  Requests evidence;
  Rollouts rollouts{*db, endpoints, registry, evidence, events, clock, system_ids()};

  static std::vector<std::unique_ptr<serving::ModelBackend>> backends() {
    std::vector<std::unique_ptr<serving::ModelBackend>> out;
    out.push_back(std::make_unique<NoBackend>());
    return out;
  }

  std::optional<Rollout> newest(const std::string& name) {
    const auto all = rollouts.list(name, {.size = 1, .token = {}});
    if (!all || all->items.empty()) return std::nullopt;
    return all->items[0];
  }
  bool by_shadow = false;  // rollouts begin with a shadow step

  void start(const std::string& name, std::int64_t version) {
    Spec spec{.endpoint = name, .model = name, .version = version};
    spec.steps = {{.weight = 5, .min_requests = 150}, {.weight = 50, .min_requests = 150}};
    if (by_shadow) {
      spec.steps.insert(spec.steps.begin(), {.shadow = 50, .min_requests = 150});
      spec.tolerances.min_agreement = 0.9;
    }
    (void)rollouts.start(spec, "ada");
  }
};

struct Scenario {
  std::string name;
  serving::RouteSpec route;                               // of the champion, without the model
  std::function<void(Process&, const std::string&)> act;  // again and again until it is over
  std::set<State> ends;
  std::int64_t champion = 1;  // in the end
};

bool is_in(Process& at, const std::string& name, State state) {
  const auto now = at.newest(name);
  return now && now->state == state;
}

void carry_on(Process& at, const std::string& name, std::int64_t version) {
  if (!at.newest(name)) at.start(name, version);
  at.clock.advance(2'000);
  at.rollouts.tick();
}

void promote(Process& at, const std::string& name) {
  carry_on(at, name, 2);
}

void promote_by_shadow(Process& at, const std::string& name) {
  at.by_shadow = true;
  promote(at, name);
}

// It answers other classes than the champion, and nobody ever gets its answers.
void find_it_different(Process& at, const std::string& name) {
  at.by_shadow = true;
  at.evidence.differs = true;
  carry_on(at, name, 2);
}

// It fails a little more than is tolerated, and nothing more is learned.
void stay_in_doubt(Process& at, const std::string& name) {
  at.evidence.doubt = true;
  carry_on(at, name, 2);
  at.clock.advance(20'000'000);
}

void find_it_bad(Process& at, const std::string& name) {
  at.evidence.bad = true;
  carry_on(at, name, 2);
}

void find_it_bad_in_the_shadow(Process& at, const std::string& name) {
  at.by_shadow = true;
  find_it_bad(at, name);
}

void give_up(Process& at, const std::string& name) {
  at.evidence.each = 0;
  carry_on(at, name, 2);
  const auto now = at.newest(name);
  if (now && now->state == State::running) (void)at.rollouts.abort(now->id, "ada", "enough");
}

void give_up_in_the_shadow(Process& at, const std::string& name) {
  at.by_shadow = true;
  give_up(at, name);
}

void take_back(Process& at, const std::string& name) {
  carry_on(at, name, 2);
  if (is_in(at, name, State::promoted)) (void)at.rollouts.roll_back(name, "ada", "drill");
}

void take_back_under_way(Process& at, const std::string& name) {
  at.evidence.each = 0;
  carry_on(at, name, 2);
  if (is_in(at, name, State::running)) (void)at.rollouts.roll_back(name, "ada", "drill");
}

// The champion was changed by hand.
void take_back_without_rollout(Process& at, const std::string& name) {
  if (!at.newest(name)) (void)at.rollouts.roll_back(name, "ada", "drill");
  at.rollouts.tick();
}

void start_what_cannot_be_loaded(Process& at, const std::string& name) {
  carry_on(at, name, 4);
}

const serving::RouteSpec kByAlias{.alias = "champion"};
const serving::RouteSpec kByNumber{.version = "1"};
const serving::RouteSpec kByOtherAlias{.alias = "live"};

const Scenario kScenarios[] = {
    {"Promoted", kByAlias, promote, {State::promoted}, 2},
    {"PromotedByNumber", kByNumber, promote, {State::promoted}, 2},
    {"PromotedByAnotherAlias", kByOtherAlias, promote, {State::promoted}, 2},
    {"FoundBad", kByAlias, find_it_bad, {State::rolled_back}, 1},
    {"Undecided", kByAlias, stay_in_doubt, {State::rolled_back}, 1},
    {"GivenUp", kByNumber, give_up, {State::aborted}, 1},
    {"PromotedByShadow", kByAlias, promote_by_shadow, {State::promoted}, 2},
    {"DifferentInTheShadow", kByAlias, find_it_different, {State::rolled_back}, 1},
    {"BadInTheShadow", kByNumber, find_it_bad_in_the_shadow, {State::rolled_back}, 1},
    {"GivenUpInTheShadow", kByAlias, give_up_in_the_shadow, {State::aborted}, 1},
    {"TakenBack", kByAlias, take_back, {State::rolled_back}, 1},
    {"TakenBackByNumber", kByNumber, take_back, {State::rolled_back}, 1},
    {"TakenBackUnderWay", kByAlias, take_back_under_way, {State::rolled_back}, 1},
    {"TakenBackWithoutRollout", kByAlias, take_back_without_rollout, {State::rolled_back}, 2},
    {"NotLoadable",
     kByAlias,
     start_what_cannot_be_loaded,
     {State::aborted, State::rolled_back},
     1}};

using Entry = std::tuple<std::string, std::int64_t, std::string, std::string>;

class KilledTest : public ::testing::TestWithParam<std::tuple<store::Dialect, std::size_t>> {
 protected:
  KilledTest() { db_.close(); }
  const Scenario& scenario() const { return kScenarios[std::get<1>(GetParam())]; }

  // Some versions, and an endpoint with the champion and a shadow.
  void prepare(const std::string& name) {
    Process at(db_.url());
    const registry::By ada{"ada", "because"};
    ASSERT_TRUE(at.registry.create(name, {}, "", ada));
    const auto versions = scenario().name == "NotLoadable" ? 4 : 2;
    for (int i = 0; i < versions; ++i) {
      ASSERT_TRUE(at.registry.add({.model = name, .source = "s3://elsewhere/model"}, ada));
    }
    const bool by_hand = scenario().champion == 2 && scenario().ends.contains(State::rolled_back);
    if (const auto& alias = scenario().route.alias; alias != "champion" && !alias.empty()) {
      ASSERT_TRUE(at.registry.set_alias(name, alias, 1, ada));
    }
    if (by_hand) {
      ASSERT_TRUE(at.registry.promote({name, 2}, ada));
    }
    ASSERT_TRUE(at.registry.promote({name, 1}, ada));
    auto route = scenario().route;
    route.model = name;
    const serving::RouteSpec shadow{.model = name, .version = "3", .weight = 10, .shadow = true};
    ASSERT_TRUE(at.endpoints.create({.name = name, .routes = {route, shadow}}, {.name = "ada"}));
  }

  bool over(Process& at, const std::string& name) const {
    const auto now = at.newest(name);
    return now && scenario().ends.contains(now->state) && now->ended;
  }

  // Runs the scenario in a child that is killed after so many writes; false: it came to its end.
  bool killed(const std::string& name, int writes) {
    const auto child = ::fork();
    if (child == 0) {
      Process at(db_.url());
      if (!at.db || !at.endpoints.restore()) ::_exit(3);
      at.db->kill_after(writes);
      for (int i = 0; i < 50 && !over(at, name); ++i) scenario().act(at, name);
      ::_exit(over(at, name) ? 0 : 4);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status)) return WTERMSIG(status) == SIGKILL;
    EXPECT_EQ(WEXITSTATUS(status), 0);
    return false;
  }

  // Another process goes on. Meanwhile and in the end all the traffic has somewhere to go.
  std::vector<Entry> finish(const std::string& name) {
    Process at(db_.url());
    EXPECT_TRUE(at.endpoints.restore());
    for (int i = 0; i < 50 && !over(at, name); ++i) {
      EXPECT_EQ(shares(at, name).first, 100);
      scenario().act(at, name);
    }
    EXPECT_TRUE(over(at, name));
    const auto champion = scenario().champion;
    EXPECT_EQ(shares(at, name), (std::pair(100.0, std::to_string(champion))));
    const auto view = at.endpoints.get(name);
    EXPECT_TRUE(view && view->routes.size() == 2 && view->routes[1].spec.shadow);
    if (view) {
      EXPECT_EQ(view->routes[0].spec.alias, scenario().route.alias);
    }
    if (scenario().route.version.empty() || champion == 2) {
      EXPECT_EQ((*at.registry.by_alias(name, "champion"))->version, champion);
    }
    if (scenario().name.ends_with("InTheShadow")) {
      const auto ended = at.newest(name);
      EXPECT_EQ(ended->step, 0) << "somebody got an answer of the challenger";
      const auto why = scenario().name == "DifferentInTheShadow" ? "agreement: "
                       : scenario().name == "BadInTheShadow"     ? "errors: "
                                                                 : "aborted by ada";
      EXPECT_TRUE(ended->reason.starts_with(why)) << ended->reason;
    }
    EXPECT_EQ(at.rollouts.list(name, {.size = 10, .token = {}})->items.size(), 1U);
    if (scenario().name == "Undecided") {
      EXPECT_TRUE(at.newest(name)->reason.starts_with("undecided within 86400 s: errors"));
    }
    EXPECT_FALSE(at.registry.history().verify()->broken_at);
    expect_replay(at, name);
    std::vector<Entry> out;
    const auto history = at.registry.history().of(name, 0, {.size = 100, .token = {}});
    for (const auto& entry : history->items) {
      if (entry.action == "model.created") continue;  // has the name in it
      out.emplace_back(entry.action, entry.version, entry.from, entry.to);
    }
    return out;
  }

  // Each decision, made again from what is stored, is what it was.
  void expect_replay(Process& at, const std::string& name) {
    const auto replayed = at.rollouts.replay(at.newest(name)->id);
    ASSERT_TRUE(replayed) << replayed.error().message;
    for (const auto& one : *replayed) {
      EXPECT_TRUE(one.same) << one.decision << " became " << one.again << ": " << one.reason;
    }
    const auto& what = scenario().name;
    if (what == "PromotedByShadow") {
      ASSERT_EQ(replayed->size(), 4U);
      EXPECT_EQ(replayed->back().decision, "promote");
    }
    if (what == "DifferentInTheShadow" || what == "FoundBad") {
      ASSERT_EQ(replayed->size(), 1U);
      EXPECT_EQ(replayed->back().decision, "roll_back");
    }
    if (what == "Undecided") {
      EXPECT_EQ(replayed->back().decision, "undecided");
    }
  }

  // The sum of the weights, and the only version that answers ("" while there are two).
  static std::pair<double, std::string> shares(Process& at, const std::string& name) {
    std::pair<double, std::string> out{0, ""};
    const auto view = at.endpoints.get(name);
    if (!view) return out;
    for (const auto& route : view->routes) {
      if (route.spec.shadow) continue;
      EXPECT_EQ(route.state, serving::RouteState::ready);
      out.first += route.spec.weight;
      out.second = route.spec.weight == 100 ? route.version : "";
    }
    return out;
  }

  store::TestDatabase db_{std::get<0>(GetParam())};
};

TEST_P(KilledTest, AtEveryCommitAndStillToTheSameEndByTheSameSteps) {
  prepare("whole");
  ASSERT_FALSE(HasFatalFailure());
  ASSERT_FALSE(killed("whole", -1));
  const auto expected = finish("whole");
  ASSERT_GE(expected.size(), 5U);

  int writes = 1;
  for (;; ++writes) {
    const auto name = "m" + std::to_string(writes);
    prepare(name);
    ASSERT_FALSE(HasFatalFailure());
    if (!killed(name, writes)) break;
    auto found = finish(name);
    if (scenario().ends.size() == 1) {
      EXPECT_EQ(found, expected) << "killed after write " << writes;
    } else {
      EXPECT_EQ(found.size(), expected.size()) << "killed after write " << writes;
    }
    ASSERT_LT(writes, 60);
  }
  EXPECT_GT(writes, 3);
}

INSTANTIATE_TEST_SUITE_P(Rollouts, KilledTest,
                         ::testing::Combine(::testing::ValuesIn(store::TestDatabase::dialects()),
                                            ::testing::Range<std::size_t>(0,
                                                                          std::size(kScenarios))),
                         [](const auto& info) {
                           const auto dialect = std::get<0>(info.param) == store::Dialect::sqlite
                                                    ? "Sqlite"
                                                    : "Postgres";
                           return kScenarios[std::get<1>(info.param)].name + dialect;
                         });

}  // namespace
}  // namespace slipway::rollout
