// SPDX-License-Identifier: Apache-2.0
// `slipway data push`, `fetch`, `pull`, `gc` and `verify`.
#include <iostream>
#include <memory>

#include <unistd.h>

#include "base/text.h"
#include "commands.h"
#include "data_verbs.h"
#include "wire/dvc/sync.h"

namespace slipway::cli {
namespace {

namespace dvc = wire::dvc;

struct Options {
  dvc::SyncOptions sync;
  dvc::CheckoutOptions checkout;
  dvc::CollectOptions collect;
  bool workspace = false;
  bool force = false;
  bool json = false;
};

void warn(const std::string& text) {
  std::cerr << "WARNING: " << text << '\n';
}

void declare_commits(CLI::App& verb, dvc::SyncOptions& options, const std::string& what) {
  verb.add_flag("-a,--all-branches", options.all_branches, what + " of all branches");
  verb.add_flag("-T,--all-tags", options.all_tags, what + " of all tags");
  verb.add_flag("-A,--all-commits", options.all_commits, what + " of all commits");
}

void tell_missing(const dvc::Synced& synced) {
  if (synced.missing.empty()) return;
  std::string text =
      "Some of the cache files do not exist neither locally nor on remote. Missing cache files:";
  for (const auto& id : synced.missing) text += "\nmd5: " + id;
  warn(text);
}

int tell_failed(const dvc::Synced& synced, const std::string& verb, const std::string& direction) {
  for (const auto& sentence : synced.failed) std::cerr << "error: " << sentence << '\n';
  fail(Error{Code::unavailable,
             "failed to " + verb + ": " + std::to_string(synced.failed.size()) +
                 " files failed to " + direction,
             "what was moved stays moved; run the command again for the rest"});
  return kFailed;
}

class Running {
 public:
  Running(DataOptions& shared, Options& options) : shared_(shared), options_(options) {}

  int push() const {
    const auto done = dvc::push(data_common(shared_, "push"), shared_.targets, options_.sync);
    if (!done) return fail_as_dvc(said("push data to the cloud", done.error()), kFailed);
    tell_missing(*done);
    if (!done->failed.empty()) return tell_failed(*done, "push data to the cloud", "upload");
    return say(counted(done->objects, "pushed"));
  }

  int fetch() const {
    const auto done = dvc::fetch(data_common(shared_, "fetch"), shared_.targets, options_.sync);
    if (!done) return fail_as_dvc(said("fetch data from the cloud", done.error()), kFailed);
    tell_missing(*done);
    if (!done->failed.empty()) return tell_failed(*done, "fetch data from the cloud", "download");
    return say(counted(done->objects, "fetched"));
  }

  int pull() const {
    const auto done = dvc::fetch(data_common(shared_, "fetch"), shared_.targets, options_.sync);
    if (!done) return fail_as_dvc(said("pull data from the cloud", done.error()), kFailed);
    tell_missing(*done);
    if (!done->failed.empty()) return tell_failed(*done, "pull data from the cloud", "download");
    const auto out =
        dvc::checkout(data_common(shared_, "checkout"), shared_.targets, options_.checkout);
    if (!out) return fail_as_dvc(said("pull data from the cloud", out.error()), kFailed);
    if (!shared_.quiet) print_changes(*out);
    if (!out->failed.empty()) return tell_failed_checkout(*out, kFailed);
    std::string line;
    std::vector<std::string> parts;
    for (const auto& part :
         {counted(done->objects, "fetched"), counted(out->files_modified, "modified"),
          counted(out->files_added, "added"), counted(out->files_deleted, "deleted")}) {
      if (!part.empty()) parts.push_back(part);
    }
    for (std::size_t i = 0; i < parts.size(); ++i) {
      line += (i == 0 ? "" : i + 1 == parts.size() ? " and " : ", ") + parts[i];
    }
    return say(line);
  }

  int collect() const {
    const auto& keep = options_.collect.keep;
    if (!options_.workspace && !keep.all_branches && !keep.all_tags && !keep.all_commits) {
      fail(invalid("none of -w, -a, -T and -A is given: nothing says what stays",
                   "-w keeps what the work tree uses"));
      return kFailedCheckout;
    }
    std::string what = "This will remove all cache except items used in the workspace";
    if (keep.all_commits) {
      what += " and all git commits";
    } else if (keep.all_branches || keep.all_tags) {
      what += std::string(" and all git ") + (keep.all_branches ? "branches" : "") +
              (keep.all_branches && keep.all_tags ? " and " : "") + (keep.all_tags ? "tags" : "");
    }
    warn(what + " of the current repo.");
    if (!options_.force && !options_.collect.dry && !is_confirmed()) return kFailed;
    const auto done = dvc::collect(data_common(shared_, "gc"), options_.collect);
    if (!done) return fail_as_dvc(done.error(), kFailedCheckout);
    if (shared_.quiet) return kDone;
    if (options_.collect.dry) {
      for (const auto& path : done->cache) print_line("Removing " + path);
      for (const auto& path : done->remote) print_line("Removing " + path);
    }
    tell_removed(done->cache.size(), "repo cache", "'repo' cache to remove");
    if (options_.collect.cloud) {
      tell_removed(done->remote.size(), "remote", "cache to remove from remote");
    }
    return kDone;
  }

  int verify() const {
    const auto done = dvc::verify(data_common(shared_, "verify"), shared_.targets);
    if (!done) return fail_as_dvc(done.error(), kFailed);
    for (const auto& sentence : done->corrupt) std::cerr << "error: " << sentence << '\n';
    for (const auto& path : done->missing) std::cerr << "error: " << path << ": not in cache\n";
    if (!shared_.quiet) {
      print_line(std::to_string(done->objects) + " objects read, " +
                 std::to_string(done->corrupt.size()) + " corrupt, " +
                 std::to_string(done->missing.size()) + " missing");
    }
    return done->corrupt.empty() && done->missing.empty() ? kDone : kFailed;
  }

 private:
  static constexpr int kFailedCheckout = 255;

  static Error said(const std::string& what, Error error) {
    error.message = "failed to " + what + " - " + error.message;
    return error;
  }

  int say(const std::string& line) const {
    if (!shared_.quiet) print_line(line.empty() ? "Everything is up to date." : line);
    return kDone;
  }

  static void tell_removed(std::size_t count, const std::string& where, const std::string& none) {
    print_line(count == 0 ? "No unused " + none + "."
                          : "Removed " + std::to_string(count) + " objects from " + where + ".");
  }

  static bool is_confirmed() {
    if (::isatty(STDIN_FILENO) == 0) {
      fail(precondition("nobody is there to confirm", "say -f to go on without asking"));
      return false;
    }
    std::cerr << "Are you sure you want to proceed? [y/n]: " << std::flush;
    std::string answer;
    std::getline(std::cin, answer);
    return to_lower(answer) == "y" || to_lower(answer) == "yes";
  }

  DataOptions& shared_;
  Options& options_;
};

}  // namespace

DataVerbs declare_data_sync(CLI::App& app, DataOptions& shared) {
  auto options = std::make_shared<Options>();
  const auto verb = [&](const char* name, const char* summary, const std::string& what) {
    auto* out = app.add_subcommand(name, summary);
    declare_shared(*out, shared);
    out->add_option("targets", shared.targets, "Outputs, pointers, or paths inside of outputs");
    out->add_option("-r,--remote", options->sync.remote, "Which remote")->type_name("NAME");
    out->add_option("-j,--jobs", options->sync.jobs, "Objects moved at a time")
        ->type_name("N")
        ->check(CLI::Range(1, 256));
    declare_commits(*out, options->sync, what);
    return out;
  };
  auto* push = verb("push", "Share what the cache holds", "Objects");
  auto* fetch = verb("fetch", "Bring objects into the cache", "Objects");
  auto* pull = verb("pull", "Bring objects into the cache and the work tree", "Objects");
  pull->add_flag("-f,--force", options->checkout.force, "Lose files that the cache does not hold");
  pull->add_flag("--allow-missing", options->checkout.allow_missing, "Ignore data that is nowhere");
  auto* gc = app.add_subcommand("gc", "Remove objects that nothing uses");
  declare_shared(*gc, shared);
  gc->add_flag("-w,--workspace", options->workspace, "Keep what the work tree uses");
  declare_commits(*gc, options->collect.keep, "Keep the objects");
  gc->add_flag("-c,--cloud", options->collect.cloud, "From the remote too");
  gc->add_option("-r,--remote", options->collect.keep.remote, "Which remote")->type_name("NAME");
  gc->add_flag("-f,--force", options->force, "Do not ask");
  gc->add_flag("--dry", options->collect.dry, "Only say what would go");
  auto* verify = app.add_subcommand("verify", "Read the cache's objects and check their content");
  declare_shared(*verify, shared);
  verify->add_option("targets", shared.targets, "Outputs, pointers, or paths inside of outputs");

  return [=, &shared]() -> std::optional<int> {
    const Running run(shared, *options);
    if (push->parsed()) return run.push();
    if (fetch->parsed()) return run.fetch();
    if (pull->parsed()) return run.pull();
    if (gc->parsed()) return run.collect();
    if (verify->parsed()) return run.verify();
    return {};
  };
}

}  // namespace slipway::cli
