// SPDX-License-Identifier: Apache-2.0
// Models that their own libraries wrote, against what those predict (testdata/make.py), and files
// that nobody should have written.
#include "drivers/trees/trees.h"

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>
#include <sstream>

#include <gtest/gtest.h>

#include "loaded.h"

namespace slipway::drivers::trees {
namespace {

namespace fs = std::filesystem;
using serving::DType;
using serving::Tensor;

const fs::path kData = SLIPWAY_TREES_TESTDATA;

std::string bytes_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

struct Case {
  std::string model_class;
  std::vector<std::vector<double>> rows;
  std::vector<std::vector<double>> answers;
};

Case read_case(const fs::path& path) {
  Case out;
  std::ifstream in(path);
  std::getline(in, out.model_class);
  for (std::string line; std::getline(in, line);) {
    std::vector<double> sides[2];
    int side = 0;
    std::istringstream words(line);
    for (std::string word; words >> word;) {
      if (word == "|") {
        side = 1;
      } else {
        sides[side].push_back(std::strtod(word.c_str(), nullptr));
      }
    }
    out.rows.push_back(sides[0]);
    out.answers.push_back(sides[1]);
  }
  return out;
}

Tensor tensor_of(const std::vector<std::vector<double>>& rows, DType type) {
  const auto width = rows.front().size();
  auto out =
      Tensor::make("input", DType::fp64,
                   {static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(width)});
  auto* to = static_cast<double*>(out.mutable_data());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::copy(rows[i].begin(), rows[i].end(), to + i * width);
  }
  return serving::converted(out, type);
}

fs::path model_of(fs::path rows) {
  for (const char* suffix : {".json", ".ubj", ".txt"}) {
    if (fs::exists(rows.replace_extension(suffix))) return rows;
  }
  return {};
}

class Library : public ::testing::TestWithParam<std::string> {};

TEST_P(Library, PredictsTheSame) {
  const auto path = kData / (GetParam() + ".rows");
  const auto wanted = read_case(path);
  const auto model = load_bytes(bytes_of(model_of(path)), wanted.model_class);
  ASSERT_TRUE(model) << model.error().message;
  const auto type = (*model)->signature().inputs.front().dtype;

  const auto together = (*model)->run({tensor_of(wanted.rows, type)});

  ASSERT_TRUE(together) << together.error().message;
  const auto& got = together->front();
  ASSERT_EQ(got.count(), wanted.rows.size() * wanted.answers.front().size());
  for (std::size_t i = 0; i < got.count(); ++i) {
    const auto width = wanted.answers.front().size();
    const double right = wanted.answers[i / width][i % width];
    EXPECT_NEAR(got.number_at(i), right, 1e-6 * std::max(1.0, std::abs(right))) << "value " << i;
  }
  for (std::size_t row = 0; row < wanted.rows.size(); ++row) {
    const auto alone = (*model)->run({tensor_of({wanted.rows[row]}, type)});
    EXPECT_EQ(alone->front().number_at(0), got.number_at(row * got.row_size())) << "row " << row;
  }
}

std::vector<std::string> cases() {
  std::vector<std::string> out;
  for (const auto& file : fs::directory_iterator(kData)) {
    if (file.path().extension() == ".rows") out.push_back(file.path().stem());
  }
  std::sort(out.begin(), out.end());
  return out;
}

INSTANTIATE_TEST_SUITE_P(Models, Library, ::testing::ValuesIn(cases()),
                         [](const auto& info) { return info.param; });

TEST(Trees, AClassifierAnswersLabelsAndProbabilities) {
  const auto wanted = read_case(kData / "xgb_three.rows");
  const auto model = load_bytes(bytes_of(kData / "xgb_three.json"), wanted.model_class);
  ASSERT_TRUE(model) << model.error().message;

  const auto out = (*model)->run({tensor_of(wanted.rows, DType::fp32)});

  ASSERT_EQ(out->size(), 2U);
  EXPECT_EQ((*out)[0].dtype(), DType::int64);
  EXPECT_EQ((*out)[1].row_size(), 3U);
  for (std::size_t row = 0; row < wanted.rows.size(); ++row) {
    double sum = 0;
    for (std::size_t i = 0; i < 3; ++i) sum += (*out)[1].number_at(row * 3 + i);
    EXPECT_NEAR(sum, 1, 1e-6);
  }
}

TEST(Trees, WhatCannotBeRunIsRefusedWithTheReason) {
  const auto linear = load_bytes(bytes_of(kData / "refused_linear.txt"), "");
  ASSERT_FALSE(linear);
  EXPECT_EQ(linear.error().code, Code::unimplemented);
  EXPECT_NE(linear.error().message.find("linear_tree"), std::string::npos);

  auto custom = bytes_of(kData / "xgb_squared.json");
  const std::string name = "reg:squarederror";
  for (auto at = custom.find(name); at != std::string::npos; at = custom.find(name)) {
    custom.replace(at, name.size(), "my:own");
  }
  EXPECT_NE(load_bytes(custom, "").error().message.find("'my:own'"), std::string::npos);
  EXPECT_FALSE(load_bytes("binf\x01\x02", ""));
  EXPECT_FALSE(load_bytes("", ""));
}

// A tree of our own format with the given children.
std::string small(const std::string& left, const std::string& right, const std::string& feature) {
  return R"({"format": "slipway-trees", "features": 2, "outputs": 1, "trees": [{"feature": [)" +
         feature + R"(], "below": [0.5, 0.5, 0.5], "left": [)" + left + R"(], "right": [)" + right +
         R"(], "missing_left": [0, 0, 0], "value": [0, 1, 2]}]})";
}

TEST(Trees, NodesThatMakeNoTreeAreRefused) {
  ASSERT_TRUE(load_bytes(small("1,-1,-1", "2,-1,-1", "1,0,0"), ""));
  EXPECT_NE(load_bytes(small("1,0,-1", "2,2,-1", "1,0,0"), "").error().message.find("leads back"),
            std::string::npos);
  EXPECT_NE(load_bytes(small("1,-1,-1", "1,-1,-1", "1,0,0"), "").error().message.find("leads back"),
            std::string::npos);
  EXPECT_NE(load_bytes(small("1,-1,-1", "9,-1,-1", "1,0,0"), "").error().message.find("not there"),
            std::string::npos);
  EXPECT_NE(load_bytes(small("1,-1,-1", "2,-1,-1", "7,0,0"), "").error().message.find("feature 7"),
            std::string::npos);
  EXPECT_FALSE(load_bytes(small("1,-1", "2,-1,-1", "1,0,0"), ""));
  EXPECT_FALSE(load_bytes(std::string(200'000, '['), ""));
  EXPECT_FALSE(load_bytes("{\"a\":" + std::string(200'000, '['), ""));
}

TEST(Trees, EveryTruncationAndManyDamagesAreErrorsNeverCrashes) {
  std::mt19937 random(5);
  for (const auto* file : {"xgb_softprob.ubj", "xgb_categories_1.json", "lgb_categories.txt"}) {
    const auto whole = bytes_of(kData / file);
    // Behind its trees LightGBM repeats what it was told; nobody misses that.
    const auto needed = std::min(whole.size(), whole.find("end of trees"));
    for (std::size_t keep = 0; keep < needed; keep += 1 + keep / 64) {
      EXPECT_FALSE(load_bytes(whole.substr(0, keep), "")) << file << " cut at " << keep;
    }
    for (int i = 0; i < 300; ++i) {
      auto damaged = whole;
      for (int edits = 0; edits < 4; ++edits) {
        damaged[random() % damaged.size()] = static_cast<char>(random());
      }
      const auto model = load_bytes(damaged, "");
      if (!model) continue;
      const auto& input = (*model)->signature().inputs.front();
      (void)(*model)->run({Tensor::make("input", input.dtype, {3, input.shape[1]})}).ok();
    }
  }
}

TEST(Trees, OnlyFilesInsideTheFolderAreRead) {
  const auto backend = make_backend();
  serving::Package package{.model = "m", .version = "1", .folder = kData};
  EXPECT_FALSE(backend->can_load(package));
  package.flavor_settings = {{"xgboost", {{"data", "../trees.cc"}}}};
  EXPECT_TRUE(backend->can_load(package));
  EXPECT_NE(backend->load(package).error().message.find("not in the model folder"),
            std::string::npos);
  package.flavor_settings = {{"xgboost", {{"data", "xgb_squared.json"}}}};
  EXPECT_TRUE(backend->load(package));
  package.flavor_settings = {{"lightgbm", {{"model_class", "lightgbm.sklearn.LGBMClassifier"}}}};
  EXPECT_FALSE(backend->can_load(package));
}

}  // namespace
}  // namespace slipway::drivers::trees
