// SPDX-License-Identifier: Apache-2.0
#include "transfer/transfer.h"

#include <cmath>
#include <filesystem>
#include <limits>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/clock.h"
#include "registry/registry.h"
#include "store/test_database.h"
#include "tracking/tracking.h"

namespace slipway::transfer {
namespace {

class TransferTest : public ::testing::TestWithParam<store::Dialect> {
 protected:
  ~TransferTest() override { std::filesystem::remove_all(folder_); }

  Result<void> put(const std::string& lines) {
    SW_TRY(const auto records, from_lines(lines));
    return target_->put("there", records);
  }
  tracking::Run run(const std::string& id) { return *tracking_.runs().get(tracking::RunId(id)); }

  store::TestDatabase db_{GetParam()};
  FakeClock clock_{1'000'000};
  FakeIds ids_;
  EventBus events_;
  const std::string folder_ = testing::TempDir() + "transfer-" + std::to_string(::getpid());
  std::unique_ptr<blob::BlobStore> blobs_ = *blob::open_local(folder_);
  tracking::Tracking tracking_{db_, events_, clock_, ids_};
  registry::Registry registry_{db_, tracking_, *blobs_, events_, clock_, ids_};
  std::unique_ptr<Target> target_ = open_local_target(db_, registry_, *blobs_, ids_);
};

constexpr const char* kHistory = R"({"experiment":{"id":"7","name":"e","created":5,"updated":6}}
{"run":{"id":"aa","experiment":"7","name":"r","user":"ada","status":"failed","started":1,"ended":2,"deleted":true,"deleted_at":9,"params":[{"key":"lr","value":"0.1"}],"tags":[{"key":"t","value":"v"}],"inputs":[{"name":"d","digest":"1","source_type":"code","source":"s"}]}}
{"points":{"run":"aa","key":"m","values":[0.1,"NaN","-Infinity"],"times":[1,2,3],"steps":[0,1,2]}}
{"mark":{"kind":"run","id":"aa","mark":"x"}}
{"model":{"name":"clf","description":"d","created":1,"updated":8,"last_version":5,"tags":[]}}
{"version":{"model":"clf","version":3,"created":2,"updated":3,"stage":"Production","source":"/old/aa/artifacts/model","files_run":"aa","location":"model","run_id":"aa","user":"bob","aliases":["best"]}}
)";

TEST_P(TransferTest, AHistoryKeepsItsIdsTimesAndStates) {
  ASSERT_TRUE(put(kHistory));

  const auto found = run("aa");
  EXPECT_EQ(found.experiment.str(), "7");
  EXPECT_EQ(found.status, tracking::RunStatus::failed);
  EXPECT_EQ(found.started.ms, 1);
  EXPECT_EQ(found.ended->ms, 2);
  EXPECT_EQ(found.user, "ada");
  EXPECT_EQ(found.lifecycle, tracking::Lifecycle::deleted);
  EXPECT_EQ(found.params.at(0).value, "0.1");
  EXPECT_EQ(found.artifact_root, "7/aa/artifacts");
  const auto points = tracking_.runs().history(found.id, "m", {.size = 0});
  ASSERT_EQ(points->items.size(), 3u);
  EXPECT_EQ(points->items[0].value, 0.1);
  EXPECT_TRUE(std::isnan(points->items[1].value));
  EXPECT_EQ(points->items[2].value, -std::numeric_limits<double>::infinity());

  const auto version = *registry_.version({"clf", 3});
  EXPECT_EQ(version.stage, registry::Stage::production);
  EXPECT_EQ(version.location, "7/aa/artifacts/model");
  EXPECT_EQ(version.source, "mlflow-artifacts:/7/aa/artifacts/model");
  EXPECT_EQ(version.created.ms, 2);
  EXPECT_EQ((*registry_.by_alias("clf", "best"))->version, 3);
  EXPECT_EQ(registry_.model("clf")->updated.ms, 8);
  const auto next =
      registry_.add({.model = "clf", .source = "s3://b/x", .without_files = true}, {});
  EXPECT_EQ(next->version, 6);
}

TEST_P(TransferTest, TheSameRecordsTwiceChangeNothing) {
  ASSERT_TRUE(put(kHistory));
  ASSERT_TRUE(put(kHistory));

  EXPECT_EQ(tracking_.runs().history(tracking::RunId("aa"), "m", {.size = 0})->items.size(), 3u);
  const auto sizes = *target_->sizes({"aa", "unknown"});
  ASSERT_EQ(sizes.size(), 1u);
  EXPECT_EQ(sizes[0].points, 3);
  EXPECT_EQ(sizes[0].params + sizes[0].tags + sizes[0].inputs, 3);
  EXPECT_EQ(target_->marks("there", "run", {"aa", "bb"})->at("aa"), "x");
  EXPECT_TRUE(target_->marks("elsewhere", "run", {"aa"})->empty());
}

TEST_P(TransferTest, ATakenIdIsMappedAndATakenNameIsTheSameExperiment) {
  const auto mine = *tracking_.experiments().create("mine", "", {});
  ASSERT_TRUE(put("{\"experiment\":{\"id\":\"" + mine.id.str() +
                  "\",\"name\":\"other\"}}\n"
                  "{\"run\":{\"id\":\"bb\",\"experiment\":\"" +
                  mine.id.str() + "\",\"status\":\"finished\"}}"));
  EXPECT_EQ(run("bb").experiment, tracking_.experiments().by_name("other")->id);
  EXPECT_NE(run("bb").experiment, mine.id);
  ASSERT_TRUE(put(R"({"experiment":{"id":"99","name":"mine"}}
                     {"run":{"id":"cc","experiment":"99","status":"finished"}})"));
  EXPECT_EQ(run("cc").experiment, mine.id);
  EXPECT_TRUE(tracking_.experiments().create("after", "", {}));
}

TEST_P(TransferTest, ARequestIsTakenWholeOrNotAtAll) {
  const auto bad = put(R"({"experiment":{"id":"7","name":"e"}}
                          {"run":{"id":"aa","experiment":"7","status":"dancing"}})");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().message, "run 'aa' has the unknown status 'dancing'");
  EXPECT_FALSE(tracking_.experiments().by_name("e"));
  EXPECT_FALSE(put(R"({"run":{"id":"aa","experiment":"unknown","status":"finished"}})"));
  EXPECT_FALSE(put(R"({"points":{"run":"aa","key":"m","values":[1],"times":[],"steps":[1]}})"));
}

TEST_P(TransferTest, AParamIsStillWrittenOnce) {
  ASSERT_TRUE(put(kHistory));
  const auto other = put(
      R"({"run":{"id":"aa","experiment":"7","status":"failed","params":[{"key":"lr","value":"2"}]}})");
  EXPECT_FALSE(other);
}

INSTANTIATE_TEST_SUITE_P(Dialects, TransferTest,
                         ::testing::ValuesIn(store::TestDatabase::dialects()));

TEST(TransferLines, ABadLineIsNamed) {
  EXPECT_EQ(from_lines("{\"mark\":{}}\n\n{").error().message.substr(0, 7), "line 3:");
  EXPECT_FALSE(from_lines("{}"));
  EXPECT_FALSE(from_lines("[]"));
  EXPECT_FALSE(from_lines(R"({"mark":{},"model":{}})"));
  const auto records = *from_lines(kHistory);
  EXPECT_EQ(to_lines(*from_lines(to_lines(records))), to_lines(records));
}

}  // namespace
}  // namespace slipway::transfer
