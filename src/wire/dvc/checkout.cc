// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <map>
#include <set>

#include "state.h"

namespace slipway::wire::dvc {
namespace {

namespace fs = std::filesystem;

// What has to happen to one output.
struct Plan {
  Tracked tracked;
  State state;
  data::Manifest wanted;
  std::vector<data::Entry> deliver;
  std::vector<std::string> remove;  // relative to the output
};

std::string inside(const std::string& path, const std::string& entry) {
  return entry.empty() ? path : path + "/" + entry;
}

class CheckingOut {
 public:
  CheckingOut(Repository& repository, const Common& common, const CheckoutOptions& options)
      : repository_(repository), common_(common), options_(options) {}

  Result<CheckedOut> run(const std::vector<Tracked>& selected) {
    std::vector<Plan> plans;
    for (const auto& tracked : selected) {
      if (!tracked.out.cached || tracked.out.md5.empty()) continue;
      SW_CHECK_OK(refuse_legacy(tracked));
      SW_TRY(auto plan, make_plan(tracked));
      if (plan) plans.push_back(*std::move(plan));
    }
    SW_CHECK_OK(refuse_unsaved(plans));
    for (const auto& plan : plans) apply(plan);
    (void)repository_.stats().save().ok();  // only a cache
    return std::move(out_);
  }

 private:
  void fail(const Tracked& tracked, const std::string& reason) {
    if (options_.allow_missing) return;
    out_.failed.push_back(shown(tracked));
    out_.reasons.push_back(reason);
  }

  std::string shown(const Tracked& tracked) const {
    return Repository::shown(common_.folder, repository_.absolute(tracked.path));
  }

  Result<std::optional<Plan>> make_plan(const Tracked& tracked) {
    Plan plan{.tracked = tracked};
    SW_TRY(plan.state, state_of(repository_, tracked, false, common_.on_progress));
    if (plan.state.kind == State::Kind::up_to_date) return std::optional<Plan>{};
    auto wanted = repository_.recorded(tracked.out);
    if (!wanted) {
      fail(tracked, wanted.error().message);
      return std::optional<Plan>{};
    }
    plan.wanted = *std::move(wanted);
    std::map<std::string, const data::Entry*> have;
    for (const auto& entry : plan.state.now.entries) have[entry.path] = &entry;
    const bool same_kind = plan.state.exists && plan.state.now.folder == plan.wanted.folder;
    for (const auto& entry : plan.wanted.entries) {
      const auto found = same_kind ? have.find(entry.path) : have.end();
      const bool equal = found != have.end() && found->second->md5 == entry.md5;
      if (found != have.end()) have.erase(found);
      if (!equal) plan.deliver.push_back(entry);
    }
    for (const auto& [path, unused] : have) plan.remove.push_back(path);
    for (const auto& entry : plan.deliver) {
      if (repository_.cache().has(entry.md5)) continue;
      fail(tracked, "the cache lacks object " + entry.md5 + " of '" +
                        inside(tracked.path, entry.path) + "'");
      return std::optional<Plan>{};
    }
    return std::optional<Plan>{std::move(plan)};
  }

  // Work that only this work tree holds is not thrown away unasked.
  Result<void> refuse_unsaved(const std::vector<Plan>& plans) {
    if (options_.force) return {};
    std::string list;
    for (const auto& plan : plans) {
      std::set<std::string> touched(plan.remove.begin(), plan.remove.end());
      for (const auto& entry : plan.deliver) touched.insert(entry.path);
      for (const auto& entry : plan.state.now.entries) {
        if (touched.contains(entry.path) && !repository_.cache().has(entry.md5)) {
          list += "\n" + repository_.absolute(inside(plan.tracked.path, entry.path));
        }
      }
    }
    if (list.empty()) return {};
    return precondition("can't remove the following unsaved files without confirmation:" + list,
                        "add them first, or use --force to lose them");
  }

  // The folder that will hold `path`, through whatever links, is inside of the repository.
  Result<void> check_stays_inside(const std::string& path) {
    std::error_code error;
    auto parent = fs::path(repository_.absolute(path)).parent_path();
    if (!checked_.insert(parent.string()).second) return {};
    while (!fs::exists(parent, error) && parent.has_relative_path()) parent = parent.parent_path();
    const auto real = fs::canonical(parent, error).string() + "/";
    const auto root = fs::canonical(repository_.root() + "/", error).string() + "/";
    if (error || !real.starts_with(root)) {
      return precondition(
          "'" + path + "' would be written outside of the repository, to '" + real + "'",
          "replace the symbolic link by a folder");
    }
    return {};
  }

  Result<void> change(const Plan& plan) {
    const auto& path = plan.tracked.path;
    std::error_code error;
    SW_CHECK_OK(check_stays_inside(path));
    if (plan.state.exists && plan.state.now.folder != plan.wanted.folder) {
      fs::remove_all(repository_.absolute(path), error);
    }
    data::Progress progress{.total_files = plan.deliver.size()};
    for (const auto& entry : plan.deliver) {
      const auto target = inside(path, entry.path);
      SW_CHECK_OK(check_stays_inside(target));
      const auto absolute = repository_.absolute(target);
      if (fs::is_directory(absolute, error)) fs::remove_all(absolute, error);
      SW_CHECK_OK(repository_.cache().restore(entry.md5, absolute, entry.executable));
      ++progress.files;
      if (common_.on_progress) common_.on_progress(progress);
    }
    for (const auto& entry : plan.remove) {
      if (entry.empty()) continue;  // a file that has become a folder is gone already
      fs::remove(repository_.absolute(inside(path, entry)), error);
      remove_empty_parents(path, entry);
    }
    if (plan.wanted.folder) fs::create_directories(repository_.absolute(path), error);
    return {};
  }

  void remove_empty_parents(const std::string& path, std::string entry) {
    for (auto slash = entry.rfind('/'); slash != entry.npos; slash = entry.rfind('/')) {
      entry.resize(slash);
      std::error_code error;
      if (!fs::remove(repository_.absolute(inside(path, entry)), error) || error) return;
    }
  }

  void apply(const Plan& plan) {
    if (const auto changed = change(plan); !changed) {
      out_.failed.push_back(shown(plan.tracked));
      out_.reasons.push_back(changed.error().message);
      return;
    }
    auto name = shown(plan.tracked);
    if (plan.wanted.folder) name += "/";
    (plan.state.exists ? out_.modified : out_.added).push_back(std::move(name));
    std::set<std::string> had;
    for (const auto& entry : plan.state.now.entries) had.insert(entry.path);
    for (const auto& entry : plan.deliver) {
      ++(had.contains(entry.path) ? out_.files_modified : out_.files_added);
    }
    out_.files_deleted += plan.remove.size();
  }

  Repository& repository_;
  const Common& common_;
  const CheckoutOptions& options_;
  std::set<std::string> checked_;
  CheckedOut out_;
};

}  // namespace

Result<CheckedOut> checkout(const Common& common, const std::vector<std::string>& targets,
                            const CheckoutOptions& options) {
  SW_TRY(const auto repository, Repository::open(common));
  SW_TRY(const auto lock, repository->lock());
  SW_TRY(const auto selected, repository->select(common.folder, targets));
  return CheckingOut(*repository, common, options).run(selected);
}

}  // namespace slipway::wire::dvc
