// SPDX-License-Identifier: Apache-2.0
// What an inference request costs besides the model and the socket: body to tensors, tensors to
// body. Build and run with bench/inference.sh.
#include <memory>
#include <string>

#include <benchmark/benchmark.h>

#include "../src/wire/oip/answer.h"
#include "../src/wire/oip/request.h"
#include "../src/wire/scoring/payload.h"
#include "../src/wire/scoring/predictions.h"

namespace {

using namespace slipway;  // NOLINT: one short program
using serving::DType;
using serving::Tensor;
using serving::Tensors;

// One row of 64 pixels with a decimal each, as clients write them.
std::string pixels(int rows) {
  std::string out;
  for (int i = 0; i < rows * 64; ++i) {
    out += (i == 0 ? "" : ",") + std::to_string(i % 17) + "." + std::to_string(i % 10);
  }
  return out;
}

std::string infer_body(int rows) {
  return R"({"id":"1","inputs":[{"name":"pixels","shape":[)" + std::to_string(rows) +
         R"(,64],"datatype":"FP32","data":[)" + pixels(rows) + "]}]}";
}

void parse_infer(benchmark::State& state) {
  const auto body =
      std::make_shared<const std::string>(infer_body(static_cast<int>(state.range())));
  for (auto _ : state) {
    auto parsed = wire::oip::parse_infer(*body, {}, body);
    if (!parsed) state.SkipWithError("refused");
    benchmark::DoNotOptimize(parsed);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(body->size()) * state.iterations());
}
BENCHMARK(parse_infer)->Arg(1)->Arg(32)->Arg(1024);

void write_answer(benchmark::State& state) {
  auto scores = Tensor::make("probabilities", DType::fp32, {state.range(), 10});
  for (std::size_t i = 0; i < scores.count(); ++i) {
    static_cast<float*>(scores.mutable_data())[i] = 1.0F / static_cast<float>(i + 3);
  }
  const wire::oip::InferBody body{.id = "1"};
  const wire::oip::SharedMemory regions;
  const std::string model = "digits";
  const std::string version = "1";
  const Tensors outputs{scores};
  for (auto _ : state) {
    auto answer = wire::oip::write_answer({body, model, version, outputs, regions});
    benchmark::DoNotOptimize(answer);
  }
}
BENCHMARK(write_answer)->Arg(1)->Arg(32)->Arg(1024);

// A row of 17 named columns, some of them texts, as the flights have.
void parse_records(benchmark::State& state) {
  serving::Signature signature;
  std::string row = "{";
  for (int i = 0; i < 17; ++i) {
    const std::string name = "column_" + std::to_string(i);
    signature.inputs.push_back(
        {.name = name, .dtype = i < 3 ? DType::bytes : DType::fp32, .shape = {-1}});
    row += (i == 0 ? "\"" : ",\"") + name + "\":" + (i < 3 ? "\"UA\"" : "12.25");
  }
  row += "}";
  std::string body = R"({"dataframe_records":[)";
  for (int i = 0; i < state.range(); ++i) body += (i == 0 ? "" : ",") + row;
  body += "]}";
  const auto layout = serving::FrameLayout::of(signature, {});
  for (auto _ : state) {
    auto parsed = wire::scoring::parse_json(body, layout, false);
    if (!parsed) state.SkipWithError("refused");
    benchmark::DoNotOptimize(parsed);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(body.size()) * state.iterations());
}
BENCHMARK(parse_records)->Arg(1)->Arg(32)->Arg(1024);

}  // namespace

BENCHMARK_MAIN();
