// SPDX-License-Identifier: Apache-2.0
#include "conversion.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>
#include <utility>

#include "base/hash.h"
#include "base/log.h"
#include "base/text.h"
#include "conversion_answers.h"
#include "conversion_queue.h"
#include "json/value.h"

namespace slipway::app {
namespace {

namespace fs = std::filesystem;
using drivers::python::Conversion;
using serving::LoadedModel;
using serving::Package;
using serving::Tensor;
using serving::Tensors;

constexpr int kFormat = 2;  // of verdict.json
constexpr const char* kKinds[] = {"slipway_trees", "onnx", "onnx_floats"};
constexpr const char* kMaker = "skl2onnx>=1.17";

Error refused(const std::string& why) {
  return {Code::unimplemented, "it was not converted: " + why, {}};
}

std::string words_of(const Converter::Verdict& verdict) {
  if (verdict.kind.empty()) return "python: not converted, " + verdict.why;
  const std::string kind = verdict.kind == "onnx" ? "ONNX" : "trees";
  return "converted to " + kind + ", equal on " + std::to_string(verdict.rows) +
         " examples (largest difference " + number_text(verdict.apart) + ")";
}

std::string text_of(const Converter::Verdict& verdict) {
  return json::dump_value(json::object{{"format", kFormat},
                                       {"kind", verdict.kind},
                                       {"file", verdict.file},
                                       {"why", verdict.why},
                                       {"type", verdict.type},
                                       {"axes", verdict.axes},
                                       {"examples", verdict.rows},
                                       {"largest_difference", verdict.apart}});
}

Result<Tensors> inputs_of(const serving::Signature& signature, const Tensors& examples) {
  Tensors out;
  for (const auto& spec : signature.inputs) {
    const auto found = std::find_if(examples.begin(), examples.end(),
                                    [&](const Tensor& tensor) { return tensor.name == spec.name; });
    if (found == examples.end()) return invalid("there are no examples of " + spec.name);
    out.push_back(spec.any_number ? serving::converted(*found, spec.dtype) : *found);
    if (out.back().dtype() != spec.dtype) return invalid("the examples of " + spec.name);
  }
  return out;
}

class ConvertingBackend : public serving::ModelBackend {
 public:
  ConvertingBackend(Converter& converter, ConversionQueue* queue, const std::atomic<int>& patience)
      : converter_(converter), queue_(queue), patience_ms_(patience) {}

  std::string_view name() const override { return "converted"; }
  std::string_view platform() const override { return "mlflow_converted"; }
  bool can_load(const Package& package) const override { return converter_.concerns(package); }

  Result<std::unique_ptr<LoadedModel>> load(const Package& package) override {
    auto known = converter_.known(package);
    if (!known && queue_ != nullptr) {
      const auto number = parse_int(package.version);
      if (!number) return refused("it has no number");
      const registry::VersionRef ref{package.model, *number};
      SW_CHECK_OK(queue_->want(ref));
      queue_->wait_for(ref, patience_ms_);
      known = converter_.known(package);
      if (!known) return refused("it is still tried, or could not be tried");
    }
    if (!known) {
      auto converted = converter_.convert(package);
      if (!converted) return refused(converted.error().message);
      known = *std::move(converted);
    }
    if (known->kind.empty()) return refused(known->why);
    auto model = converter_.open(package, *known);
    if (model) return model;
    // The file was fine once; Python still is.
    log::warn(
        "conversion.not_opened",
        {{"model", package.model}, {"version", package.version}, {"why", model.error().message}});
    return refused(model.error().message);
  }

 private:
  Converter& converter_;
  ConversionQueue* const queue_;
  const std::atomic<int>& patience_ms_;
};

}  // namespace

bool Converter::concerns(const Package& package) const {
  if (!parts_.python.can_load(package)) return false;
  return std::any_of(package.flavor_settings.begin(), package.flavor_settings.end(),
                     [](const serving::Flavor& flavor) {
                       return flavor.name == "sklearn" ||
                              (flavor.name == "lightgbm" &&
                               flavor.value("model_class") != "lightgbm.basic.Booster");
                     });
}

std::string Converter::home_of(const Package& package) const {
  const auto key = sha256_hex(package.model + "\n" + package.version + "\n" + package.folder);
  return fs::absolute(fs::path(parts_.folder) / key.substr(0, 24)).string();
}

std::optional<Converter::Verdict> Converter::known(const Package& package) const {
  const auto home = home_of(package);
  std::ifstream in(fs::path(home) / "verdict.json");
  std::ostringstream text;
  text << in.rdbuf();
  const auto value = json::parse_value(text.str());
  if (!value || json::int_at(*value, "format") != kFormat) return std::nullopt;
  Verdict out{.kind = json::text_at(*value, "kind").value_or(""),
              .file = json::text_at(*value, "file").value_or(""),
              .why = json::text_at(*value, "why").value_or(""),
              .type = json::text_at(*value, "type").value_or(""),
              .axes = json::int_at(*value, "axes").value_or(1)};
  std::error_code failed;
  if (!out.kind.empty() && !fs::exists(fs::path(home) / out.file, failed)) return std::nullopt;
  return out;
}

Result<Converter::Verdict> Converter::convert(const Package& package) {
  const auto home = home_of(package);
  std::error_code failed;
  fs::create_directories(home, failed);
  SW_TRY(const auto verdict, attempt(package, home));
  SW_CHECK_OK(keep(package, verdict));
  return verdict;
}

Result<void> Converter::give_up(const Package& package, const std::string& why) {
  return keep(package, {.why = why});
}

// Whole or not at all, so that a server that is killed meanwhile finds the old one or none.
Result<void> Converter::keep(const Package& package, const Verdict& verdict) {
  const auto home = home_of(package);
  std::error_code failed;
  fs::create_directories(home, failed);
  const auto path = fs::path(home) / "verdict.json";
  const auto fresh = path.string() + ".new";
  std::ofstream out(fresh);
  out << text_of(verdict);
  out.close();
  if (out) fs::rename(fresh, path, failed);
  if (!out || failed)
    return unavailable("cannot write '" + path.string() + "'", "is the disk full?");
  parts_.verdict(package, words_of(verdict));
  return {};
}

Result<std::unique_ptr<LoadedModel>> Converter::open(const Package& package,
                                                     const Verdict& verdict) {
  const auto file = fs::path(home_of(package)) / verdict.file;
  const bool graph = verdict.kind == "onnx";
  Package converted = package;
  converted.folder = file.parent_path().string();
  converted.model_file = graph ? file.string() : "";
  converted.flavor_settings = {{verdict.kind, {{"data", file.filename().string()}}}};
  SW_TRY(auto model, (graph ? parts_.onnx : parts_.trees).load(converted));
  if (!graph) return model;
  return as_the_model_answers(std::move(model), verdict.type, verdict.axes);
}

Result<Converter::Verdict> Converter::attempt(const Package& package, const std::string& home) {
  Verdict out;
  const auto because = [&](const std::string& why) {
    out.why += (out.why.empty() ? "" : "; ") + why;
  };
  // Where skl2onnx cannot be beside what the version requires, there may still be trees.
  auto maker = parts_.python.open_maker(package, kMaker);
  if (!maker) maker = parts_.python.open_maker(package, {});
  if (!maker) return std::move(maker.error());
  for (const std::string kind : kKinds) {
    const bool graph = kind != "slipway_trees";
    const auto made = (*maker)->make(kind, home);
    if (!made) return made.error();
    if (made->kind.empty()) {
      if (kind != "onnx_floats") because(made->why);
      continue;
    }
    const auto& answers = made->answers.front();
    Verdict verdict{.kind = made->kind,
                    .file = fs::path(made->file).filename().string(),
                    .type = std::string(serving::name_of(answers.dtype())),
                    .axes = static_cast<std::int64_t>(answers.shape().size()),
                    .rows = answers.rows()};
    const auto apart = compare(package, verdict, *made);
    if (apart && *apart <= (graph ? kOfGraphs : kOfTrees)) {
      verdict.apart = *apart;
      return verdict;
    }
    if (!apart && apart.error().code == Code::unavailable) return apart.error();
    because(kind + ": " +
            (apart ? "its answers differ by " + number_text(*apart) : apart.error().message));
  }
  return out;
}

Result<double> Converter::compare(const Package& package, const Verdict& verdict,
                                  const Conversion& made) {
  SW_TRY(const auto model, open(package, verdict));
  SW_TRY(const auto inputs, inputs_of(model->signature(), made.examples));
  SW_TRY(const auto answers, model->run(inputs));
  double apart = difference(answers.front(), made.answers.front());
  for (const auto& wanted : made.answers) {
    if (wanted.name == "predictions") continue;
    const auto found = std::find_if(answers.begin(), answers.end(),
                                    [&](const Tensor& each) { return each.name == wanted.name; });
    if (found == answers.end()) return invalid("it does not answer " + wanted.name);
    apart = std::max(apart, difference(*found, wanted));
  }
  return apart;
}

std::unique_ptr<serving::ModelBackend> make_converting_backend(
    Converter& converter, ConversionQueue* queue, const std::atomic<int>& patience_ms) {
  return std::make_unique<ConvertingBackend>(converter, queue, patience_ms);
}

}  // namespace slipway::app
