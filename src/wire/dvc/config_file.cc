// SPDX-License-Identifier: Apache-2.0
#include "config_file.h"

#include <algorithm>
#include <filesystem>

#include "base/text.h"
#include "blob/atomic_file.h"

namespace slipway::wire::dvc {
namespace {

constexpr std::size_t kFileLimit = 1u << 20;
constexpr std::string_view kRemote = "remote.";

std::string header_of(const std::string& section) {
  if (!section.starts_with(kRemote)) return "[" + section + "]";
  return "['remote \"" + section.substr(kRemote.size()) + "\"']";
}

// As ConfigObj writes them.
std::string written(const std::string& value) {
  const bool plain = !value.empty() && value.find_first_of(",#'\"\n") == value.npos &&
                     trim(value).size() == value.size();
  if (plain) return value;
  const char quote = value.find('"') == value.npos ? '"' : '\'';
  return quote + value + quote;
}

}  // namespace

std::string setting_value(std::string_view text) {
  text = trim(text);
  if (text.size() >= 2 && (text[0] == '"' || text[0] == '\'') && text.back() == text[0]) {
    text = text.substr(1, text.size() - 2);
  }
  return std::string(text);
}

std::string section_named(std::string_view header) {
  auto name = to_lower(setting_value(header));
  constexpr std::string_view kOpening = "remote \"";
  if (!name.starts_with(kOpening) || !name.ends_with('"') || name.size() <= kOpening.size()) {
    return name;
  }
  return std::string(kRemote) + name.substr(kOpening.size(), name.size() - kOpening.size() - 1);
}

Result<ConfigFile> ConfigFile::parse(std::string_view text, const std::string& name) {
  ConfigFile out;
  out.path_ = name;
  out.sections_.emplace_back();
  int number = 0;
  for (const auto raw : split(text, '\n')) {
    ++number;
    const auto line = trim(raw);
    if (line.size() >= 2 && line.front() == '[' && line.back() == ']') {
      out.sections_.push_back(
          {section_named(line.substr(1, line.size() - 2)), std::string(raw), {}});
      continue;
    }
    Line one{.raw = std::string(raw)};
    if (!line.empty() && line[0] != '#' && line[0] != ';') {
      const auto equals = line.find('=');
      if (equals == line.npos || out.sections_.size() == 1) {
        return invalid("'" + name + "' line " + std::to_string(number) + ": expected key = value",
                       "correct that line of the configuration");
      }
      one.key = to_lower(trim(line.substr(0, equals)));
      one.value = setting_value(line.substr(equals + 1));
    }
    out.sections_.back().lines.push_back(std::move(one));
  }
  // What follows the last line end is no line.
  auto& last = out.sections_.back().lines;
  if (!last.empty() && last.back().raw.empty()) last.pop_back();
  return out;
}

Result<ConfigFile> ConfigFile::read(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return parse("", path);
  SW_TRY(const auto text, blob::read_file(path, kFileLimit));
  return parse(text, path);
}

Result<void> ConfigFile::write() const {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), error);
  return blob::write_file_atomically(path_, text());
}

ConfigFile::Section* ConfigFile::find(const std::string& name) {
  const auto found = std::find_if(sections_.begin(), sections_.end(),
                                  [&](const Section& section) { return section.name == name; });
  return found == sections_.end() ? nullptr : &*found;
}

const ConfigFile::Section* ConfigFile::find(const std::string& name) const {
  return const_cast<ConfigFile*>(this)->find(name);
}

bool ConfigFile::has(const std::string& section) const {
  return find(section) != nullptr;
}

std::optional<std::string> ConfigFile::get(const std::string& section,
                                           const std::string& key) const {
  const auto* found = find(section);
  if (found == nullptr) return {};
  for (const auto& line : found->lines) {
    if (line.key == key) return line.value;
  }
  return {};
}

void ConfigFile::set(const std::string& section, const std::string& key, const std::string& value) {
  auto* into = find(section);
  if (into == nullptr) {
    // Remotes stand behind everything else.
    auto at = sections_.end();
    if (!section.starts_with(kRemote)) {
      at = std::find_if(sections_.begin(), sections_.end(),
                        [](const Section& one) { return one.name.starts_with(kRemote); });
    }
    into = &*sections_.insert(at, {section, header_of(section), {}});
  }
  Line line{"    " + key + " = " + written(value), key, value};
  for (auto& old : into->lines) {
    if (old.key != key) continue;
    old = std::move(line);
    return;
  }
  auto end = into->lines.end();
  while (end != into->lines.begin() && std::prev(end)->raw.empty()) --end;
  into->lines.insert(end, std::move(line));
}

bool ConfigFile::unset(const std::string& section, const std::string& key) {
  auto* from = find(section);
  if (from == nullptr) return false;
  const auto gone =
      std::erase_if(from->lines, [&](const Line& line) { return line.key == key; }) > 0;
  const bool empty = std::all_of(from->lines.begin(), from->lines.end(),
                                 [](const Line& line) { return line.raw.empty(); });
  if (gone && empty) remove(section);
  return gone;
}

bool ConfigFile::remove(const std::string& section) {
  return std::erase_if(sections_, [&](const Section& one) { return one.name == section; }) > 0;
}

bool ConfigFile::rename(const std::string& section, const std::string& to) {
  auto* found = find(section);
  if (found == nullptr) return false;
  found->name = to;
  found->header = header_of(to);
  return true;
}

std::vector<std::pair<std::string, std::string>> ConfigFile::values() const {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& section : sections_) {
    for (const auto& line : section.lines) {
      if (!line.key.empty()) out.emplace_back(section.name + "." + line.key, line.value);
    }
  }
  return out;
}

std::string ConfigFile::text() const {
  std::string out;
  for (const auto& section : sections_) {
    if (!section.header.empty()) out += section.header + "\n";
    for (const auto& line : section.lines) out += line.raw + "\n";
  }
  return out;
}

}  // namespace slipway::wire::dvc
