// SPDX-License-Identifier: Apache-2.0
#include "registry/registry.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "blob/blob.h"
#include "fixture.h"

namespace slipway::registry {
namespace {

class RegistryTest : public RegistryFixture {};

TEST_P(RegistryTest, NumbersCountUpAndAreNeverUsedTwice) {
  make_model("flights");
  EXPECT_EQ(add("flights").version, 1);
  EXPECT_EQ(add("flights").version, 2);

  ASSERT_TRUE(registry_.remove_version({"flights", 2}, kAda));

  EXPECT_EQ(add("flights").version, 3);
  EXPECT_EQ(registry_.version({"flights", 2}).error().code, Code::not_found);
}

TEST_P(RegistryTest, ATakenNameIsRefusedAlsoWhenRenaming) {
  make_model("flights");
  make_model("trains");

  EXPECT_EQ(registry_.create("flights", {}, "", kAda).error().code, Code::already_exists);
  EXPECT_EQ(registry_.rename("trains", "flights", kAda).error().code, Code::already_exists);
  EXPECT_TRUE(registry_.model("trains"));
}

TEST_P(RegistryTest, NamesFollowMlflowsRules) {
  for (const auto* bad : {"", "  ", "a/b", "a:b", ".", "..", "..a"}) {
    EXPECT_EQ(registry_.create(bad, {}, "", kAda).error().code, Code::invalid_argument) << bad;
  }
  EXPECT_TRUE(registry_.create("Größe mit Leerzeichen", {}, "", kAda));

  make_model("flights");
  add("flights");
  for (const auto* bad : {"", "a b", "a.b", "latest", "LATEST", "v1", "V12"}) {
    EXPECT_EQ(registry_.set_alias("flights", bad, 1, kAda).error().code, Code::invalid_argument)
        << bad;
  }
  EXPECT_TRUE(registry_.set_alias("flights", "été-1_x", 1, kAda));
  EXPECT_EQ(registry_.tag({"flights", 0}, "a/../b", "x", kAda).error().code,
            Code::invalid_argument);
  EXPECT_TRUE(registry_.tag({"flights", 0}, "team/owner: one.two", "x", kAda));
}

TEST_P(RegistryTest, AnAliasPointsAtOneVersionAndFollowsItsRemoval) {
  make_model("flights");
  add("flights");
  add("flights");
  ASSERT_TRUE(registry_.set_alias("flights", "champion", 1, kAda));
  ASSERT_TRUE(registry_.set_alias("flights", "champion", 2, kAda));

  EXPECT_EQ((*registry_.by_alias("flights", "champion"))->version, 2);
  EXPECT_TRUE(registry_.version({"flights", 1})->aliases.empty());
  EXPECT_EQ(registry_.set_alias("flights", "champion", 9, kAda).error().code, Code::not_found);

  ASSERT_TRUE(registry_.remove_version({"flights", 2}, kAda));
  EXPECT_FALSE(registry_.by_alias("flights", "champion")->has_value());
  EXPECT_EQ(registry_.by_alias("boats", "champion").error().code, Code::not_found);
}

TEST_P(RegistryTest, AStageMoveMayArchiveTheOthers) {
  make_model("flights");
  add("flights");
  add("flights");
  ASSERT_TRUE(registry_.move({"flights", 1}, Stage::production, false, kAda));

  ASSERT_TRUE(registry_.move({"flights", 2}, Stage::production, true, kAda));

  EXPECT_EQ(registry_.version({"flights", 1})->stage, Stage::archived);
  EXPECT_EQ(registry_.version({"flights", 2})->stage, Stage::production);
  EXPECT_EQ(registry_.move({"flights", 2}, Stage::none, true, kAda).error().code,
            Code::invalid_argument);
  EXPECT_EQ(registry_.model("flights")->latest.size(), 2u);
}

TEST_P(RegistryTest, PromotionMovesAliasAndStagesTogetherAndMayBeRepeated) {
  make_model("flights");
  add("flights");
  add("flights");
  ASSERT_EQ(registry_.promote({"flights", 1}, kAda)->previous, std::nullopt);

  const auto second = registry_.promote({"flights", 2}, {"ada", "better AUC"});

  ASSERT_TRUE(second);
  EXPECT_EQ(second->previous, 1);
  EXPECT_EQ(second->version.stage, Stage::production);
  EXPECT_EQ(second->version.aliases, std::vector<std::string>{"champion"});
  EXPECT_EQ(registry_.version({"flights", 1})->stage, Stage::archived);
  const auto before = registry_.history().verify()->entries;
  EXPECT_EQ(registry_.promote({"flights", 2}, kAda)->previous, std::nullopt);
  EXPECT_EQ(registry_.history().verify()->entries, before);
}

TEST_P(RegistryTest, TheSourceMustBelongToTheRunOrModelThatIsNamed) {
  make_model("flights");
  const auto run = start_run();
  const auto root = tracking_.runs().get(run)->artifact_root;

  EXPECT_EQ(add_from("runs:/" + run.str() + "/model", "")->location, "none");
  EXPECT_EQ(add_from("runs:/" + run.str() + "/model", run.str())->location, root + "/model");
  EXPECT_EQ(add_from("mlflow-artifacts:/" + root + "/m", run.str())->location, root + "/m");
  EXPECT_EQ(add_from("mlflow-artifacts:/0/other/artifacts/m", run.str())->location, "none");
  EXPECT_EQ(add_from("models:/flights/1", "")->source, "models:/flights/1");
  EXPECT_EQ(add_from("models:/flights/1", "")->run_id, run.str());
  EXPECT_EQ(add_from("models:/flights/99", "")->location, "none");
  EXPECT_EQ(add_from("/tmp/model", run.str())->location, "none");
}

TEST_P(RegistryTest, ALoggedModelLendsItsRunAndItsFolder) {
  make_model("flights");
  const auto run = start_run();
  const auto logged = tracking_.models().create(
      {.experiment = tracking::ExperimentId{"0"}, .name = "m", .source_run = run});
  ASSERT_TRUE(logged);

  const auto version = registry_.add({.model = "flights",
                                      .source = "models:/" + logged->id.str(),
                                      .logged_model_id = logged->id.str()},
                                     kAda);

  ASSERT_TRUE(version) << version.error().message;
  EXPECT_EQ(version->run_id, run.str());
  EXPECT_EQ(version->location, logged->artifact_root);
}

TEST_P(RegistryTest, LineageLeadsBackToRunDataAndCommit) {
  make_model("flights");
  const auto run = start_run();
  ASSERT_TRUE(tracking_.runs().log(run, {.metrics = {{.key = "auc", .value = 0.75}},
                                         .params = {{"depth", "3"}},
                                         .tags = {{"mlflow.source.git.commit", "c0ffee"}}}));
  ASSERT_TRUE(tracking_.runs().add_inputs(
      run,
      {{.dataset = {.name = "2013-01", .digest = "d1", .source_type = "local", .source = "{}"},
        .tags = {{"mlflow.data.context", "training"}}}},
      {}));
  const auto version = add_from("runs:/" + run.str() + "/model", run.str());

  const auto lineage = registry_.lineage(*version);

  ASSERT_TRUE(lineage);
  EXPECT_EQ(lineage->git_commit, "c0ffee");
  EXPECT_EQ(lineage->metrics.at("auc"), 0.75);
  EXPECT_EQ(lineage->params.at("depth"), "3");
  ASSERT_EQ(lineage->datasets.size(), 1u);
  EXPECT_EQ(lineage->datasets[0].digest, "d1");
  EXPECT_EQ(lineage->datasets[0].context, "training");
  EXPECT_FALSE(lineage->run_removed);

  ASSERT_TRUE(tracking_.runs().remove(run));
  EXPECT_TRUE(registry_.lineage(*version)->run_removed);
}

TEST_P(RegistryTest, APackageIsAFolderWithItsFacts) {
  make_model("flights");
  const auto run = start_run();
  const auto root = "artifacts/" + tracking_.runs().get(run)->artifact_root + "/model";
  ASSERT_TRUE(blobs_->put_all(root + "/MLmodel", "flavors: {onnx: {data: graph.onnx}}\n"));
  const auto version = add_from("runs:/" + run.str() + "/model", run.str());

  EXPECT_EQ(registry_.package(version->ref()).error().code, Code::failed_precondition);
  ASSERT_TRUE(blobs_->put_all(root + "/graph.onnx", "bytes"));
  const auto package = registry_.package(version->ref());

  ASSERT_TRUE(package) << package.error().message;
  EXPECT_TRUE(std::filesystem::exists(package->onnx_file));
  EXPECT_EQ(package->onnx_file, package->folder + "/graph.onnx");
  EXPECT_NE(package->facts.flavor("onnx"), nullptr);
}

TEST_P(RegistryTest, AGraphOutsideTheFolderIsRefused) {
  make_model("flights");
  const auto run = start_run();
  const auto root = "artifacts/" + tracking_.runs().get(run)->artifact_root;
  ASSERT_TRUE(blobs_->put_all(root + "/other.onnx", "bytes"));
  ASSERT_TRUE(blobs_->put_all(root + "/model/MLmodel", "flavors: {onnx: {data: ../other.onnx}}\n"));
  const auto version = add_from("runs:/" + run.str() + "/model", run.str());

  EXPECT_EQ(registry_.package(version->ref()).error().code, Code::failed_precondition);
}

INSTANTIATE_TEST_SUITE_P(Stores, RegistryTest,
                         ::testing::ValuesIn(store::TestDatabase::dialects()));

}  // namespace
}  // namespace slipway::registry
