// SPDX-License-Identifier: Apache-2.0
#include "drivers/onnx/onnx.h"

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/protobuf_write.h"
#include "graph_check.h"
#include "runtime.h"
#include "session.h"

namespace slipway::drivers::onnx {
namespace {

namespace fs = std::filesystem;
using serving::DType;
using serving::Shape;
using serving::Tensor;
using serving::Tensors;

const fs::path kData = SLIPWAY_ONNX_TESTDATA;

std::string bytes_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

class OnnxTest : public ::testing::Test {
 protected:
  OnnxTest() {
    folder_ = fs::temp_directory_path() / ("slipway-onnx-" + std::to_string(::getpid()));
    fs::create_directories(folder_);
  }
  ~OnnxTest() override { fs::remove_all(folder_); }

  Result<std::unique_ptr<serving::LoadedModel>> load(const fs::path& file) {
    return backend_->load(
        {.model = "m", .version = "1", .folder = file.parent_path(), .model_file = file});
  }
  fs::path write(const std::string& name, const std::string& bytes) {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return folder_ / name;
  }

  fs::path folder_;
  std::unique_ptr<serving::ModelBackend> backend_ = make_backend({.library = SLIPWAY_ONNX_LIBRARY});
};

Tensor floats(const std::string& name, Shape shape, const std::vector<float>& values) {
  auto out = Tensor::make(name, DType::fp32, std::move(shape));
  std::copy(values.begin(), values.end(), static_cast<float*>(out.mutable_data()));
  return out;
}

TEST_F(OnnxTest, RunsAGraphOfNumbers) {
  const auto model = load(kData / "linear.onnx");
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ((*model)->signature().inputs[0].shape, (Shape{-1, 3}));
  EXPECT_EQ((*model)->signature().outputs[1].dtype, DType::int64);

  const auto out = (*model)->run({floats("X", {2, 3}, {1, 2, 3, 4, 5, 6})});

  ASSERT_TRUE(out) << out.error().message;
  EXPECT_EQ((*out)[0].values<float>()[0], 10.5F);
  EXPECT_EQ((*out)[0].values<float>()[3], 10.0F);
  EXPECT_EQ((*out)[1].values<std::int64_t>()[1], 0);
}

TEST_F(OnnxTest, TakesAndGivesTexts) {
  const auto model = load(kData / "mixed.onnx");
  ASSERT_TRUE(model) << model.error().message;

  const auto out = (*model)->run(
      {Tensor::of_texts("carrier", {3}, {"UA", "", "\xC3\xA9"}), floats("delay", {3}, {1, 2, 3})});

  ASSERT_TRUE(out) << out.error().message;
  EXPECT_EQ((*out)[0].values<float>()[0], 3);
  EXPECT_EQ((*out)[0].values<float>()[2], 3);
  EXPECT_EQ((*out)[1].texts()[0], "UA");
  EXPECT_EQ((*out)[1].texts()[1], "");
  EXPECT_EQ((*out)[1].texts()[2], "\xC3\xA9");
}

TEST_F(OnnxTest, AListOfMapsIsATableWithLabels) {
  const auto model = load(kData / "zipmap.onnx");
  ASSERT_TRUE(model) << model.error().message;

  const auto out = (*model)->run({floats("p", {2, 2}, {0.25, 0.75, 0.5, 0.5})});

  ASSERT_TRUE(out) << out.error().message;
  EXPECT_EQ((*out)[0].shape(), (Shape{2, 2}));
  EXPECT_EQ(*(*out)[0].labels, (std::vector<std::string>{"no", "yes"}));
  EXPECT_EQ((*out)[0].values<float>()[1], 0.75F);
}

TEST_F(OnnxTest, AnswersOutliveTheModel) {
  auto model = *load(kData / "linear.onnx");
  const auto out = model->run({floats("X", {1, 3}, {1, 1, 1})});
  model.reset();

  EXPECT_EQ((*out)[0].values<float>()[0], 4.5F);
}

TEST_F(OnnxTest, WeightsInsideTheFolderAreLoadedOutsideRefused) {
  write("external.onnx", bytes_of(kData / "external.onnx"));
  write("weights.bin", bytes_of(kData / "weights.bin"));
  write("escape.onnx", bytes_of(kData / "escape.onnx"));

  const auto inside = load(folder_ / "external.onnx");
  const auto outside = load(folder_ / "escape.onnx");

  ASSERT_TRUE(inside) << inside.error().message;
  EXPECT_EQ((*(*inside)->run({floats("X", {1, 2}, {1, 1})}))[0].values<float>()[0], 5);
  ASSERT_FALSE(outside);
  EXPECT_EQ(outside.error().message,
            "external data '../../weights.bin' lies outside the model folder");
}

TEST_F(OnnxTest, ALinkOutOfTheFolderIsRefused) {
  write("external.onnx", bytes_of(kData / "external.onnx"));
  fs::create_symlink(kData / "weights.bin", folder_ / "weights.bin");

  const auto model = load(folder_ / "external.onnx");

  ASSERT_FALSE(model);
  EXPECT_NE(model.error().message.find("outside"), std::string::npos);
}

TEST_F(OnnxTest, MissingAndShortWeightsAreNamed) {
  write("external.onnx", bytes_of(kData / "external.onnx"));
  EXPECT_EQ(load(folder_ / "external.onnx").error().message,
            "external data 'weights.bin' is missing from the model folder");
  write("weights.bin", "1234");
  EXPECT_EQ(load(folder_ / "external.onnx").error().message,
            "external data 'weights.bin' is shorter than the graph says");
}

TEST_F(OnnxTest, EveryTruncationIsAnErrorNeverACrash) {
  const auto whole = bytes_of(kData / "mixed.onnx");
  int loaded = 0;
  for (std::size_t keep = 0; keep < whole.size(); ++keep) {
    const auto model = load(write("cut.onnx", whole.substr(0, keep)));
    loaded += model ? 1 : 0;
  }
  // Protobuf has no length of the whole: without the last operator set the rest is a valid graph.
  EXPECT_LE(loaded, 1);
}

TEST_F(OnnxTest, DamagedFilesNeverCrash) {
  const auto whole = bytes_of(kData / "linear.onnx");
  std::mt19937 random(3);
  for (int i = 0; i < 400; ++i) {
    auto damaged = whole;
    for (int edits = 0; edits < 3; ++edits) {
      damaged[random() % damaged.size()] = static_cast<char>(random());
    }
    const auto model = load(write("damaged.onnx", damaged));
    if (model) (void)(*model)->run({floats("X", {1, 3}, {1, 1, 1})});
  }
}

TEST(GraphCheck, AGraphIsSteadyWhenItsTimeFollowsFromTheSizesOfItsInputs) {
  const auto model_of = [](const std::string& node) {
    std::string graph;
    put_bytes(graph, 1, node);
    std::string model;
    put_bytes(model, 7, graph);
    return model;
  };
  const auto is_steady = [&](const std::string& operation, int attribute_of_graph = 0) {
    std::string node;
    put_bytes(node, 4, operation);
    if (attribute_of_graph != 0) {
      std::string attribute;
      put_bytes(attribute, static_cast<std::uint32_t>(attribute_of_graph), std::string());
      put_bytes(node, 5, attribute);
    }
    return check_graph(model_of(node), "/tmp").value().is_steady;
  };
  EXPECT_TRUE(is_steady("MatMul"));
  EXPECT_FALSE(is_steady("Range"));
  EXPECT_FALSE(is_steady("Tile"));
  EXPECT_FALSE(is_steady("Loop", 6));
  EXPECT_FALSE(is_steady("Own", 11));
}

TEST_F(OnnxTest, ForeignFilesAreRefused) {
  EXPECT_EQ(load(write("x.onnx", "")).error().message, "the ONNX file is empty");
  EXPECT_FALSE(load(write("x.onnx", "not a model")));
  EXPECT_FALSE(load(write("x.onnx", std::string(100'000, '\x3A'))));
  EXPECT_EQ(load(folder_ / "none.onnx").error().code, Code::not_found);
  EXPECT_FALSE(load(folder_));
}

TEST_F(OnnxTest, AGraphThatEndsOrHoldsTheProcessThatTriesItIsRefused) {
  const auto load_by = [&](const std::string& script) {
    const auto prober = write("prober", "#!/bin/sh\n" + script + "\n");
    fs::permissions(prober, fs::perms::owner_all);
    auto backend =
        make_backend({.library = SLIPWAY_ONNX_LIBRARY, .prober = prober, .probe_seconds = 1});
    const auto file = kData / "linear.onnx";
    return backend->load({.folder = kData, .model_file = file});
  };

  const auto crashed = load_by("kill -SEGV $$");
  const auto hung = load_by("exec sleep 60");
  const auto refused = load_by("echo 'error: it wants too much'; exit 1");

  EXPECT_NE(crashed.error().message.find("signal 11"), std::string::npos);
  EXPECT_EQ(hung.error().message, "the ONNX graph was not loaded within 1 s");
  EXPECT_EQ(refused.error().message, "it wants too much");
  EXPECT_TRUE(load_by("exit 0"));
}

Tensor size_of_it(std::int64_t n) {
  auto out = Tensor::make("size", DType::int64, {1});
  static_cast<std::int64_t*>(out.mutable_data())[0] = n;
  return out;
}

constexpr std::int64_t kMillion = 1 << 20;  // numbers of 4 bytes

TEST_F(OnnxTest, ARunTakesAsMuchMemoryAsItMay) {
  backend_ = make_backend({.library = SLIPWAY_ONNX_LIBRARY, .run_mib = 64});
  const auto model = load(kData / "swell.onnx");  // two tensors of that size on the way
  ASSERT_TRUE(model) << model.error().message;

  const auto modest = (*model)->run({size_of_it(4 * kMillion)});
  const auto greedy = (*model)->run({size_of_it(12 * kMillion)});
  const auto absurd = (*model)->run({size_of_it(std::int64_t{1} << 40)});

  ASSERT_TRUE(modest) << modest.error().message;
  EXPECT_EQ((*modest)[0].values<float>()[0], 4.0F * kMillion);
  for (const auto* refused : {&greedy, &absurd}) {
    ASSERT_FALSE(*refused);
    EXPECT_EQ(refused->error().code, Code::failed_precondition);
    EXPECT_NE(refused->error().message.find("64 MiB"), std::string::npos)
        << refused->error().message;
    EXPECT_NE(refused->error().hint.find("--onnx-memory"), std::string::npos);
  }
  EXPECT_TRUE((*model)->run({size_of_it(4 * kMillion)})) << "what was refused is given back";
}

TEST_F(OnnxTest, AnAnswerIsAsLargeAsItMay) {
  backend_ = make_backend({.library = SLIPWAY_ONNX_LIBRARY, .run_mib = 64});
  const auto numbers = load(kData / "grow.onnx");
  const auto texts = load(kData / "babble.onnx");
  ASSERT_TRUE(numbers) << numbers.error().message;
  ASSERT_TRUE(texts) << texts.error().message;
  const auto say = [&](std::size_t length, std::int64_t n) {
    return (*texts)->run(
        {Tensor::of_texts("text", {1}, {std::string(length, 'x')}), size_of_it(n)});
  };

  EXPECT_TRUE((*numbers)->run({size_of_it(4 * kMillion)}));
  const auto large = (*numbers)->run({size_of_it(8 * kMillion)});
  EXPECT_TRUE(say(1'000, 1'000));
  const auto long_one = say(1'000'000, 20);

  for (const auto* refused : {&large, &long_one}) {
    ASSERT_FALSE(*refused);
    EXPECT_NE(refused->error().message.find("at most 16 MiB"), std::string::npos)
        << refused->error().message;
  }
}

TEST_F(OnnxTest, AnAnswerThatIsKeptIsNotTheNextRunsMemory) {
  backend_ = make_backend({.library = SLIPWAY_ONNX_LIBRARY, .run_mib = 64});
  const auto model = load(kData / "grow.onnx");
  std::vector<Result<Tensors>> kept;
  for (int i = 0; i < 8; ++i) kept.push_back((*model)->run({size_of_it(4 * kMillion)}));
  for (const auto& one : kept) EXPECT_TRUE(one);
}

TEST_F(OnnxTest, AGpuThatIsWantedAndCannotBeUsedIsAnErrorOrTheCpu) {
  struct One : Devices {
    std::vector<Device> list() override {
      return {{.total_bytes = 1ULL << 36, .free_bytes = 1ULL << 35}};
    }
    std::string reason() const override { return {}; }
  };
  const auto load_on = [&](Preference preference) {
    auto backend = make_backend({.library = SLIPWAY_ONNX_LIBRARY,
                                 .device = preference,
                                 .devices = std::make_shared<One>()});
    return backend->load({.folder = kData, .model_file = kData / "linear.onnx"});
  };

  const auto wanted = load_on(Preference::cuda);  // the library of these tests is for CPUs

  ASSERT_FALSE(wanted);
  EXPECT_EQ(wanted.error().code, Code::failed_precondition);
  EXPECT_NE(wanted.error().message.find("has no CUDA provider"), std::string::npos);
  EXPECT_NE(wanted.error().hint.find("onnxruntime-gpu"), std::string::npos);
  const auto either = load_on(Preference::automatic);
  ASSERT_TRUE(either) << either.error().message;
  EXPECT_EQ((*(*either)->run({floats("X", {1, 3}, {1, 1, 1})}))[0].values<float>()[0], 4.5F);
}

TEST_F(OnnxTest, ALibraryThatRefusesCudaSaysSo) {
  const auto runtime = Runtime::open(SLIPWAY_ONNX_LIBRARY, 1);
  ASSERT_TRUE(runtime);

  const auto session = Session::load(**runtime, kData / "linear.onnx", 0);

  ASSERT_FALSE(session);
  EXPECT_NE(session.error().message.find("CUDA"), std::string::npos) << session.error().message;
}

TEST_F(OnnxTest, OnlyOnnxFilesAreItsBusiness) {
  EXPECT_TRUE(backend_->can_load({.model_file = "model.onnx"}));
  EXPECT_FALSE(backend_->can_load({.model_file = "model.pkl"}));
  EXPECT_FALSE(backend_->can_load({.model_file = ""}));
}

}  // namespace
}  // namespace slipway::drivers::onnx
