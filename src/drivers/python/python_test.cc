// SPDX-License-Identifier: Apache-2.0
// What can be said without Python: the memory that is shared with a worker, and what a model's
// folder says about its environment. Workers themselves: tests/clients/test_python_models.py.
#include "drivers/python/python.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "environment.h"
#include "tensors.h"
#include "worker.h"

namespace slipway::drivers::python {
namespace {

namespace fs = std::filesystem;
using serving::DType;
using serving::Tensor;

Tensor numbers() {
  auto out = Tensor::make("x", DType::fp64, {2, 2});
  for (int i = 0; i < 4; ++i) static_cast<double*>(out.mutable_data())[i] = i + 0.5;
  return out;
}

TEST(PythonMemory, TensorsComeBackAsTheyWent) {
  auto memory = std::make_shared<std::string>();
  const auto list =
      pack({Tensor::of_texts("t", {3}, {"a", "", "\xC3\xA9 long"}), numbers()}, *memory);

  const auto back = unpack(json::value(list), memory);

  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ((*back)[0].texts()[2], "\xC3\xA9 long");
  EXPECT_EQ((*back)[1].values<double>()[3], 3.5);
  EXPECT_EQ((*back)[1].shape(), (serving::Shape{2, 2}));
}

TEST(PythonMemory, AWorkersWordIsNotBelieved) {
  const auto memory = std::make_shared<const std::string>(64, '\xFF');
  for (const char* list :
       {R"([{"name":"x","datatype":"FP64","shape":[2],"at":0,"bytes":8}])",
        R"([{"name":"x","datatype":"FP64","shape":[9],"at":0,"bytes":72}])",
        R"([{"name":"x","datatype":"FP64","shape":[2],"at":60,"bytes":16}])",
        R"([{"name":"x","datatype":"FP64","shape":[-1],"at":0,"bytes":16}])",
        R"([{"name":"x","datatype":"FP64","shape":[4611686018427387904,4],"at":0,"bytes":0}])",
        R"([{"name":"x","datatype":"FP65","shape":[2],"at":0,"bytes":16}])",
        R"([{"name":"x","datatype":"BYTES","shape":[1],"at":0,"bytes":16}])",
        R"([{"name":"x","datatype":"FP64","shape":[2],"at":-8,"bytes":16}])", R"([1])", R"({})"}) {
    const auto parsed = json::parse_value(list);
    ASSERT_TRUE(parsed) << list;
    EXPECT_FALSE(unpack(*parsed, memory)) << list;
  }
}

TEST(PythonEnvironment, IsWhatTheFolderAsksFor) {
  const auto folder = fs::temp_directory_path() / ("slipway-python-" + std::to_string(::getpid()));
  fs::create_directories(folder);
  EXPECT_EQ(read_requirements(folder).error().code, Code::not_found);
  std::ofstream(folder / "requirements.txt") << "mlflow==3.1\n";
  std::ofstream(folder / "python_env.yaml") << "python: 3.11.2\nbuild_dependencies:\n- pip\n";

  const auto read = read_requirements(folder);

  ASSERT_TRUE(read);
  EXPECT_EQ(read->python, "3.11");
  EXPECT_EQ(read->lines, "mlflow==3.1\n");
  EXPECT_EQ(environment_of(*read, folder, "/nowhere/uv", "test.convert").error().message,
            "there is no uv at '/nowhere/uv'");
  fs::remove_all(folder);
}

TEST(PythonWorker, OneThatDoesNotStartSaysWhy) {
  const auto gone = Worker::start({.interpreter = "/nowhere/python", .script = "x", .folder = "."});
  ASSERT_FALSE(gone);
  EXPECT_NE(gone.error().message.find("/nowhere/python"), std::string::npos);

  const auto silent = Worker::start({.interpreter = "/bin/false", .script = "x", .folder = "."});
  ASSERT_FALSE(silent);
  EXPECT_NE(silent.error().message.find("exit code 1"), std::string::npos)
      << silent.error().message;
}

TEST(PythonBackend, TakesWhatHasAPythonFunction) {
  const auto backend = make_backend({.folder = "/tmp"});
  EXPECT_TRUE(backend->can_load({.flavor_settings = {{"python_function", {}}}}));
  EXPECT_FALSE(backend->can_load({.flavor_settings = {{"onnx", {}}}}));
}

}  // namespace
}  // namespace slipway::drivers::python
