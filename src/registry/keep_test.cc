// SPDX-License-Identifier: Apache-2.0
// What versions stem from stays, unless somebody insists.
#include "fixture.h"

namespace slipway::registry {
namespace {

using tracking::Removal;

class KeepTest : public RegistryFixture {};

TEST_P(KeepTest, ARunBehindAVersionIsNotRemovedWithoutAWord) {
  make_model("flights");
  const auto run = start_run();
  ASSERT_TRUE(add_from("runs:/" + run.str() + "/model", run.str()));
  ASSERT_TRUE(registry_.promote({"flights", 1}, kAda));

  for (const auto& [what, id] :
       {std::pair{Removal::run, run.str()}, std::pair{Removal::experiment, std::string("0")}}) {
    const auto refused = tracking_.remove(what, id);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::failed_precondition);
    EXPECT_NE(refused.error().message.find("version 1 of model 'flights' (Production, champion)"),
              std::string::npos)
        << refused.error().message;
    EXPECT_NE(refused.error().hint.find("slipway.delete"), std::string::npos);
  }
  EXPECT_EQ(tracking_.runs().get(run)->lifecycle, tracking::Lifecycle::active);

  ASSERT_TRUE(tracking_.remove(Removal::run, run.str(), true));
  EXPECT_EQ(tracking_.runs().get(run)->lifecycle, tracking::Lifecycle::deleted);
  EXPECT_EQ(registry_.history().of("flights", 1, {})->items.front().action, "origin.removed");
}

TEST_P(KeepTest, ALoggedModelBehindAVersionStays) {
  make_model("flights");
  const auto model =
      tracking_.models().create({.experiment = tracking::ExperimentId{"0"}, .name = "m"});
  ASSERT_TRUE(model);
  const auto made = registry_.add({.model = "flights",
                                   .source = "models:/" + model->id.str(),
                                   .logged_model_id = model->id.str()},
                                  kAda);
  ASSERT_TRUE(made) << made.error().message;

  EXPECT_FALSE(tracking_.remove(Removal::logged_model, model->id.str()));
  ASSERT_TRUE(registry_.remove_version({"flights", 1}, kAda));
  EXPECT_TRUE(tracking_.remove(Removal::logged_model, model->id.str()));
}

TEST_P(KeepTest, OtherRunsGoAtOnce) {
  make_model("flights");
  const auto run = start_run();
  EXPECT_TRUE(tracking_.remove(Removal::run, run.str()));
}

INSTANTIATE_TEST_SUITE_P(Dialects, KeepTest, ::testing::ValuesIn(store::TestDatabase::dialects()));

}  // namespace
}  // namespace slipway::registry
