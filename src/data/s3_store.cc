// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include <unistd.h>

#include "base/ids.h"
#include "data/object_cache.h"
#include "data/object_store.h"
#include "fetch/s3.h"
#include "file_copy.h"

namespace slipway::data {
namespace {

constexpr std::size_t kAFew = 32;            // objects that are asked for one by one
constexpr std::size_t kPrefixes = 16 * 256;  // of three hex digits
constexpr std::size_t kKeysAPage = 1'000;

class S3Store : public ObjectStore {
 public:
  S3Store(fetch::S3Access access, fetch::S3Place place, std::string noting, Clock& clock)
      : access_(std::move(access)),
        bucket_(std::move(place.bucket)),
        noting_(std::move(noting)),
        clock_(clock) {
    auto prefix = std::move(place.key);
    while (prefix.ends_with('/')) prefix.pop_back();
    base_ = prefix.empty() ? "" : prefix + "/";
  }

  // One by one when they are few, else by lists: whichever takes fewer requests.
  Result<std::vector<ObjectId>> present(const std::vector<ObjectId>& ids) override {
    if (ids.size() > kAFew) {
      SW_TRY(const auto whole, about_how_many());
      if (whole / kKeysAPage < ids.size()) {
        SW_TRY(const auto listed, all());
        const std::set<ObjectId> there(listed.begin(), listed.end());
        std::vector<ObjectId> out;
        std::copy_if(ids.begin(), ids.end(), std::back_inserter(out),
                     [&](const ObjectId& id) { return there.contains(id); });
        return out;
      }
    }
    std::vector<ObjectId> out;
    auto s3 = connect();
    for (const auto& id : ids) {
      const auto facts = s3.look(place_of(id));
      if (facts) {
        out.push_back(id);
      } else if (facts.error().code != Code::not_found) {
        return facts.error();
      }
    }
    return out;
  }

  Result<std::vector<ObjectId>> all() override {
    std::vector<ObjectId> out;
    auto s3 = connect();
    std::string token;
    do {
      SW_TRY(const auto page, s3.list(bucket_, base_ + "files/md5/", token));
      for (const auto& key : page.keys) {
        const auto id =
            ObjectId::at_path(std::string_view(key).substr(std::min(base_.size(), key.size())));
        if (id) out.push_back(*id);
      }
      if (!page.next.empty() && page.next == token) {
        return unavailable("the list of s3://" + bucket_ + "/" + base_ + " does not end");
      }
      token = page.next;
    } while (!token.empty());
    return out;
  }

  Result<void> put(const ObjectId& id, const std::string& path) override {
    SW_TRY(const auto read, copy_and_hash(path, "", 0));
    if (read.md5 != id.md5) return corrupt_object(id, path, read.md5);
    auto s3 = connect();
    return s3.upload(path, place_of(id), noting_ + "/" + id.text() + ".upload");
  }

  Result<std::optional<Md5>> get(const ObjectId& id, const std::string& path) override {
    auto s3 = connect();
    SW_TRY(const auto facts, s3.look(place_of(id)));
    SW_CHECK_OK(s3.download(place_of(id), facts, path));
    return std::optional<Md5>();
  }

  Result<void> remove(const std::vector<ObjectId>& ids) override {
    auto s3 = connect();
    for (std::size_t from = 0; from < ids.size(); from += kKeysAPage) {
      std::vector<std::string> keys;
      const auto until = std::min(ids.size(), from + kKeysAPage);
      for (std::size_t i = from; i < until; ++i) keys.push_back(base_ + ids[i].path());
      SW_CHECK_OK(s3.remove(bucket_, keys));
    }
    return {};
  }

  std::string address_of(const ObjectId& id) const override {
    return "s3://" + bucket_ + "/" + base_ + id.path();
  }

  std::size_t usual_jobs() const override { return 16; }

 private:
  fetch::S3 connect() const { return {access_, clock_}; }
  fetch::S3Place place_of(const ObjectId& id) const { return {bucket_, base_ + id.path()}; }

  // By one of the prefixes of three digits: ids are spread evenly.
  Result<std::size_t> about_how_many() {
    auto s3 = connect();
    SW_TRY(const auto page, s3.list(bucket_, base_ + "files/md5/00/0", {}));
    return page.keys.size() * kPrefixes;
  }

  fetch::S3Access access_;
  std::string bucket_;
  std::string base_;
  std::string noting_;
  Clock& clock_;
};

}  // namespace

std::unique_ptr<ObjectStore> s3_store(const fetch::S3Access& access, const fetch::S3Place& place,
                                      const std::string& noting, Clock& clock) {
  return std::make_unique<S3Store>(access, place, noting, clock);
}

}  // namespace slipway::data
