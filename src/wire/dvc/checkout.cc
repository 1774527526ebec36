// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <numeric>
#include <set>
#include <utility>

#include <sys/stat.h>

#include "base/ids.h"
#include "data/deliver.h"
#include "state.h"

namespace slipway::wire::dvc {
namespace {

namespace fs = std::filesystem;

// What has to happen to one output.
struct Plan {
  Tracked tracked;
  State state;
  data::Manifest wanted;
  std::vector<std::size_t> deliver;  // places in wanted.entries
  std::size_t added = 0;             // of those, files that are not there yet
  std::size_t modified = 0;          // and files with another content
  bool relink_only = false;
  std::vector<std::string> remove;    // relative to the output
  std::vector<std::size_t> replaced;  // places in state.now.entries of what goes away
};

std::string inside(const std::string& path, const std::string& entry) {
  return entry.empty() ? path : path + "/" + entry;
}

// A folder on the output's file system that is renamed to it, or goes away.
class Staging {
 public:
  static Result<Staging> make(const Repository& repository, const std::string& target) {
    Staging out;
    const auto name = "checkout-" + system_ids().hex32().substr(0, 12);
    out.path_ = repository.absolute(".dvc/tmp/" + name);
    struct stat ours {};
    struct stat theirs {};
    auto parent = fs::path(target).parent_path();
    while (::stat(parent.c_str(), &theirs) != 0 && parent.has_relative_path()) {
      parent = parent.parent_path();
    }
    const auto temporary = repository.absolute(".dvc/tmp");
    if (::stat(temporary.c_str(), &ours) == 0 && ours.st_dev != theirs.st_dev) {
      out.path_ = (parent / ("." + name)).string();
    }
    std::error_code error;
    fs::create_directories(out.path_, error);
    if (error) return unavailable("cannot make '" + out.path_ + "': " + error.message());
    return out;
  }
  Staging(Staging&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  ~Staging() {
    std::error_code error;
    if (!path_.empty()) fs::remove_all(path_, error);
  }
  const std::string& path() const { return path_; }

 private:
  Staging() = default;
  std::string path_;
};

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
    const bool up_to_date = plan.state.kind == State::Kind::up_to_date;
    if (up_to_date && !options_.relink) return std::optional<Plan>{};
    auto wanted = repository_.recorded(tracked.out);
    if (!wanted) {
      fail(tracked, wanted.error().message);
      return std::optional<Plan>{};
    }
    plan.wanted = *std::move(wanted);
    plan.relink_only = up_to_date;
    compare(plan, options_.relink);
    if (const auto lacking = lacking_object(plan); !lacking.empty()) {
      fail(tracked, lacking);
      return std::optional<Plan>{};
    }
    return std::optional<Plan>{std::move(plan)};
  }

  // Both lists are sorted by path.
  static void compare(Plan& plan, bool relink) {
    const auto& now = plan.state.now.entries;
    const auto& wanted = plan.wanted.entries;
    const bool same_kind = plan.state.exists && plan.state.now.folder == plan.wanted.folder;
    const std::size_t have = same_kind ? now.size() : 0;
    std::size_t at = 0;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      for (; at < have && now[at].path < wanted[i].path; ++at) plan.replaced.push_back(at);
      const bool there = at < have && now[at].path == wanted[i].path;
      if (there && now[at].md5 == wanted[i].md5) {
        if (relink) plan.deliver.push_back(i);
        ++at;
        continue;
      }
      plan.deliver.push_back(i);
      if (there) {
        plan.replaced.push_back(at++);
        ++plan.modified;
      } else {
        ++plan.added;
      }
    }
    for (; at < have; ++at) plan.replaced.push_back(at);
    std::size_t next = 0;
    for (const auto place : plan.replaced) {
      while (next < plan.deliver.size() && wanted[plan.deliver[next]].path < now[place].path)
        ++next;
      const bool again =
          next < plan.deliver.size() && wanted[plan.deliver[next]].path == now[place].path;
      if (!again) plan.remove.push_back(now[place].path);
    }
  }

  // What is wrong, or nothing.
  std::string lacking_object(const Plan& plan) {
    std::vector<data::ObjectId> ids;
    ids.reserve(plan.deliver.size());
    for (const auto place : plan.deliver) ids.push_back({plan.wanted.entries[place].md5});
    const auto absent = repository_.cache().absent(ids);
    if (absent.empty()) return {};
    const auto& entry = plan.wanted.entries[plan.deliver[absent.front()]];
    return "the cache lacks object " + data::hex_of(entry.md5) + " of '" +
           inside(plan.tracked.path, entry.path) + "'";
  }

  // Work that only this work tree holds is not thrown away unasked.
  Result<void> refuse_unsaved(const std::vector<Plan>& plans) {
    if (options_.force) return {};
    std::string list;
    for (const auto& plan : plans) {
      const auto& now = plan.state.now;
      std::vector<data::ObjectId> ids;
      std::vector<std::size_t> places = plan.replaced;
      if (plan.state.exists && now.folder != plan.wanted.folder) {
        places.resize(now.entries.size());
        std::iota(places.begin(), places.end(), 0);
      }
      for (const auto place : places) ids.push_back({now.entries[place].md5});
      for (const auto absent : repository_.cache().absent(ids)) {
        const auto& path = now.entries[places[absent]].path;
        list += "\n" + repository_.absolute(inside(plan.tracked.path, path));
      }
    }
    if (list.empty()) return {};
    return precondition("can't remove the following unsaved files without confirmation:" + list,
                        "add them first, or use --force to lose them");
  }

  // The folder that will hold `path`, through whatever links, is inside of the repository.
  Result<void> check_stays_inside(const std::string& path) {
    const auto absolute = repository_.absolute(path);
    if (!checked_.insert(absolute.substr(0, absolute.rfind('/'))).second) return {};
    const auto holder = repository_.holder_of(absolute);
    if (!holder.inside) {
      return precondition(
          "'" + path + "' would be written outside of the repository, to '" + holder.real + "'",
          "replace the symbolic link by a folder");
    }
    return {};
  }

  Result<void> change(const Plan& plan) {
    const auto& path = plan.tracked.path;
    std::error_code error;
    SW_CHECK_OK(check_stays_inside(path));
    if (plan.wanted.folder && !plan.state.exists) return make_folder(plan);
    if (plan.state.exists && plan.state.now.folder != plan.wanted.folder) {
      fs::remove_all(repository_.absolute(path), error);
    }
    for (const auto place : plan.deliver) {
      const auto target = inside(path, plan.wanted.entries[place].path);
      SW_CHECK_OK(check_stays_inside(target));
    }
    SW_CHECK_OK(deliver(plan, repository_.absolute(path), false));
    for (const auto& entry : plan.remove) {
      if (entry.empty()) continue;  // a file that has become a folder is gone already
      const auto gone = repository_.absolute(inside(path, entry));
      if (!fs::is_directory(gone, error)) fs::remove(gone, error);
      remove_empty_parents(path, entry);
    }
    if (plan.wanted.folder) fs::create_directories(repository_.absolute(path), error);
    return {};
  }

  // A folder that is not there yet is made elsewhere and appears whole.
  Result<void> make_folder(const Plan& plan) {
    const auto target = repository_.absolute(plan.tracked.path);
    SW_TRY(const Staging staging, Staging::make(repository_, target));
    const auto folder = staging.path();
    SW_CHECK_OK(deliver(plan, folder, true));
    std::error_code error;
    fs::create_directories(fs::path(target).parent_path(), error);
    fs::rename(folder, target, error);
    if (!error) return {};
    return unavailable("cannot make '" + target + "': " + error.message());
  }

  Result<void> deliver(const Plan& plan, const std::string& to, bool fresh) {
    const auto target = [&](std::size_t i) {
      const auto& entry = plan.wanted.entries[plan.deliver[i]];
      return data::Delivery{entry.md5, inside(to, entry.path), entry.executable};
    };
    std::string made;
    for (std::size_t i = 0; i < plan.deliver.size(); ++i) {
      const auto file = target(i).target;
      std::error_code error;
      const auto parent = file.substr(0, file.rfind('/'));
      if (parent != made) fs::create_directories(parent, error);
      if (error) return unavailable("cannot make '" + parent + "': " + error.message());
      if (!fresh && fs::is_directory(file, error)) fs::remove_all(file, error);
      made = parent;
    }
    return data::deliver(repository_.cache(), repository_.stats(),
                         {.count = plan.deliver.size(),
                          .item = target,
                          .links = repository_.links(),
                          .fresh = fresh,
                          .on_progress = common_.on_progress});
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
    if (plan.relink_only) return;
    auto name = shown(plan.tracked);
    if (plan.wanted.folder) name += "/";
    (plan.state.exists ? out_.modified : out_.added).push_back(std::move(name));
    out_.files_added += plan.added;
    out_.files_modified += plan.modified;
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
