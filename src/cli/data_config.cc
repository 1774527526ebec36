// SPDX-License-Identifier: Apache-2.0
// `slipway data remote`, `config`, `cache` and `root`.
#include <memory>

#include "commands.h"
#include "data_verbs.h"
#include "wire/dvc/config.h"

namespace slipway::cli {
namespace {

namespace dvc = wire::dvc;

// DVC's own.
constexpr int kBadConfig = 251;

struct Options {
  bool system = false;
  bool global = false;
  bool project = false;
  bool local = false;
  bool make_default = false;
  bool force = false;
  bool unset = false;
  bool list = false;
  bool show_origin = false;
  std::string name;
  std::string option;
  std::string value;

  dvc::Level level() const {
    if (system) return dvc::Level::system;
    if (global) return dvc::Level::global;
    if (local) return dvc::Level::local;
    return project ? dvc::Level::project : dvc::Level::any;
  }
};

void declare_levels(CLI::App& verb, Options& options) {
  auto* group = verb.add_option_group("level", "Which file; the repository's when none is said");
  group->add_flag("--global", options.global, "The user's");
  group->add_flag("--system", options.system, "The machine's");
  group->add_flag("--project", options.project, "The repository's, .dvc/config");
  group->add_flag("--local", options.local, "The one that git ignores, .dvc/config.local");
  group->require_option(0, 1);
}

template <class T>
int ended(const Result<T>& result) {
  return result ? kDone : fail_as_dvc(result.error(), kBadConfig);
}

// Columns of eight.
std::string aligned(std::string text) {
  text.append(8 - text.size() % 8, ' ');
  return text;
}

class Running {
 public:
  Running(DataOptions& shared, Options& options) : shared_(shared), options_(options) {}

  int add() const {
    const auto added =
        dvc::remote_add(common(), options_.level(), options_.name, options_.value, options_.force);
    if (!added || !options_.make_default) return ended(added);
    if (!shared_.quiet) print_line("Setting '" + options_.name + "' as a default remote.");
    return ended(dvc::remote_make_default(common(), options_.level(), options_.name));
  }

  int list() const {
    const auto all = dvc::remotes(common(), options_.level());
    if (!all) return ended(all);
    for (const auto& remote : *all) {
      print_line(aligned(remote.name) +
                 (remote.is_default ? aligned(remote.url) + "(default)" : remote.url));
    }
    return kDone;
  }

  int usual() const {
    if (options_.unset) return ended(dvc::config_unset(common(), options_.level(), "core.remote"));
    if (!options_.name.empty()) {
      return ended(dvc::remote_make_default(common(), options_.level(), options_.name));
    }
    const auto now = dvc::config_get(common(), options_.level(), "core.remote");
    if (!now) return ended(now);
    print_line(*now ? **now : "No default remote set");
    return kDone;
  }

  int modify() const {
    if (!options_.unset && options_.value.empty()) {
      return ended(Result<void>(invalid("the value is missing", "or unset it: --unset")));
    }
    const auto value = options_.unset ? std::nullopt : std::optional(options_.value);
    return ended(
        dvc::remote_modify(common(), options_.level(), options_.name, options_.option, value));
  }

  int remove() const {
    return ended(dvc::remote_remove(common(), options_.level(), options_.name));
  }

  int rename() const {
    return ended(dvc::remote_rename(common(), options_.level(), options_.name, options_.value));
  }

  int config(bool has_value) const {
    const auto level = options_.level();
    if (options_.list) return print_settings(level);
    if (options_.name.empty()) {
      return ended(Result<void>(invalid("the name of a setting is missing", "or list them: -l")));
    }
    if (options_.unset) return ended(dvc::config_unset(common(), level, options_.name));
    if (has_value) return ended(dvc::config_set(common(), level, options_.name, options_.value));
    const auto found = dvc::config_get(common(), level, options_.name);
    if (!found) return ended(found);
    if (*found) print_line(**found);
    return kDone;
  }

  int cache() const {
    if (options_.unset) return ended(dvc::config_unset(common(), options_.level(), "cache.dir"));
    if (!options_.value.empty()) {
      return ended(dvc::config_set(common(), options_.level(), "cache.dir", options_.value));
    }
    const auto found = dvc::cache_folder(common());
    if (!found) return ended(found);
    print_line(*found);
    return kDone;
  }

  int root() const {
    const auto found = dvc::repository_root(common());
    if (!found) return ended(found);
    const auto relative = std::filesystem::path(*found).lexically_relative(common().folder);
    print_line(relative.string());
    return kDone;
  }

 private:
  dvc::Common common() const { return data_common(shared_, "config"); }

  int print_settings(dvc::Level level) const {
    const auto all = dvc::config_list(common(), level);
    if (!all) return ended(all);
    for (const auto& setting : *all) {
      print_line((options_.show_origin ? setting.origin + "\t" : "") + setting.name + "=" +
                 setting.value);
    }
    return kDone;
  }

  DataOptions& shared_;
  Options& options_;
};

}  // namespace

DataVerbs declare_data_config(CLI::App& app, DataOptions& shared) {
  auto options = std::make_shared<Options>();
  auto* remote = app.add_subcommand("remote", "Where data is shared");
  remote->require_subcommand(1);
  const auto verb = [&](CLI::App& under, const char* name, const char* summary) {
    auto* out = under.add_subcommand(name, summary);
    declare_shared(*out, shared);
    if (std::string_view(name) != "root") declare_levels(*out, *options);
    return out;
  };
  auto* add = verb(*remote, "add", "Name a folder or a bucket");
  add->add_option("name", options->name, "Its name")->required();
  add->add_option("url", options->value, "A folder, or s3://BUCKET/PREFIX")->required();
  add->add_flag("-d,--default", options->make_default, "Use it when none is named");
  add->add_flag("-f,--force", options->force, "Replace one of that name");
  auto* list = verb(*remote, "list", "Those that there are");
  auto* usual = verb(*remote, "default", "Say or set which one is used when none is named");
  usual->add_option("name", options->name, "Its name");
  usual->add_flag("-u,--unset", options->unset, "None");
  auto* modify = verb(*remote, "modify", "Set an option of a remote");
  modify->add_option("name", options->name, "Its name")->required();
  modify->add_option("option", options->option, "url, region, endpointurl, jobs ..")->required();
  modify->add_option("value", options->value, "Its value");
  modify->add_flag("-u,--unset", options->unset, "Take it out");
  auto* remove = verb(*remote, "remove", "Forget a remote; its data stays");
  remove->alias("rm");
  remove->add_option("name", options->name, "Its name")->required();
  auto* rename = verb(*remote, "rename", "Give a remote another name");
  rename->add_option("name", options->name, "Its name")->required();
  rename->add_option("new", options->value, "The other")->required();

  auto* config = verb(app, "config", "Read or change the settings");
  config->add_option("name", options->name, "section.option, or remote.NAME.option");
  auto* value = config->add_option("value", options->value, "Its value");
  config->add_flag("-u,--unset", options->unset, "Take it out");
  config->add_flag("-l,--list", options->list, "All of them");
  config->add_flag("--show-origin", options->show_origin, "With the file that says so");
  auto* cache = app.add_subcommand("cache", "The folder that keeps content");
  cache->require_subcommand(1);
  auto* dir = verb(*cache, "dir", "Say or set where it is");
  dir->add_option("value", options->value, "A folder");
  dir->add_flag("-u,--unset", options->unset, "Back to .dvc/cache");
  auto* root = verb(app, "root", "The top of the repository, from here");

  return [=, &shared]() -> std::optional<int> {
    const Running run(shared, *options);
    if (add->parsed()) return run.add();
    if (list->parsed()) return run.list();
    if (usual->parsed()) return run.usual();
    if (modify->parsed()) return run.modify();
    if (remove->parsed()) return run.remove();
    if (rename->parsed()) return run.rename();
    if (config->parsed()) return run.config(value->count() > 0);
    if (dir->parsed()) return run.cache();
    if (root->parsed()) return run.root();
    return {};
  };
}

}  // namespace slipway::cli
