// SPDX-License-Identifier: Apache-2.0
// A DVC configuration file that is changed: what it does not name stays as it stands, comments too.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace slipway::wire::dvc {

// Sections are named as in `Settings`: "core", "cache", "remote.NAME".
class ConfigFile {
 public:
  // A missing file is an empty one.
  static Result<ConfigFile> read(const std::string& path);
  static Result<ConfigFile> parse(std::string_view text, const std::string& name);
  Result<void> write() const;

  std::optional<std::string> get(const std::string& section, const std::string& key) const;
  bool has(const std::string& section) const;
  void set(const std::string& section, const std::string& key, const std::string& value);
  bool unset(const std::string& section, const std::string& key);  // an empty section goes too
  bool remove(const std::string& section);
  bool rename(const std::string& section, const std::string& to);
  // "section.key" and value, in the order of the file.
  std::vector<std::pair<std::string, std::string>> values() const;
  std::string text() const;

 private:
  struct Line {
    std::string raw;  // of comments, and of settings that were not changed
    std::string key;  // empty: a comment or an empty line
    std::string value;
  };
  struct Section {
    std::string name;
    std::string header;  // empty: what stands before the first
    std::vector<Line> lines;
  };
  Section* find(const std::string& name);
  const Section* find(const std::string& name) const;

  std::string path_;
  std::vector<Section> sections_;
};

// "remote.NAME" of `['remote "NAME"']`, in lower case as DVC compares them.
std::string section_named(std::string_view header);
// Without quotes and blanks around it.
std::string setting_value(std::string_view written);

}  // namespace slipway::wire::dvc
