// SPDX-License-Identifier: Apache-2.0
#include "source.h"

#include <gtest/gtest.h>

namespace slipway::registry {
namespace {

using Kind = Source::Kind;

TEST(Source, NamesARunALoggedModelAVersionOrAPath) {
  const auto run = parse_source("runs:/abc/model/deep");
  ASSERT_TRUE(run);
  EXPECT_EQ(run->kind, Kind::run);
  EXPECT_EQ(run->id, "abc");
  EXPECT_EQ(run->path, "model/deep");

  EXPECT_EQ(parse_source("models:/m-12")->id, "m-12");
  EXPECT_EQ(parse_source("models:/m-12")->kind, Kind::logged_model);
  EXPECT_EQ(parse_source("models:/flights/3")->version, 3);
  EXPECT_EQ(parse_source("models:/flights@champion")->alias, "champion");
  EXPECT_EQ(parse_source("models:/flights/latest")->version, 0);

  EXPECT_EQ(parse_source("mlflow-artifacts:/0/a/artifacts/model")->path, "0/a/artifacts/model");
  EXPECT_EQ(parse_source("mlflow-artifacts://host:5000/0/a")->path, "0/a");
  EXPECT_EQ(parse_source("http://h:1/api/2.0/mlflow-artifacts/artifacts/0/a")->path, "0/a");
  EXPECT_EQ(parse_source("s3://bucket/model")->kind, Kind::foreign);
}

TEST(Source, WhatCouldLeaveTheStoreIsRefused) {
  for (const auto* uri :
       {"", "/etc/passwd", "file:///etc/passwd", "relative/path", "mlflow-artifacts:/a/../../b",
        "mlflow-artifacts:/a/%2e%2e/b", "mlflow-artifacts:/a/%252e%252e/b", "s3://b/a/../c",
        "http://h/api/2.0/mlflow-artifacts/artifacts/%2e%2e/x", "mlflow-artifacts:/a%00b",
        "runs://host/abc/model", "runs:/abc", "runs:/", "models:/", "models://host/m-1",
        "models:/flights/", "models:/flights/x", "models:/@a", "mlflow-artifacts:/"}) {
    const auto source = parse_source(uri);
    ASSERT_FALSE(source) << uri;
    EXPECT_EQ(source.error().code, Code::invalid_argument) << uri;
  }
}

TEST(Source, AFolderContainsItselfAndWhatIsBelowItOnly) {
  EXPECT_TRUE(is_within("0/a/artifacts/model", "0/a/artifacts"));
  EXPECT_TRUE(is_within("0/a/artifacts", "0/a/artifacts/"));
  EXPECT_FALSE(is_within("0/a/artifacts-of-another", "0/a/artifacts"));
  EXPECT_FALSE(is_within("0/a", ""));
}

}  // namespace
}  // namespace slipway::registry
