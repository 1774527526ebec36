// SPDX-License-Identifier: Apache-2.0
// What the tests of this room share: a registry over a fresh database, with runs to stem from.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "blob/blob.h"
#include "registry/registry.h"
#include "store/test_database.h"
#include "tracking/tracking.h"

namespace slipway::registry {

inline const By kAda{"ada", "because"};

class RegistryFixture : public ::testing::TestWithParam<store::Dialect> {
 protected:
  ~RegistryFixture() override { std::filesystem::remove_all(folder_); }

  void make_model(const std::string& name) {
    const auto made = registry_.create(name, {}, "", kAda);
    ASSERT_TRUE(made) << made.error().message;
  }
  // A version whose files are elsewhere.
  Version add(const std::string& model) {
    auto made = registry_.add({.model = model, .source = "s3://bucket/model"}, kAda);
    EXPECT_TRUE(made);
    return made.value_or(Version{});
  }
  // A version of "flights"; one whose location is "none" when it was refused as invalid.
  Result<Version> add_from(const std::string& source, const std::string& run) {
    auto made = registry_.add({.model = "flights", .source = source, .run_id = run}, kAda);
    if (!made && made.error().code != Code::not_found) {
      EXPECT_EQ(made.error().code, Code::invalid_argument) << made.error().message;
    }
    return made ? std::move(made) : Result<Version>(Version{.location = "none"});
  }
  tracking::RunId start_run() {
    return tracking_.runs().start({.experiment = tracking::ExperimentId{"0"}, .name = "r"})->id;
  }

  store::TestDatabase db_{GetParam()};
  FakeClock clock_{1'000};
  EventBus events_;
  FakeIds ids_;
  tracking::Tracking tracking_{db_, events_, clock_, ids_};
  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("slipway-registry-" + system_ids().hex32());
  std::unique_ptr<blob::BlobStore> blobs_ = *blob::open_local(folder_.string());
  Registry registry_{db_, tracking_, *blobs_, events_, clock_, ids_};
};

}  // namespace slipway::registry
