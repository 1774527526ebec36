// SPDX-License-Identifier: Apache-2.0
#include "ignore.h"

#include <map>

#include "base/text.h"
#include "blob/atomic_file.h"

namespace slipway::wire::dvc {
namespace {

constexpr std::size_t kFileLimit = 4u << 20;

// [abc], [a-z], [!a]: answers whether it matches and moves `at` behind it; a bracket that is never
// closed is an ordinary character.
bool matches_class(std::string_view pattern, std::size_t& at, char c, bool& matched) {
  std::size_t i = at + 1;
  const bool negated = i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^');
  if (negated) ++i;
  bool hit = false;
  for (bool first = true; i < pattern.size() && (first || pattern[i] != ']'); first = false, ++i) {
    char low = pattern[i];
    if (low == '\\' && i + 1 < pattern.size()) low = pattern[++i];
    char high = low;
    if (i + 2 < pattern.size() && pattern[i + 1] == '-' && pattern[i + 2] != ']') {
      high = pattern[i + 2];
      i += 2;
    }
    hit = hit || (low <= c && c <= high);
  }
  if (i >= pattern.size()) return false;
  at = i + 1;
  matched = hit != negated;
  return true;
}

bool matches_segments(const std::vector<std::string>& pattern, std::size_t p,
                      const std::vector<std::string_view>& path, std::size_t s) {
  if (p == pattern.size()) return s == path.size();
  if (pattern[p] == "**") {
    if (p + 1 == pattern.size()) return s < path.size();
    for (std::size_t skip = s; skip <= path.size(); ++skip) {
      if (matches_segments(pattern, p + 1, path, skip)) return true;
    }
    return false;
  }
  return s < path.size() && matches_segment(pattern[p], path[s]) &&
         matches_segments(pattern, p + 1, path, s + 1);
}

}  // namespace

bool matches_segment(std::string_view pattern, std::string_view name) {
  // The last star seen and where the name stood then: the only place to come back to.
  std::size_t p = 0, n = 0, star = pattern.npos, mark = 0;
  while (n < name.size()) {
    std::size_t next = p;
    bool matched = false;
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = n;
      continue;
    }
    if (p < pattern.size()) {
      next = p + 1;
      if (pattern[p] == '?') {
        matched = true;
      } else if (pattern[p] == '[' && matches_class(pattern, p, name[n], matched)) {
        next = p;
      } else if (pattern[p] == '\\' && p + 1 < pattern.size()) {
        matched = pattern[p + 1] == name[n];
        next = p + 2;
      } else if (pattern[p] != '[' || !matched) {
        matched = pattern[p] == name[n];
      }
    }
    if (matched) {
      p = next;
      ++n;
    } else if (star != pattern.npos) {
      p = star + 1;
      n = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::vector<Pattern> parse_ignore(std::string_view text) {
  std::vector<Pattern> out;
  for (auto line : split(text, '\n')) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    while (line.ends_with(' ') && !line.ends_with("\\ ")) line.remove_suffix(1);
    if (line.empty() || line.starts_with('#')) continue;
    Pattern pattern;
    if (line.starts_with('!')) {
      pattern.negated = true;
      line.remove_prefix(1);
    }
    if (line.ends_with('/')) {
      pattern.folders_only = true;
      line.remove_suffix(1);
    }
    const bool anchored = line.find('/') != line.npos;
    if (line.starts_with('/')) line.remove_prefix(1);
    if (line.empty()) continue;
    if (!anchored) pattern.segments.emplace_back("**");
    for (const auto segment : split(line, '/')) {
      // A run of ** means what one does, and costs exponential time.
      const bool repeated =
          segment == "**" && !pattern.segments.empty() && pattern.segments.back() == "**";
      if (!repeated) pattern.segments.emplace_back(segment);
    }
    out.push_back(std::move(pattern));
  }
  return out;
}

bool matches(const Pattern& pattern, std::string_view path, bool folder) {
  if (pattern.folders_only && !folder) return false;
  return matches_segments(pattern.segments, 0, split(path, '/'), 0);
}

struct IgnoreFiles::Impl {
  std::string root;
  std::map<std::string, std::vector<Pattern>> by_folder;

  const std::vector<Pattern>& of(const std::string& folder) {
    const auto [slot, fresh] = by_folder.try_emplace(folder);
    if (fresh) {
      const auto path = root + (folder.empty() ? "" : "/" + folder) + "/.dvcignore";
      if (const auto text = blob::read_file(path, kFileLimit)) slot->second = parse_ignore(*text);
    }
    return slot->second;
  }
};

IgnoreFiles::IgnoreFiles(std::string root) : impl_(std::make_unique<Impl>()) {
  impl_->root = std::move(root);
}
IgnoreFiles::~IgnoreFiles() = default;

bool IgnoreFiles::ignores(const std::string& path, bool folder) {
  const auto slash = path.rfind('/');
  const auto name = slash == path.npos ? path : path.substr(slash + 1);
  if (name == ".git" || name == ".hg" || name == ".dvc") return true;
  bool ignored = false;
  std::size_t end = 0;
  while (true) {  // from the root's file down to that of the entry's own folder
    const std::string at = end == 0 ? "" : path.substr(0, end - 1);
    for (const auto& pattern : impl_->of(at)) {
      if (matches(pattern, std::string_view(path).substr(end), folder)) ignored = !pattern.negated;
    }
    const auto next = path.find('/', end);
    if (next == path.npos) return ignored;
    end = next + 1;
  }
}

bool IgnoreFiles::ignores_deeply(const std::string& path, bool folder) {
  for (auto slash = path.find('/'); slash != path.npos; slash = path.find('/', slash + 1)) {
    if (ignores(path.substr(0, slash), true)) return true;
  }
  return ignores(path, folder);
}

}  // namespace slipway::wire::dvc
