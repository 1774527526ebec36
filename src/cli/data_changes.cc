// SPDX-License-Identifier: Apache-2.0
// `slipway data diff` and `slipway data data status`: what changed, in DVC's words and JSON.
#include <algorithm>
#include <memory>
#include <utility>

#include "base/text.h"
#include "commands.h"
#include "data_verbs.h"
#include "wire/dvc/changes.h"

namespace slipway::cli {
namespace {

namespace dvc = wire::dvc;

constexpr int kDone = 0;
constexpr int kFailed = 1;

struct Options {
  dvc::DiffOptions diff;
  std::string to;
  bool json = false;
  bool show_hash = false;
  bool markdown = false;
  bool hide_missing = false;
  dvc::DataStatusOptions status;
  bool unchanged = false;
  std::string untracked = "no";
  bool unused = false;
};

std::string quoted(const std::string& text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string joined(const std::vector<std::string>& parts) {
  std::string out;
  for (const auto& part : parts) out += (out.empty() ? "" : ", ") + part;
  return out;
}

// One line of a diff: for people and for programs.
struct Line {
  std::string path;
  std::string hash;
  std::string json;  // without the hash
  std::string json_hash;
};
struct Section {
  std::string name;
  std::vector<Line> lines;
};

std::string brief(const std::string& hash) {
  return hash.substr(0, 8);
}

std::vector<Section> sections_of(const dvc::Changes& changes, bool hide_missing) {
  const auto plain = [](const std::string& name, const std::map<std::string, std::string>& items) {
    Section out{.name = name};
    for (const auto& [path, hash] : items) {
      out.lines.push_back({path, brief(hash), quoted(path), quoted(hash)});
    }
    return out;
  };
  std::vector<Section> out;
  out.push_back(plain("added", changes.added));
  out.push_back(plain("deleted", changes.deleted));
  Section modified{.name = "modified"};
  for (const auto& [path, hashes] : changes.modified) {
    modified.lines.push_back(
        {path, brief(hashes.first) + ".." + brief(hashes.second), quoted(path),
         "{\"old\": " + quoted(hashes.first) + ", \"new\": " + quoted(hashes.second) + "}"});
  }
  out.push_back(std::move(modified));
  Section renamed{.name = "renamed"};
  for (const auto& one : changes.renamed) {
    renamed.lines.push_back({one.from + " -> " + one.to, brief(one.hash),
                             "{\"old\": " + quoted(one.from) + ", \"new\": " + quoted(one.to) + "}",
                             quoted(one.hash)});
  }
  out.push_back(std::move(renamed));
  if (!hide_missing) out.push_back(plain("not in cache", changes.not_in_cache));
  return out;
}

std::string diff_json(const std::vector<Section>& sections, bool show_hash) {
  std::vector<std::string> parts;
  for (const auto& section : sections) {
    std::vector<std::string> items;
    for (const auto& line : section.lines) {
      items.push_back("{\"path\": " + line.json +
                      (show_hash ? ", \"hash\": " + line.json_hash : "") + "}");
    }
    parts.push_back(quoted(section.name) + ": [" + joined(items) + "]");
  }
  return "{" + joined(parts) + "}";
}

// In the order in which people are told.
std::vector<Section> told(std::vector<Section> sections) {
  if (sections.size() > 3) std::swap(sections[2], sections[3]);
  return sections;
}

void print_diff(const std::vector<Section>& sections, bool show_hash) {
  std::vector<std::string> counts;
  std::size_t all = 0;
  for (const auto& section : told(sections)) {
    if (section.lines.empty()) continue;
    all += section.lines.size();
    auto title = section.name;
    title[0] = static_cast<char>(title[0] - 'a' + 'A');
    print_line(title + ":");
    std::size_t files = 0;
    for (const auto& line : section.lines) {
      print_line("    " + (show_hash ? line.hash + "  " : "") + line.path);
      files += line.path.ends_with('/') ? 0 : 1;
    }
    print_line("");
    if (files > 0) counts.push_back(std::to_string(files) + " " + section.name);
  }
  if (all > 0) print_line("files summary: " + joined(counts));
}

void print_table(const std::vector<Section>& sections, bool show_hash) {
  std::vector<std::vector<std::string>> rows{{"Status"}};
  if (show_hash) rows[0].emplace_back("Hash");
  rows[0].emplace_back("Path");
  for (const auto& section : told(sections)) {
    for (const auto& line : section.lines) {
      rows.push_back({section.name});
      if (show_hash) rows.back().push_back(line.hash);
      rows.back().push_back(line.path);
    }
  }
  std::vector<std::size_t> widths(rows[0].size(), 0);
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (std::size_t r = 0; r < rows.size(); ++r) {
    std::string text = "|";
    std::string rule = "|";
    for (std::size_t i = 0; i < widths.size(); ++i) {
      text += " " + rows[r][i] + std::string(widths[i] - rows[r][i].size(), ' ') + " |";
      rule += std::string(widths[i] + 2, '-') + "|";
    }
    print_line(text);
    if (r == 0) print_line(rule);
  }
  print_line("");
}

int run_diff(const DataOptions& shared, Options& options) {
  if (!options.to.empty()) options.diff.to = options.to;
  auto changes = dvc::diff(data_common(shared, "diff"), options.diff);
  if (!changes) {
    changes.error().message = "failed to get diff - " + changes.error().message;
    return fail_as_dvc(changes.error(), kFailed);
  }
  if (shared.quiet) return kDone;
  // Between two commits nothing needs the cache.
  const auto sections = sections_of(*changes, options.hide_missing || options.diff.to);
  if (options.json) {
    const bool nothing = changes->empty() && changes->not_in_cache.empty();
    print_line(nothing ? "{}" : diff_json(sections, options.show_hash));
  } else if (options.markdown) {
    print_table(sections, options.show_hash);
  } else {
    print_diff(sections, options.show_hash);
  }
  return kDone;
}

// A group of `data status`: by what happened, the paths.
using Happened = std::vector<std::pair<std::string, std::vector<std::string>>>;

Happened happened(const dvc::Changes& changes, bool json) {
  Happened out;
  const auto add = [&](const char* what, const auto& paths) {
    std::vector<std::string> names;
    for (const auto& [path, rest] : paths) names.push_back(json ? quoted(path) : path);
    if (!names.empty()) out.emplace_back(what, std::move(names));
  };
  add("modified", changes.modified);
  std::vector<std::string> renamed;
  for (const auto& one : changes.renamed) {
    renamed.push_back(json ? "{\"old\": " + quoted(one.from) + ", \"new\": " + quoted(one.to) + "}"
                           : one.from + " -> " + one.to);
  }
  if (!renamed.empty()) out.emplace_back("renamed", std::move(renamed));
  add("added", changes.added);
  add("deleted", changes.deleted);
  return out;
}

std::string data_status_json(const dvc::DataStatus& status, const Options& options) {
  std::vector<std::string> parts;
  const auto list = [&](const char* name, const std::set<std::string>& paths) {
    std::vector<std::string> items;
    for (const auto& path : paths) items.push_back(quoted(path));
    if (!items.empty()) parts.push_back(quoted(name) + ": [" + joined(items) + "]");
  };
  const auto group = [&](const char* name, const dvc::Changes& changes) {
    std::vector<std::string> items;
    for (const auto& [what, paths] : happened(changes, true)) {
      items.push_back(quoted(what) + ": [" + joined(paths) + "]");
    }
    if (!items.empty()) parts.push_back(quoted(name) + ": {" + joined(items) + "}");
  };
  list("not_in_remote", status.not_in_remote);
  list("not_in_cache", status.not_in_cache);
  group("committed", status.committed);
  group("uncommitted", status.uncommitted);
  if (options.untracked == "all") list("untracked", status.untracked);
  if (options.unchanged) list("unchanged", status.unchanged);
  return "{" + joined(parts) + "}";
}

class TellingStatus {
 public:
  explicit TellingStatus(const dvc::DataStatus& status) : status_(status) {}

  void tell(const Options& options) {
    list("Not in remote", {"use \"dvc push <file>...\" to upload files"}, status_.not_in_remote);
    list("Not in cache", {"use \"dvc fetch <file>...\" to download files"}, status_.not_in_cache);
    group("DVC committed changes", {"git commit the corresponding dvc files to update the repo"},
          status_.committed);
    group("DVC uncommitted changes",
          {"use \"dvc commit <file>...\" to track changes",
           "use \"dvc checkout <file>...\" to discard changes"},
          status_.uncommitted);
    if (options.untracked == "all") {
      list("Untracked files",
           {"use \"git add <file> ...\" or \"dvc add <file>...\" to commit to git or to dvc"},
           status_.untracked);
    }
    if (options.unchanged) list("DVC unchanged files", {}, status_.unchanged);
    if (!told_ && !status_.git_is_dirty) {
      print_line(status_.git_is_empty ? "No changes in an empty git repo." : "No changes.");
    }
    if (status_.git_is_dirty) {
      print_line(std::string("(there are ") + (told_ ? "other " : "") +
                 "changes not tracked by dvc, use \"git status\" to see)");
    }
  }

 private:
  void head(const char* title, const std::vector<std::string>& hints) {
    if (told_) print_line("");
    told_ = true;
    print_line(std::string(title) + ":");
    for (const auto& hint : hints) print_line("  (" + hint + ")");
  }

  void list(const char* title, const std::vector<std::string>& hints,
            const std::set<std::string>& paths) {
    if (paths.empty()) return;
    head(title, hints);
    for (const auto& path : paths) print_line("        " + path);
  }

  void group(const char* title, const std::vector<std::string>& hints,
             const dvc::Changes& changes) {
    if (changes.empty()) return;
    head(title, hints);
    for (const auto& [what, paths] : happened(changes, false)) {
      for (const auto& path : paths) print_line("        " + what + ": " + path);
    }
  }

  const dvc::DataStatus& status_;
  bool told_ = false;
};

int run_data_status(const DataOptions& shared, Options& options) {
  options.status.targets = shared.targets;
  const auto status = dvc::data_status(data_common(shared, "data status"), options.status);
  if (!status) return fail_as_dvc(status.error(), kFailed);
  if (shared.quiet) return kDone;
  if (options.json) {
    print_line(data_status_json(*status, options));
  } else {
    TellingStatus(*status).tell(options);
  }
  return kDone;
}

}  // namespace

DataVerbs declare_data_changes(CLI::App& app, DataOptions& shared) {
  auto options = std::make_shared<Options>();
  auto* diff = app.add_subcommand("diff", "Say what changed between commits, or since one");
  declare_shared(*diff, shared);
  diff->add_option("a_rev", options->diff.from, "The older commit")->capture_default_str();
  diff->add_option("b_rev", options->to, "The newer one; else the work tree");
  diff->add_option("--targets", options->diff.targets, "Only these paths");
  diff->add_flag("--json", options->json, "As JSON");
  diff->add_flag("--show-hash", options->show_hash, "With hashes");
  diff->add_flag("--md", options->markdown, "As a table in Markdown");
  diff->add_flag("--hide-missing", options->hide_missing, "Not what the cache lacks");

  auto* data = app.add_subcommand("data", "The last commit, the pointers and the files");
  data->require_subcommand(1);
  auto* status = data->add_subcommand("status", "Say what differs between them");
  declare_shared(*status, shared);
  status->add_option("targets", shared.targets, "Outputs, pointers, or paths inside of outputs");
  status->add_flag("--json", options->json, "As JSON");
  status->add_flag("--granular", options->status.granular, "The files of folders too");
  status->add_flag("--unchanged", options->unchanged, "What did not change, too");
  status->add_option("--untracked-files", options->untracked, "Files that git does not track")
      ->expected(0, 1)
      ->default_str("all")
      ->check(CLI::IsMember({"no", "all"}));
  status->add_flag("--not-in-remote", options->status.not_in_remote, "What the remote lacks");
  status->add_option("-r,--remote", options->status.remote, "Which remote")->type_name("NAME");
  status->add_flag("--no-remote-refresh", options->unused, "As in DVC; the remote is always asked");

  return [=, &shared]() -> std::optional<int> {
    if (diff->parsed()) return run_diff(shared, *options);
    if (status->parsed()) return run_data_status(shared, *options);
    return {};
  };
}

}  // namespace slipway::cli
