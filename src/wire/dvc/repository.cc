// SPDX-License-Identifier: Apache-2.0
#include "repository.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/text.h"
#include "blob/atomic_file.h"
#include "data/scan.h"
#include "dir_object.h"

namespace slipway::wire::dvc {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPointerLimit = 4u << 20;
constexpr int kLockTries = 100;
constexpr int kLockPauseMs = 50;

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == path.npos ? "" : path.substr(0, slash);
}

bool is_inside(std::string_view path, std::string_view folder) {
  return folder.empty() || path == folder ||
         (path.starts_with(folder) && path.substr(folder.size()).starts_with('/'));
}

}  // namespace

Repository::Repository(std::string root, Settings settings, std::string cache_root)
    : root_(std::move(root)),
      settings_(std::move(settings)),
      stats_(root_ + "/.dvc/tmp/slipway/stat-cache"),
      cache_(std::move(cache_root)),
      ignored_(root_) {}

Result<std::unique_ptr<Repository>> Repository::open(const Common& common) {
  const auto& folder = common.folder;
  for (fs::path at = folder; !at.empty(); at = at.parent_path()) {
    std::error_code error;
    if (fs::is_directory(at / ".dvc", error)) {
      const std::string root = at == "/" ? "" : at.string();
      SW_TRY(auto settings, load_settings(root + "/.dvc", common.user_config));
      const auto dir = settings.find("cache.dir");
      auto cache_root = dir != settings.end() ? dir->second : root + "/.dvc/cache";
      return std::unique_ptr<Repository>(
          new Repository(root, std::move(settings), std::move(cache_root)));
    }
    if (at == at.root_path()) break;
  }
  return precondition(
      "you are not inside of a DVC repository (looked from '" + folder + "' upwards)",
      "make one with `slipway data init`");
}

bool Repository::has_git() const {
  if (is_true(settings_, "core.no_scm")) return false;
  for (fs::path at = root_ + "/"; at.has_relative_path(); at = at.parent_path()) {
    std::error_code error;
    if (fs::exists(at / ".git", error)) return true;
  }
  return false;
}

Result<std::string> Repository::locate(const std::string& folder, const std::string& path) const {
  auto full =
      fs::path(path.starts_with('/') ? path : folder + "/" + path).lexically_normal().string();
  while (full.size() > 1 && full.ends_with('/')) full.pop_back();
  if (full == root_) return std::string();
  if (!is_inside(full, root_)) {
    return invalid("'" + path + "' is outside of the repository '" + root_ + "'",
                   "version data where its repository is");
  }
  return full.substr(root_.size() + 1);
}

Repository::Holder Repository::holder_of(const std::string& absolute) const {
  std::error_code error;
  auto parent = fs::path(absolute).parent_path();
  while (!fs::exists(parent, error) && parent.has_relative_path()) parent = parent.parent_path();
  Holder out{.real = fs::canonical(parent, error).string() + "/"};
  const auto root = fs::canonical(root_ + "/", error).string() + "/";
  out.inside = !error && out.real.starts_with(root);
  return out;
}

std::string Repository::shown(const std::string& folder, const std::string& absolute) {
  return fs::path(absolute).lexically_relative(folder).string();
}

Result<std::vector<std::string>> Repository::files(std::string_view ending) {
  std::vector<std::string> out;
  std::vector<std::string> pending{""};
  while (!pending.empty()) {
    const auto folder = pending.back();
    pending.pop_back();
    std::error_code error;
    for (fs::directory_iterator it(absolute(folder), error), end; !error && it != end;
         it.increment(error)) {
      const auto name = it->path().filename().string();
      const auto path = folder.empty() ? name : folder + "/" + name;
      const bool is_folder = it->is_directory(error) && !it->is_symlink(error);
      if (ignored_.ignores(path, is_folder)) continue;
      // A folder with a pointer beside it is data: nothing of ours is looked for in there.
      if (is_folder && !fs::exists(absolute(path + ".dvc"))) pending.push_back(path);
      const bool named = name == ending || (ending[0] == '.' && name.size() > ending.size() &&
                                            name.ends_with(ending));
      if (!is_folder && named) out.push_back(path);
    }
    if (error) return unavailable("cannot list '" + absolute(folder) + "': " + error.message());
  }
  std::sort(out.begin(), out.end());
  return out;
}

Result<std::vector<Tracked>> Repository::tracked() {
  SW_TRY(const auto pointers, files(".dvc"));
  std::vector<Tracked> out;
  for (const auto& pointer : pointers) {
    SW_TRY(const auto text, blob::read_file(absolute(pointer), kPointerLimit));
    SW_TRY(const auto file, parse_dvc_file(text, pointer));
    for (std::size_t i = 0; i < file.outs.size(); ++i) {
      const auto base = root_ + "/" + parent_of(pointer) + "/" + file.wdir;
      SW_TRY(auto path, locate(base, file.outs[i].path));
      out.push_back({pointer, i, std::move(path), file.outs[i]});
    }
  }
  return out;
}

Result<std::vector<Tracked>> Repository::select(const std::string& folder,
                                                const std::vector<std::string>& targets) {
  SW_TRY(const auto all, tracked());
  if (targets.empty()) return all;
  std::vector<Tracked> out;
  for (const auto& target : targets) {
    SW_TRY(const auto path, locate(folder, target));
    bool found = false;
    for (const auto& one : all) {
      const bool named = one.pointer == path || one.path == path || is_inside(path, one.path);
      if (!named) continue;
      found = true;
      const auto same = [&](const Tracked& t) { return t.path == one.path; };
      if (std::none_of(out.begin(), out.end(), same)) out.push_back(one);
    }
    if (!found) {
      return not_found("'" + target + "' does not exist as an output or a pointer file",
                       "`slipway data status` names what is tracked");
    }
  }
  return out;
}

Result<data::Manifest> Repository::scan(const std::string& path,
                                        const data::OnProgress& on_progress, bool store) {
  auto ignore = [&](const std::string& inside, bool folder) {
    return ignored_.ignores(path + "/" + inside, folder);
  };
  return data::scan(absolute(path), ignore, stats_, on_progress, store ? &cache_ : nullptr);
}

Result<data::Manifest> Repository::recorded(const Output& out) {
  const auto id = data::ObjectId::parse(out.md5);
  if (!id) return invalid("'" + out.md5 + "' of '" + out.path + "' is no hash");
  if (!id->manifest) {
    return data::Manifest{
        .folder = false,
        .entries = {{.md5 = id->md5, .size = out.size.value_or(0), .executable = out.executable}}};
  }
  if (!cache_.has(*id)) return not_found("the cache lacks the manifest of '" + out.path + "'");
  SW_TRY(const auto text, cache_.read(*id));
  return parse_dir_object(text);
}

std::vector<data::Link> Repository::links() const {
  const auto found = settings_.find("cache.type");
  std::vector<data::Link> out;
  if (found != settings_.end()) {
    for (const auto part : split(found->second, ',')) {
      if (const auto link = data::parse_link(trim(part))) out.push_back(*link);
    }
  }
  if (out.empty()) out = {data::Link::reflink, data::Link::copy};
  return out;
}

Repository::Lock::~Lock() {
  if (fd >= 0) ::close(fd);
}

Result<Repository::Lock> Repository::lock() {
  std::error_code error;
  fs::create_directories(absolute(".dvc/tmp"), error);
  Lock out;
  const auto path = absolute(".dvc/tmp/lock");
  out.fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (out.fd < 0) {
    return unavailable("cannot open '" + path + "'", "check the rights on the folder .dvc/tmp");
  }
  for (int i = 0; i < kLockTries; ++i) {
    if (::flock(out.fd, LOCK_EX | LOCK_NB) == 0) {
      const auto pid = " " + std::to_string(::getpid()) + "\n";
      if (::ftruncate(out.fd, 0) == 0) (void)!::pwrite(out.fd, pid.data(), pid.size(), 0);
      return out;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(kLockPauseMs));
  }
  return unavailable("another command is changing this repository ('" + path + "' is locked)",
                     "wait for it to end and run the command again");
}

}  // namespace slipway::wire::dvc
