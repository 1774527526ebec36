// SPDX-License-Identifier: Apache-2.0
// Datasets, their versions, and the lines between them: what a version is made of.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::data {

using Md5 = std::array<unsigned char, 16>;
std::string hex_of(const Md5& md5);                   // 32 lower-case digits
std::optional<Md5> md5_of_hex(std::string_view hex);  // such digits and nothing else
constexpr Md5 kNoMd5{};                               // of what was not hashed

// One file of a version. `path` is relative to the dataset's root with / between segments, or empty
// when the dataset is a single file. `md5` is of the content.
struct Entry {
  std::string path;
  Md5 md5{};
  std::uint64_t size = 0;
  bool executable = false;
  bool operator==(const Entry&) const = default;
};

// An immutable list of content hashes, sorted by path (byte order of UTF-8).
struct Manifest {
  bool folder = false;
  std::vector<Entry> entries;
  std::vector<std::string> dangling;  // symbolic links to nothing: no part of the content
  std::uint64_t size() const;         // bytes, all files together
  bool operator==(const Manifest&) const = default;
};

// Told while long work goes on: files and bytes done so far, of how many (0: not known yet).
struct Progress {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::uint64_t total_files = 0;
  std::uint64_t total_bytes = 0;
};
using OnProgress = std::function<void(const Progress&)>;  // from any thread, one call at a time

}  // namespace slipway::data
