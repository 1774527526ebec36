// SPDX-License-Identifier: Apache-2.0
#include "data/deliver.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <mutex>
#include <optional>

#include <unistd.h>

#include "data/read_files.h"
#include "file_copy.h"

namespace slipway::data {
namespace {

class Delivering {
 public:
  Delivering(const ObjectCache& cache, StatCache& stats, const Deliveries& deliveries)
      : cache_(cache), stats_(stats), deliveries_(deliveries) {
    progress_.total_files = deliveries.count;
    for (const auto link : deliveries.links) {
      if (link == Link::copy) break;
      if (link != Link::reflink) links_ = true;
    }
  }

  Result<void> run() {
    std::vector<std::size_t> to_copy;
    if (links_) {
      for (std::size_t i = 0; i < deliveries_.count && !error_; ++i) link_or_note(i, to_copy);
    } else {
      to_copy.resize(deliveries_.count);
      for (std::size_t i = 0; i < to_copy.size(); ++i) to_copy[i] = i;
    }
    if (!error_) copy(to_copy);
    if (error_) return *std::move(error_);
    return {};
  }

 private:
  void link_or_note(std::size_t i, std::vector<std::size_t>& to_copy) {
    auto linked = link(deliveries_.item(i));
    if (!linked) return fail(linked.error());
    if (*linked) {
      advance();
    } else {
      to_copy.push_back(i);
    }
  }

  // False: it has to be copied.
  Result<bool> link(const Delivery& item) {
    const ObjectId id{item.md5};
    const auto object = cache_.path_of(id);
    struct stat info {};
    if (::stat(object.c_str(), &info) != 0) return file_error("cannot read", object);
    if (info.st_size == 0 || item.executable) return false;
    SW_CHECK_OK(verify(id, object, info));
    struct stat target {};
    if (::stat(item.target.c_str(), &target) == 0 && target.st_ino == info.st_ino &&
        target.st_dev == info.st_dev) {
      ::unlink(item.target.c_str());  // a name of the object already, perhaps of another kind
    }
    for (const auto kind : deliveries_.links) {
      if (kind == Link::copy) return false;
      const auto name = deliveries_.fresh ? item.target : temporary_beside(item.target);
      if (!make(kind, object, name)) continue;
      if (!deliveries_.fresh && ::rename(name.c_str(), item.target.c_str()) != 0) {
        auto error = file_error("cannot write", item.target);
        ::unlink(name.c_str());
        return error;
      }
      // A new name changes the object's own times.
      if (::stat(object.c_str(), &info) == 0) stats_.remember_written(info, item.md5);
      return true;
    }
    return precondition("'" + item.target + "' cannot be a link to the cache",
                        "add copy to the link types: slipway data config cache.type \"hardlink,"
                        "symlink,copy\"");
  }

  static bool make(Link kind, const std::string& object, const std::string& name) {
    if (kind == Link::hardlink) return ::link(object.c_str(), name.c_str()) == 0;
    if (kind == Link::symlink) return ::symlink(object.c_str(), name.c_str()) == 0;
    struct stat info {};
    const auto from = open_to_read(object, info);
    const auto to = create(name, masked(0666));
    if (from && to && share_blocks(from->get(), to->get())) return true;
    if (to) ::unlink(name.c_str());
    return false;
  }

  Result<void> verify(const ObjectId& id, const std::string& object, const struct stat& info) {
    const auto known = stats_.find(info);
    if (known && *known == id.md5) return {};
    SW_TRY(const auto read, copy_and_hash(object, "", 0));
    if (read.md5 != id.md5) return corrupt_object(id, object, read.md5);
    return {};
  }

  void copy(const std::vector<std::size_t>& which) {
    std::vector<std::string> names(deliveries_.fresh ? 0 : which.size());
    const bool share = std::find(deliveries_.links.begin(), deliveries_.links.end(),
                                 Link::reflink) != deliveries_.links.end();
    read_files({.count = which.size(),
                .file =
                    [&](std::size_t i) {
                      const auto item = deliveries_.item(which[i]);
                      if (!deliveries_.fresh) names[i] = temporary_beside(item.target);
                      return FileToRead{cache_.path_of({item.md5}),
                                        deliveries_.fresh ? item.target : names[i],
                                        masked(item.executable ? 0777 : 0666), share};
                    },
                .done =
                    [&](std::size_t i, Result<FileRead>&& read) {
                      const auto item = deliveries_.item(which[i]);
                      auto put = finish(item, deliveries_.fresh ? item.target : names[i], read);
                      if (!put) {
                        fail(put.error());
                      } else {
                        advance();
                      }
                      return put.ok();
                    },
                .on_bytes = {}});
  }

  Result<void> finish(const Delivery& item, const std::string& name, Result<FileRead>& read) {
    if (!read) return read.error();
    if (read->md5 != item.md5) {
      if (read->copied) ::unlink(name.c_str());
      return corrupt_object({item.md5}, cache_.path_of({item.md5}), read->md5);
    }
    struct stat written = read->copy;
    if (read->in_memory) {
      SW_CHECK_OK(write_new(name, masked(item.executable ? 0777 : 0666), read->content, &written));
    }
    if (!deliveries_.fresh) {
      if (::rename(name.c_str(), item.target.c_str()) != 0) {
        auto error = file_error("cannot write", item.target);
        ::unlink(name.c_str());
        return error;
      }
      if (::stat(item.target.c_str(), &written) != 0) {
        return file_error("cannot read", item.target);
      }
    }
    stats_.remember_written(written, item.md5);
    return {};
  }

  void fail(const Error& error) {
    const std::scoped_lock lock(mutex_);
    if (!error_) error_ = error;
  }

  void advance() {
    const std::scoped_lock lock(mutex_);
    ++progress_.files;
    if (deliveries_.on_progress) deliveries_.on_progress(progress_);
  }

  const ObjectCache& cache_;
  StatCache& stats_;
  const Deliveries& deliveries_;
  bool links_ = false;
  std::mutex mutex_;
  Progress progress_;
  std::optional<Error> error_;
};

}  // namespace

std::optional<Link> parse_link(std::string_view name) {
  if (name == "reflink") return Link::reflink;
  if (name == "hardlink") return Link::hardlink;
  if (name == "symlink") return Link::symlink;
  if (name == "copy") return Link::copy;
  return std::nullopt;
}

Result<void> deliver(const ObjectCache& cache, StatCache& stats, const Deliveries& deliveries) {
  return Delivering(cache, stats, deliveries).run();
}

Result<void> own_copies(const std::vector<std::string>& files, const OnProgress& on_progress) {
  Progress progress{.total_files = files.size()};
  for (const auto& file : files) {
    struct stat info {};
    if (::stat(file.c_str(), &info) != 0) return file_error("cannot read", file);
    const auto name = temporary_beside(file);
    const int mode = masked((info.st_mode & S_IXUSR) != 0 ? 0777 : 0666);
    SW_CHECK_OK(copy_and_hash(file, name, mode));
    if (::rename(name.c_str(), file.c_str()) != 0) {
      auto error = file_error("cannot write", file);
      ::unlink(name.c_str());
      return error;
    }
    ++progress.files;
    if (on_progress) on_progress(progress);
  }
  return {};
}

}  // namespace slipway::data
