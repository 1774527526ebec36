// SPDX-License-Identifier: Apache-2.0
#include "wire/dvc/content.h"

#include <filesystem>

#include "blob/atomic_file.h"
#include "data/scan.h"
#include "dvc_file.h"
#include "ignore.h"
#include "state.h"

namespace slipway::wire::dvc {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPointerLimit = 1 << 20;

// The nearest folder with .dvc; empty outside of a repository.
std::string root_of(const fs::path& path) {
  std::error_code error;
  for (fs::path at = path.parent_path();; at = at.parent_path()) {
    if (fs::is_directory(at / ".dvc", error)) return at.string();
    if (at == at.parent_path()) return {};
  }
}

// What `pointer` records for `path`; empty when there is no such pointer or it is about other data.
Result<std::string> recorded_in(const fs::path& pointer, const fs::path& path) {
  std::error_code error;
  if (!fs::is_regular_file(pointer, error)) return std::string();
  SW_TRY(const auto text, blob::read_file(pointer.string(), kPointerLimit));
  SW_TRY(const auto file, parse_dvc_file(text, pointer.string()));
  const auto folder = (pointer.parent_path() / file.wdir).lexically_normal();
  for (const auto& out : file.outs) {
    if ((folder / out.path).lexically_normal() == path) return out.md5;
  }
  return std::string();
}

}  // namespace

struct Contents::Impl {
  data::StatCache stats{""};
};

Contents::Contents() : impl_(std::make_unique<Impl>()) {}
Contents::~Contents() = default;

Result<ContentIds> Contents::of(const std::string& where) {
  fs::path path = fs::path(where).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  ContentIds out;
  std::error_code error;
  if (path.extension() == ".dvc" && fs::is_regular_file(path, error)) {
    const fs::path data = path.parent_path() / path.stem();
    SW_TRY(out.recorded, recorded_in(path, data));
    return out;
  }
  SW_TRY(out.recorded, recorded_in(path.string() + ".dvc", path));
  if (!fs::exists(path, error)) return out;
  const auto root = root_of(path);
  IgnoreFiles ignored(root);
  const auto inside =
      root.empty() ? std::string() : fs::path(path).lexically_relative(root).string();
  const auto ignore = [&](const std::string& name, bool folder) {
    return !root.empty() && ignored.ignores(inside + "/" + name, folder);
  };
  SW_TRY(const auto manifest, data::scan(path.string(), ignore, impl_->stats));
  out.present = id_of(manifest);
  return out;
}

}  // namespace slipway::wire::dvc
