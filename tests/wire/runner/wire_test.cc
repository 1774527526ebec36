// SPDX-License-Identifier: Apache-2.0
// Every transcript under tests/wire is a test of its own, on a fresh platform in process.
#include <algorithm>
#include <filesystem>

#include <gtest/gtest.h>

#include "app/platform.h"
#include "app/routes.h"
#include "base/log.h"
#include "blob/atomic_file.h"
#include "transcript.h"

namespace slipway {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> transcripts() {
  std::vector<std::string> out;
  for (const auto& entry : fs::recursive_directory_iterator(TRANSCRIPTS)) {
    if (entry.path().extension() == ".http") out.push_back(entry.path().string());
  }
  std::sort(out.begin(), out.end());
  return out;
}

class WireTest : public ::testing::TestWithParam<std::string> {
 protected:
  WireTest() { log::configure(log::Level::error, log::Format::automatic); }
  ~WireTest() override {
    platform_.reset();
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  std::string folder_ = fs::temp_directory_path() / ("slipway_wire_" + system_ids().hex32());
  std::unique_ptr<app::Platform> platform_;
};

TEST_P(WireTest, TheServerAnswersAsWritten) {
  const auto text = blob::read_file(GetParam());
  ASSERT_TRUE(text);
  const auto exchanges = transcript::parse(*text);
  ASSERT_TRUE(exchanges) << exchanges.error().message;
  ASSERT_FALSE(exchanges->empty());
  app::Config config;
  config.data = folder_;
  auto platform = app::Platform::open(config, app::Mode::local);
  ASSERT_TRUE(platform) << platform.error().message;
  platform_ = *std::move(platform);
  net::Router router;
  net::GrpcRouter grpc;
  app::add_routes(router, grpc, *platform_);

  EXPECT_EQ(transcript::run(router, *exchanges), "") << GetParam();
}

INSTANTIATE_TEST_SUITE_P(Transcripts, WireTest, ::testing::ValuesIn(transcripts()),
                         [](const auto& info) {
                           auto name = fs::relative(info.param, TRANSCRIPTS).string();
                           for (auto& c : name)
                             c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
                           return name;
                         });

// The runner itself must be able to say no.
TEST(Transcript, ABodyThatDoesNotFitIsAComplaint) {
  transcript::Bindings b;
  EXPECT_EQ(transcript::mismatch(R"({"a": [1, ...], ...})", R"({"a":[1,2],"b":3})", b), "");
  EXPECT_NE(transcript::mismatch(R"({"a": [1]})", R"({"a":[1,2]})", b), "");
  EXPECT_NE(transcript::mismatch(R"({"a": 1})", R"({"a":1,"b":2})", b), "");
  EXPECT_NE(transcript::mismatch(R"({"a": 1, "b": 2})", R"({"a":1})", b), "");
  EXPECT_EQ(transcript::mismatch(R"({"m": /x.*y/})", R"({"m":"axxyb"})", b), "");
  EXPECT_NE(transcript::mismatch(R"({"m": /^x/})", R"({"m":"ax"})", b), "");
  EXPECT_EQ(transcript::mismatch(R"({"id": "<id>"})", R"({"id":"7"})", b), "");
  EXPECT_EQ(transcript::mismatch(R"({"id": "a/<id>"})", R"({"id":"a/7"})", b), "");
  EXPECT_NE(transcript::mismatch(R"({"id": "<id>"})", R"({"id":"8"})", b), "");
  EXPECT_NE(transcript::mismatch("{}", "no JSON", b), "");
  EXPECT_NE(transcript::mismatch("'text", "texts", b), "");
}

}  // namespace
}  // namespace slipway
