// SPDX-License-Identifier: Apache-2.0
#include "conversion.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>
#include <utility>

#include "base/hash.h"
#include "base/log.h"
#include "base/text.h"
#include "json/value.h"

namespace slipway::app {
namespace {

namespace fs = std::filesystem;
using drivers::python::Conversion;
using serving::DType;
using serving::LoadedModel;
using serving::Package;
using serving::Tensor;

constexpr double kTolerance = 1e-6;
constexpr const char* kKinds[] = {"slipway_trees", "onnx"};

// A graph answers labels and scores under names of its own; the model answers the first of them.
class FirstAnswer : public LoadedModel {
 public:
  explicit FirstAnswer(std::unique_ptr<LoadedModel> inner)
      : inner_(std::move(inner)), signature_(inner_->signature()) {
    auto& first = signature_.outputs.front();
    first.name = "predictions";
    first.bare = true;
    if (first.shape.size() == 2 && first.shape[1] == 1) first.shape.pop_back();
    for (auto& input : signature_.inputs) input.any_number = input.dtype == DType::fp64;
  }

  const serving::Signature& signature() const override { return signature_; }
  std::vector<serving::Column> columns() const override { return inner_->columns(); }
  Result<std::vector<Tensor>> run(const std::vector<Tensor>& inputs) override {
    SW_TRY(auto answers, inner_->run(inputs));
    auto& first = answers.front();
    if (first.shape().size() == 2 && first.shape()[1] == 1) first = first.reshaped({first.rows()});
    first.name = "predictions";
    return answers;
  }

 private:
  std::unique_ptr<LoadedModel> inner_;
  serving::Signature signature_;
};

// The largest difference, relative above 1; infinite when the two are not alike at all.
double difference(const Tensor& a, const Tensor& b) {
  constexpr double kNever = std::numeric_limits<double>::infinity();
  if (a.count() != b.count() || a.count() == 0) return kNever;
  if (a.dtype() == DType::bytes || b.dtype() == DType::bytes) {
    if (a.dtype() != b.dtype()) return kNever;
    return std::equal(a.texts().begin(), a.texts().end(), b.texts().begin()) ? 0 : kNever;
  }
  double most = 0;
  for (std::size_t i = 0; i < a.count(); ++i) {
    const double x = a.number_at(i);
    const double y = b.number_at(i);
    if (std::isnan(x) && std::isnan(y)) continue;
    const double apart = std::abs(x - y) / std::max(1.0, std::abs(y));
    if (!(apart <= kNever)) return kNever;
    most = std::max(most, apart);
  }
  return most;
}

class ConvertingBackend : public serving::ModelBackend {
 public:
  explicit ConvertingBackend(ConversionParts parts) : parts_(std::move(parts)) {}

  std::string_view name() const override { return "converted"; }
  std::string_view platform() const override { return "mlflow_converted"; }

  bool can_load(const Package& package) const override {
    if (!parts_.python.can_load(package)) return false;
    return std::any_of(package.flavor_settings.begin(), package.flavor_settings.end(),
                       [](const serving::Flavor& flavor) {
                         return flavor.name == "sklearn" ||
                                (flavor.name == "lightgbm" &&
                                 flavor.value("model_class") != "lightgbm.basic.Booster");
                       });
  }

  Result<std::unique_ptr<LoadedModel>> load(const Package& package) override {
    const auto home = home_of(package);
    auto known = read_verdict(home);
    if (!known) {
      SW_TRY(known, convert(package, home));
      SW_CHECK_OK(write_verdict(home, *known));
      parts_.verdict(package, words_of(*known));
    }
    if (known->kind.empty()) return refused(known->why);
    return open(package, known->kind, (fs::path(home) / known->file).string());
  }

 private:
  struct Verdict {
    std::string kind;
    std::string file;  // in the folder
    std::string why;
    std::int64_t rows = 0;
    double apart = 0;
  };

  static Error refused(const std::string& why) {
    return {Code::unimplemented, "it was not converted: " + why, {}};
  }

  static std::string words_of(const Verdict& verdict) {
    if (verdict.kind.empty()) return "python: not converted, " + verdict.why;
    const std::string kind = verdict.kind == "onnx" ? "ONNX" : "trees";
    return "converted to " + kind + ", equal on " + std::to_string(verdict.rows) +
           " examples (largest difference " + number_text(verdict.apart) + ")";
  }

  std::string home_of(const Package& package) const {
    const auto key = sha256_hex(package.model + "\n" + package.version + "\n" + package.folder);
    return fs::absolute(fs::path(parts_.folder) / key.substr(0, 24)).string();
  }

  Result<std::unique_ptr<LoadedModel>> open(const Package& package, const std::string& kind,
                                            const std::string& file) {
    Package converted = package;
    converted.folder = fs::path(file).parent_path().string();
    converted.model_file = kind == "onnx" ? file : "";
    converted.flavor_settings = {{kind, {{"data", fs::path(file).filename().string()}}}};
    auto& backend = kind == "onnx" ? parts_.onnx : parts_.trees;
    SW_TRY(auto model, backend.load(converted));
    if (kind != "onnx") return model;
    return std::unique_ptr<LoadedModel>(std::make_unique<FirstAnswer>(std::move(model)));
  }

  // An error only when Python itself could not be asked, which the next try may find otherwise.
  Result<Verdict> convert(const Package& package, const std::string& home) {
    Verdict out;
    std::error_code failed;
    fs::create_directories(home, failed);
    for (const char* kind : kKinds) {
      const auto made = parts_.python.convert(package, kind, home);
      if (!made) return refused(made.error().message);
      if (made->kind.empty()) {
        out.why += (out.why.empty() ? "" : "; ") + made->why;
        continue;
      }
      const auto apart = compare(package, *made);
      if (apart && *apart <= kTolerance) {
        return Verdict{.kind = made->kind,
                       .file = fs::path(made->file).filename().string(),
                       .rows = made->answers.rows(),
                       .apart = *apart};
      }
      out.why += (out.why.empty() ? "" : "; ") + std::string(kind) + ": " +
                 (apart ? "its answers differ by " + number_text(*apart) : apart.error().message);
    }
    return out;
  }

  Result<double> compare(const Package& package, const Conversion& made) {
    SW_TRY(const auto model, open(package, made.kind, made.file));
    std::vector<Tensor> inputs;
    for (const auto& spec : model->signature().inputs) {
      const auto found =
          std::find_if(made.examples.begin(), made.examples.end(),
                       [&](const Tensor& tensor) { return tensor.name == spec.name; });
      if (found == made.examples.end()) return invalid("there are no examples of " + spec.name);
      inputs.push_back(spec.any_number ? serving::converted(*found, spec.dtype) : *found);
      if (inputs.back().dtype() != spec.dtype) return invalid("the examples of " + spec.name);
    }
    SW_TRY(const auto answers, model->run(inputs));
    return difference(answers.front(), made.answers);
  }

  static std::optional<Verdict> read_verdict(const std::string& home) {
    std::ifstream in(fs::path(home) / "verdict.json");
    std::ostringstream text;
    text << in.rdbuf();
    const auto value = json::parse_value(text.str());
    if (!value) return std::nullopt;
    Verdict out{.kind = json::text_at(*value, "kind").value_or(""),
                .file = json::text_at(*value, "file").value_or(""),
                .why = json::text_at(*value, "why").value_or("")};
    std::error_code failed;
    if (!out.kind.empty() && !fs::exists(fs::path(home) / out.file, failed)) return std::nullopt;
    return out;
  }

  static Result<void> write_verdict(const std::string& home, const Verdict& verdict) {
    const auto path = fs::path(home) / "verdict.json";
    std::ofstream out(path);
    out << json::dump_value(json::object{{"kind", verdict.kind},
                                         {"file", verdict.file},
                                         {"why", verdict.why},
                                         {"examples", verdict.rows},
                                         {"largest_difference", verdict.apart}});
    out.close();
    if (!out) return unavailable("cannot write '" + path.string() + "'", "is the disk full?");
    return {};
  }

  ConversionParts parts_;
};

}  // namespace

std::unique_ptr<serving::ModelBackend> make_converting_backend(ConversionParts parts) {
  return std::make_unique<ConvertingBackend>(std::move(parts));
}

}  // namespace slipway::app
