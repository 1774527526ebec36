// SPDX-License-Identifier: Apache-2.0
// Versions that are pickles, run without Python where that gives the same answers.
//
// The Python process of such a version is asked for trees or an ONNX graph of it, and for rows with
// their answers. Only if the file gives the same answers is it used from then on; what was found
// is kept beside the file and told to `verdict`.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "drivers/python/python.h"
#include "serving/backend.h"

namespace slipway::app {

class ConversionQueue;

struct ConversionParts {
  std::string folder;
  serving::ModelBackend& trees;
  serving::ModelBackend& onnx;
  drivers::python::Backend& python;
  // A version and what became of it, in words.
  std::function<void(const serving::Package&, const std::string&)> verdict;
};

// Thread-safe. The parts must outlive it.
class Converter {
 public:
  // Numbers may differ by so much, relative above 1; whole numbers, texts and shapes not at all.
  static constexpr double kOfTrees = 1e-6;
  static constexpr double kOfGraphs = 1e-5;  // which compute in 32 bits here and there

  struct Verdict {
    std::string kind;  // "slipway_trees", "onnx"; empty: it stays in Python, and `why`
    std::string file;  // in the folder
    std::string why;
    std::string type;  // of the model's answers, as Python gives them
    std::int64_t axes = 1;
    std::int64_t rows = 0;
    double apart = 0;
  };

  explicit Converter(ConversionParts parts) : parts_(std::move(parts)) {}

  // Whether there may be a conversion.
  bool concerns(const serving::Package& package) const;
  std::optional<Verdict> known(const serving::Package& package) const;
  // An error only when Python itself could not be asked, which the next try may find otherwise.
  Result<Verdict> convert(const serving::Package& package);
  // It stays in Python.
  Result<void> give_up(const serving::Package& package, const std::string& why);
  Result<std::unique_ptr<serving::LoadedModel>> open(const serving::Package& package,
                                                     const Verdict& verdict);
  // Ends what `convert` is doing, or what it did in a process that was killed.
  void end() { parts_.python.end_conversions(); }

 private:
  std::string home_of(const serving::Package& package) const;
  Result<Verdict> attempt(const serving::Package& package, const std::string& home);
  Result<double> compare(const serving::Package& package, const Verdict& verdict,
                         const drivers::python::Conversion& made);
  Result<void> keep(const serving::Package& package, const Verdict& verdict);

  ConversionParts parts_;
};

// What is not converted is `unimplemented`, so that Python itself is asked next. Without a queue a
// version that is not known is converted at once; with one it joins the queue, and is waited for
// at most `patience_ms`.
std::unique_ptr<serving::ModelBackend> make_converting_backend(Converter& converter,
                                                               ConversionQueue* queue,
                                                               const std::atomic<int>& patience_ms);

}  // namespace slipway::app
