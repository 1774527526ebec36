// SPDX-License-Identifier: Apache-2.0
// DVC's configuration: what is read is written as it stood, and a change is read back and taken
// back without a trace.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "../../src/wire/dvc/config_file.h"
#include "../../src/wire/dvc/settings.h"

namespace dvc = slipway::wire::dvc;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  auto file = dvc::ConfigFile::parse(text, "config");
  dvc::Settings settings;
  if (dvc::parse_settings(text, "config", settings).ok() != file.ok()) std::abort();
  if (!file) return 0;
  const auto written = file->text();
  if (written != text && written != text + "\n") std::abort();
  (void)dvc::resolved(settings, "/repo/.dvc/config");
  const bool had = file->has("remote.added");
  file->set("remote.added", "url", "s3://bucket/a,b");
  const auto again = dvc::ConfigFile::parse(file->text(), "config");
  if (!again || again->get("remote.added", "url") != "s3://bucket/a,b") std::abort();
  if (had) return 0;
  if (!file->unset("remote.added", "url") || file->text() != written) std::abort();
  return 0;
}
