// SPDX-License-Identifier: Apache-2.0
// .dvcignore: gitignore's grammar, one file a folder, deeper files and later lines win.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::wire::dvc {

struct Pattern {
  std::vector<std::string> segments;  // "**" stands for any number of folders
  bool negated = false;
  bool folders_only = false;
};

// The lines of one ignore file.
std::vector<Pattern> parse_ignore(std::string_view text);
// gitignore's wildcards within one segment: * ? [..] and \ to quote.
bool matches_segment(std::string_view pattern, std::string_view name);
bool matches(const Pattern& pattern, std::string_view path, bool folder);

// The ignore files of a repository, read as their folders are met. Not thread-safe.
class IgnoreFiles {
 public:
  explicit IgnoreFiles(std::string root);
  ~IgnoreFiles();
  // `path` is relative to the root. .git, .hg and .dvc are always ignored. Parents are not looked
  // at: a walk does not enter what it ignores.
  bool ignores(const std::string& path, bool folder);
  // Whether the path or any folder above it is ignored.
  bool ignores_deeply(const std::string& path, bool folder);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway::wire::dvc
