// SPDX-License-Identifier: Apache-2.0
// `slipway probe`: tries a model file in this process, so that a server need not risk its own.
#include "arguments.h"
#include "base/log.h"
#include "commands.h"
#include "drivers/onnx/onnx.h"

namespace slipway::cli {

int probe(const Args& args) {
  CLI::App command;
  std::string file;
  drivers::onnx::Options options;
  command.add_option("FILE", file, "an ONNX graph")->required();
  command.add_option("--onnxruntime", options.library, "path of libonnxruntime.so");
  if (const auto code = parse(command, "probe", args)) return *code;
  log::configure(log::Level::off, log::Format::text);
  if (const auto done = drivers::onnx::probe(file, options); !done) return fail(done.error());
  return kDone;
}

}  // namespace slipway::cli
