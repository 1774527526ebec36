// SPDX-License-Identifier: Apache-2.0
// `slipway data`: DVC's verbs with DVC's arguments, words and exit codes.
#include <filesystem>

#include <unistd.h>

#include "app/config.h"
#include "arguments.h"
#include "base/text.h"
#include "commands.h"
#include "wire/dvc/commands.h"

namespace slipway::cli {
namespace {

namespace dvc = wire::dvc;

// DVC's own: scripts that were written for it look at these.
constexpr int kOutsideRepository = 253;
constexpr int kCheckoutFailed = 255;

struct Shared {
  bool quiet = false;
  bool verbose = false;
  std::string folder = ".";
  std::vector<std::string> targets;
};

// One line that is overwritten, on a terminal only.
data::OnProgress progress_line(const std::string& what, const Shared& shared) {
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

dvc::Common common_of(const Shared& shared, const std::string& what) {
  const auto folder = std::filesystem::weakly_canonical(shared.folder);
  auto user_config = app::environment("XDG_CONFIG_HOME").value_or("");
  if (user_config.empty()) user_config = app::environment("HOME").value_or("/") + "/.config";
  return {folder.string(), user_config, progress_line(what, shared)};
}

int fail_as_dvc(const Error& error, int code) {
  fail(error);
  const bool outside = error.message.starts_with("you are not inside of a DVC repository");
  return outside ? kOutsideRepository : code;
}

void declare(CLI::App& verb, Shared& shared) {
  verb.add_flag("-q,--quiet", shared.quiet, "Say nothing; the exit code tells");
  verb.add_flag("-v,--verbose", shared.verbose, "Say more");
  verb.add_option("--cd", shared.folder, "Work in this folder")->type_name("PATH");
}

int run_init(const Shared& shared, const dvc::InitOptions& options) {
  if (const auto done = dvc::init(common_of(shared, "init"), options); !done) {
    return fail_as_dvc(done.error(), kFailed);
  }
  if (!shared.quiet) {
    print_line("Initialized DVC repository.");
    if (!options.no_scm) print_line("\nYou can now commit the changes to git.");
  }
  return kDone;
}

int run_add(const Shared& shared, const dvc::AddOptions& options) {
  const auto added = dvc::add(common_of(shared, "add"), shared.targets, options);
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

std::string status_json(const dvc::Status& status) {
  std::string out = "{";
  for (const auto& [pointer, outs] : status) {
    if (out.size() > 1) out += ", ";
    append_json_string(out, pointer);
    out += ": [{\"changed outs\": {";
    bool first = true;
    for (const auto& [path, word] : outs) {
      if (!first) out += ", ";
      first = false;
      append_json_string(out, path);
      out += ": ";
      append_json_string(out, word);
    }
    out += "}}]";
  }
  return out + "}";
}

int run_status(const Shared& shared, bool json) {
  const auto status = dvc::status(common_of(shared, "status"), shared.targets);
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

void print_changes(const dvc::CheckedOut& out) {
  for (const auto& path : out.modified) print_line("M\t" + path);
  for (const auto& path : out.added) print_line("A\t" + path);
  for (const auto& path : out.deleted) print_line("D\t" + path);
}

std::string counted(std::size_t n, const char* what) {
  return n == 0 ? "" : std::to_string(n) + (n == 1 ? " file " : " files ") + what;
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

int run_checkout(const Shared& shared, const dvc::CheckoutOptions& options, bool summary) {
  const auto out = dvc::checkout(common_of(shared, "checkout"), shared.targets, options);
  if (!out) return fail_as_dvc(out.error(), kCheckoutFailed);
  if (!shared.quiet) {
    summary ? print_summary(*out) : print_changes(*out);
  }
  if (out->failed.empty()) return kDone;
  std::string list;
  for (std::size_t i = 0; i < out->failed.size(); ++i) {
    list += "\n" + out->failed[i] + " (" + out->reasons[i] + ")";
  }
  fail(Error{Code::data_loss, "checkout failed for following targets:" + list,
             "get the objects from a colleague's cache or a remote, or add the data again"});
  return kCheckoutFailed;
}

}  // namespace

int data(const Args& args) {
  CLI::App app;
  app.require_subcommand(1);
  Shared shared;
  dvc::InitOptions init_options;
  auto* init = app.add_subcommand("init", "Make a repository here");
  declare(*init, shared);
  init->add_flag("--no-scm", init_options.no_scm, "Without git");
  init->add_flag("-f,--force", init_options.force, "Replace an existing .dvc folder");

  dvc::AddOptions add_options;
  auto* add = app.add_subcommand("add", "Track files or folders");
  declare(*add, shared);
  add->add_option("targets", shared.targets, "Files or folders")->required();
  add->add_flag("--no-commit", add_options.no_commit, "Do not put the content into the cache");
  add->add_flag("-f,--force", add_options.force, "As in DVC; existing pointers are updated anyway");
  add->add_option("--desc", add_options.desc, "A sentence about the data, kept in a new pointer");

  bool json = false;
  auto* status = app.add_subcommand("status", "Say what differs from what is tracked");
  declare(*status, shared);
  status->add_option("targets", shared.targets, "Outputs, pointers or folders");
  status->add_flag("--json", json, "As JSON");

  dvc::CheckoutOptions checkout_options;
  bool summary = false;
  auto* checkout = app.add_subcommand("checkout", "Bring data to what the pointers record");
  declare(*checkout, shared);
  checkout->add_option("targets", shared.targets, "Outputs, pointers or folders");
  checkout->add_flag("-f,--force", checkout_options.force,
                     "Lose files that the cache does not hold");
  checkout->add_flag("--allow-missing", checkout_options.allow_missing,
                     "Ignore data that the cache lacks");
  checkout->add_flag("--summary", summary, "Numbers instead of names");

  if (const auto code = parse(app, "data", args)) return *code;
  if (init->parsed()) return run_init(shared, init_options);
  if (add->parsed()) return run_add(shared, add_options);
  if (status->parsed()) return run_status(shared, json);
  return run_checkout(shared, checkout_options, summary);
}

}  // namespace slipway::cli
