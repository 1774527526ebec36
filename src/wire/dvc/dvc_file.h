// SPDX-License-Identifier: Apache-2.0
// A .dvc pointer file: which content stands at which path.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/data.h"

namespace slipway::wire::dvc {

struct Output {
  std::string path;  // as written, relative to the pointer's folder (and wdir)
  std::string md5;   // 32 hex, with .dir behind a folder's; empty when there is none yet
  std::optional<std::uint64_t> size;
  std::optional<std::uint64_t> nfiles;  // folders only
  bool executable = false;
  bool current_hash = true;  // `hash: md5`, DVC 3; without it the md5 is of text with LF line ends
  bool cached = true;        // `cache: false` keeps the content out of the cache

  bool folder() const { return md5.ends_with(".dir"); }
};

struct DvcFile {
  std::string wdir;  // relative to the pointer's folder; empty: that folder
  bool frozen = false;
  bool has_deps = false;  // an import, not plain data
  std::vector<Output> outs;
};

// The schema is closed: an unknown key, a bad type or a path that leaves its folder is refused with
// its line. `name` is for messages.
Result<DvcFile> parse_dvc_file(std::string_view text, const std::string& name);

// A fresh pointer with one output.
std::string write_dvc_file(const Output& out, const std::string& desc);

// `text` with the hash fields of output `index` changed and everything else - comments, order, user
// keys - left as it stands.
Result<std::string> update_dvc_file(const std::string& text, std::size_t index, const Output& out);

}  // namespace slipway::wire::dvc
