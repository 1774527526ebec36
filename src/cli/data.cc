// SPDX-License-Identifier: Apache-2.0
// `slipway data`: DVC's verbs with DVC's arguments, words and exit codes.
#include <filesystem>

#include <unistd.h>

#include "app/config.h"
#include "base/text.h"
#include "commands.h"
#include "data_verbs.h"
#include "wire/dvc/commands.h"
#include "wire/dvc/sync.h"

namespace slipway::cli {
namespace {

namespace dvc = wire::dvc;

// DVC's own: scripts that were written for it look at these.
constexpr int kOutsideRepository = 253;
constexpr int kCheckoutFailed = 255;

// One line that is overwritten, on a terminal only.
data::OnProgress progress_line(const std::string& what, const DataOptions& shared) {
  if (shared.quiet || ::isatty(STDERR_FILENO) == 0) return {};
  return [what, last = std::uint64_t{0}](const data::Progress& p) mutable {
    const auto percent = p.total_files == 0 ? 0 : p.files * 100 / p.total_files;
    if (percent == last) return;
    last = percent;
    const auto text = "\r" + what + ": " + std::to_string(percent) + " % of " +
                      std::to_string(p.total_files) + " files" + (percent == 100 ? "\r\x1b[K" : "");
    (void)!::write(STDERR_FILENO, text.data(), text.size());
  };
}

}  // namespace

dvc::Common data_common(const DataOptions& shared, const std::string& what) {
  const auto folder = std::filesystem::weakly_canonical(shared.folder);
  auto user_config = app::environment("XDG_CONFIG_HOME").value_or("");
  if (user_config.empty()) user_config = app::environment("HOME").value_or("/") + "/.config";
  return {folder.string(), user_config, app::environment, progress_line(what, shared)};
}

int fail_as_dvc(const Error& error, int code) {
  fail(error);
  const bool outside =
      error.message.find("you are not inside of a DVC repository") != std::string::npos;
  return outside ? kOutsideRepository : code;
}

void declare_shared(CLI::App& verb, DataOptions& shared) {
  verb.add_flag("-q,--quiet", shared.quiet, "Say nothing; the exit code tells");
  verb.add_flag("-v,--verbose", shared.verbose, "Say more");
  verb.add_option("--cd", shared.folder, "Work in this folder")->type_name("PATH");
}

void print_changes(const dvc::CheckedOut& out) {
  for (const auto& path : out.modified) print_line("M\t" + path);
  for (const auto& path : out.added) print_line("A\t" + path);
  for (const auto& path : out.deleted) print_line("D\t" + path);
}

std::string counted(std::size_t n, const char* what) {
  return n == 0 ? "" : std::to_string(n) + (n == 1 ? " file " : " files ") + what;
}

int tell_failed_checkout(const dvc::CheckedOut& out, int code) {
  std::string list;
  for (std::size_t i = 0; i < out.failed.size(); ++i) {
    list += "\n" + out.failed[i] + " (" + out.reasons[i] + ")";
  }
  fail(Error{Code::data_loss, "checkout failed for following targets:" + list,
             "get the objects from a remote (slipway data fetch), or add the data again"});
  return code;
}

namespace {

int run_init(const DataOptions& shared, const dvc::InitOptions& options) {
  if (const auto done = dvc::init(data_common(shared, "init"), options); !done) {
    return fail_as_dvc(done.error(), kFailed);
  }
  if (!shared.quiet) {
    print_line("Initialized DVC repository.");
    if (!options.no_scm) print_line("\nYou can now commit the changes to git.");
  }
  return kDone;
}

int run_add(const DataOptions& shared, const dvc::AddOptions& options) {
  const auto added = dvc::add(data_common(shared, "add"), shared.targets, options);
  if (!added) return fail_as_dvc(added.error(), kFailed);
  if (shared.quiet || added->staged || added->for_git.empty()) return kDone;
  std::string line = "\tgit add";
  for (const auto& path : added->for_git) {
    const bool quote = path.find_first_of(" \t'\"$&;()*?[]<>|\\") != path.npos;
    line += quote ? " '" + path + "'" : " " + path;
  }
  print_line("\nTo track the changes with git, run:\n\n" + line);
  print_line("\nTo enable auto staging, run:\n\n\tdvc config core.autostage true");
  return kDone;
}

// By path, as DVC writes it.
std::string words_json(const std::map<std::string, std::string>& words) {
  std::string out = "{";
  for (const auto& [path, word] : words) {
    if (out.size() > 1) out += ", ";
    append_json_string(out, path);
    out += ": ";
    append_json_string(out, word);
  }
  return out + "}";
}

std::string status_json(const dvc::Status& status) {
  std::string out = "{";
  for (const auto& [pointer, outs] : status) {
    if (out.size() > 1) out += ", ";
    append_json_string(out, pointer);
    out += ": [{\"changed outs\": " + words_json(outs) + "}]";
  }
  return out + "}";
}

int run_status(const DataOptions& shared, bool json) {
  const auto status = dvc::status(data_common(shared, "status"), shared.targets);
  if (!status) return fail_as_dvc(status.error(), kFailed);
  if (shared.quiet) return status->empty() ? kDone : kFailed;
  if (json) {
    print_line(status_json(*status));
    return kDone;
  }
  if (status->empty()) print_line("Data and pipelines are up to date.");
  for (const auto& [pointer, outs] : *status) {
    print_line(pointer + ":\n\tchanged outs:");
    for (const auto& [path, word] : outs) {
      const auto label = word + ":";
      const auto pad = std::string(label.size() < 20 ? 20 - label.size() : 1, ' ');
      print_line("\t\t" + label + pad + path);
    }
  }
  return kDone;
}

void print_summary(const dvc::CheckedOut& out) {
  std::string line;
  for (const auto& part :
       {counted(out.files_modified, "modified"), counted(out.files_added, "added"),
        counted(out.files_deleted, "deleted")}) {
    if (!part.empty()) line += (line.empty() ? "" : ", ") + part;
  }
  print_line(line.empty() ? "No changes." : line);
}

int run_cloud_status(const DataOptions& shared, const dvc::SyncOptions& options, bool json) {
  const auto found = dvc::cloud_status(data_common(shared, "status"), shared.targets, options);
  if (!found) return fail_as_dvc(found.error(), kFailed);
  if (shared.quiet) return found->words.empty() ? kDone : kFailed;
  if (json) {
    print_line(words_json(found->words));
    return kDone;
  }
  if (found->words.empty()) {
    print_line("Cache and remote '" + found->remote + "' are in sync.");
  }
  for (const auto& [path, word] : found->words) {
    const auto label = word + ":";
    print_line("\t" + label + std::string(20 - label.size(), ' ') + path);
  }
  return kDone;
}

int run_checkout(const DataOptions& shared, const dvc::CheckoutOptions& options, bool summary) {
  const auto out = dvc::checkout(data_common(shared, "checkout"), shared.targets, options);
  if (!out) return fail_as_dvc(out.error(), kCheckoutFailed);
  if (!shared.quiet) {
    summary ? print_summary(*out) : print_changes(*out);
  }
  if (out->failed.empty()) return kDone;
  return tell_failed_checkout(*out, kCheckoutFailed);
}

}  // namespace

int data(const Args& args) {
  CLI::App app;
  app.require_subcommand(1);
  DataOptions shared;
  dvc::InitOptions init_options;
  auto* init = app.add_subcommand("init", "Make a repository here");
  declare_shared(*init, shared);
  init->add_flag("--no-scm", init_options.no_scm, "Without git");
  init->add_flag("-f,--force", init_options.force, "Replace an existing .dvc folder");

  dvc::AddOptions add_options;
  auto* add = app.add_subcommand("add", "Track files or folders");
  declare_shared(*add, shared);
  add->add_option("targets", shared.targets, "Files or folders")->required();
  add->add_flag("--no-commit", add_options.no_commit, "Do not put the content into the cache");
  add->add_flag("-f,--force", add_options.force, "As in DVC; existing pointers are updated anyway");
  add->add_option("--desc", add_options.desc, "A sentence about the data, kept in a new pointer");

  bool json = false;
  auto* status = app.add_subcommand("status", "Say what differs from what is tracked");
  declare_shared(*status, shared);
  status->add_option("targets", shared.targets, "Outputs, pointers or folders");
  status->add_flag("--json", json, "As JSON");
  bool cloud = false;
  dvc::SyncOptions sync_options;
  status->add_flag("-c,--cloud", cloud, "The cache against a remote");
  status->add_option("-r,--remote", sync_options.remote, "Which remote")->type_name("NAME");

  dvc::CheckoutOptions checkout_options;
  bool summary = false;
  auto* checkout = app.add_subcommand("checkout", "Bring data to what the pointers record");
  declare_shared(*checkout, shared);
  checkout->add_option("targets", shared.targets, "Outputs, pointers or folders");
  checkout->add_flag("-f,--force", checkout_options.force,
                     "Lose files that the cache does not hold");
  checkout->add_flag("--allow-missing", checkout_options.allow_missing,
                     "Ignore data that the cache lacks");
  checkout->add_flag("--summary", summary, "Numbers instead of names");

  checkout->add_flag("--relink", checkout_options.relink,
                     "Also make what is up to date the kind of link that cache.type says");

  auto* unprotect = app.add_subcommand("unprotect",
                                       "Make files that are links into the cache "
                                       "copies that may be changed");
  declare_shared(*unprotect, shared);
  unprotect->add_option("targets", shared.targets, "Files or folders")->required();

  const auto config = declare_data_config(app, shared);
  const auto sync = declare_data_sync(app, shared);
  const auto changes = declare_data_changes(app, shared);

  if (const auto code = parse(app, "data", args)) return *code;
  if (const auto code = config()) return *code;
  if (const auto code = sync()) return *code;
  if (const auto code = changes()) return *code;
  if (init->parsed()) return run_init(shared, init_options);
  if (add->parsed()) return run_add(shared, add_options);
  if (unprotect->parsed()) {
    const auto done = dvc::unprotect(data_common(shared, "unprotect"), shared.targets);
    return done ? kDone : fail_as_dvc(done.error(), kFailed);
  }
  if (status->parsed() && (cloud || !sync_options.remote.empty())) {
    return run_cloud_status(shared, sync_options, json);
  }
  if (status->parsed()) return run_status(shared, json);
  return run_checkout(shared, checkout_options, summary);
}

}  // namespace slipway::cli
