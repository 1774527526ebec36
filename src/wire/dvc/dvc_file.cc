// SPDX-License-Identifier: Apache-2.0
#include "dvc_file.h"

#include "base/text.h"
#include "data/object_id.h"
#include "yaml/yaml.h"

namespace slipway::wire::dvc {
namespace {

const std::vector<std::string_view> kStageKeys{"desc", "md5",  "cmd",  "wdir",           "frozen",
                                               "deps", "outs", "meta", "always_changed", "params"};
const std::vector<std::string_view> kOutKeys{
    "md5",  "size", "nfiles", "isexec",  "version_id", "etag",   "checksum", "cloud",   "remote",
    "hash", "path", "desc",   "type",    "fs_config",  "labels", "meta",     "cache",   "metric",
    "plot", "push", "files",  "persist", "annot",      "title",  "header",   "template"};

class Reader {
 public:
  explicit Reader(std::string name) : name_(std::move(name)) {}

  Result<DvcFile> file(const yaml::Node& root) const {
    DvcFile out;
    if (root.kind == yaml::Node::Kind::null) return out;
    if (root.kind != yaml::Node::Kind::map) return bad(root, "expected a map with 'outs'");
    SW_CHECK_OK(yaml::only(root, kStageKeys, name_, "a pointer file"));
    if (const auto* wdir = root.find("wdir")) {
      SW_TRY(out.wdir, text(*wdir, "wdir"));
      if (out.wdir == ".") out.wdir.clear();
    }
    if (const auto* frozen = root.find("frozen")) {
      SW_TRY(out.frozen, flag(*frozen, "frozen"));
    }
    const auto* deps = root.find("deps");
    out.has_deps = deps != nullptr && !deps->items.empty();
    const auto* outs = root.find("outs");
    if (outs == nullptr || outs->kind == yaml::Node::Kind::null) return out;
    if (outs->kind != yaml::Node::Kind::list) return bad(*outs, "'outs' must be a list");
    for (const auto& item : outs->items) {
      SW_TRY(auto one, output(*item));
      out.outs.push_back(std::move(one));
    }
    return out;
  }

 private:
  Error bad(const yaml::Node& at, const std::string& what) const {
    return yaml::error_at(name_, at.line, what);
  }

  Result<std::string> text(const yaml::Node& node, const std::string& key) const {
    if (!node.is_scalar() || node.kind == yaml::Node::Kind::null) {
      return bad(node, "'" + key + "' must be text");
    }
    return node.text;
  }

  Result<bool> flag(const yaml::Node& node, const std::string& key) const {
    if (node.kind != yaml::Node::Kind::boolean) {
      return bad(node, "'" + key + "' must be true or false");
    }
    return to_lower(node.text) == "true";
  }

  Result<std::uint64_t> count(const yaml::Node& node, const std::string& key) const {
    const auto n = node.is_scalar() ? parse_int(node.text) : std::nullopt;
    if (!n || *n < 0) return bad(node, "'" + key + "' must be a number");
    return static_cast<std::uint64_t>(*n);
  }

  Result<void> check_path(const yaml::Node& node, const std::string& path) const {
    if (path.empty() || path.find('\0') != path.npos) return bad(node, "'path' is empty");
    if (path.starts_with('/')) return bad(node, "absolute path '" + path + "'");
    for (const auto segment : split(path, '/')) {
      if (segment == "..") return bad(node, "path '" + path + "' leaves its folder");
    }
    return {};
  }

  Result<Output> output(const yaml::Node& node) const {
    if (node.kind != yaml::Node::Kind::map) return bad(node, "an output must be a map");
    SW_CHECK_OK(yaml::only(node, kOutKeys, name_, "an output"));
    Output out;
    const auto* path = node.find("path");
    if (path == nullptr) return bad(node, "an output needs a 'path'");
    SW_TRY(out.path, text(*path, "path"));
    SW_CHECK_OK(check_path(*path, out.path));
    if (const auto* md5 = node.find("md5")) {
      SW_TRY(out.md5, text(*md5, "md5"));
      if (!data::ObjectId::parse(out.md5)) return bad(*md5, "'" + out.md5 + "' is not an MD5 hash");
    }
    if (const auto* size = node.find("size")) {
      SW_TRY(out.size, count(*size, "size"));
    }
    if (const auto* nfiles = node.find("nfiles")) {
      SW_TRY(out.nfiles, count(*nfiles, "nfiles"));
    }
    if (const auto* isexec = node.find("isexec")) {
      SW_TRY(out.executable, flag(*isexec, "isexec"));
    }
    if (const auto* cache = node.find("cache")) {
      SW_TRY(out.cached, flag(*cache, "cache"));
    }
    out.current_hash = out.md5.empty();
    if (const auto* hash = node.find("hash")) {
      SW_TRY(const auto kind, text(*hash, "hash"));
      out.current_hash = kind == "md5";
    }
    return out;
  }

  std::string name_;
};

}  // namespace

Result<DvcFile> parse_dvc_file(std::string_view text, const std::string& name) {
  SW_TRY(const auto root, yaml::parse(text, name));
  return Reader(name).file(*root);
}

}  // namespace slipway::wire::dvc
