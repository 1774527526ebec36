// SPDX-License-Identifier: Apache-2.0
#include "cache.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>

#include <sys/stat.h>

#include "base/clock.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/text.h"
#include "blob/hash.h"
#include "json/value.h"

namespace slipway::pipeline {
namespace {

namespace fs = std::filesystem;

constexpr char kPrefix[] = "steps/outputs/";
constexpr int kMaxDepth = 100;
constexpr std::size_t kMaxFiles = 100'000;  // of one output; a larger one is not kept, only hashed

void add(std::string& out, std::string_view text) {
  out += std::to_string(text.size());
  out += ':';
  out += text;
}

struct OutputFile {
  std::string relative;  // empty: the output itself
  std::string hash;
};

std::string blob_key(const std::string& hash) {
  return kPrefix + hash.substr(0, 2) + "/" + hash;
}

Result<void> store_file(const std::string& path, const std::string& hash, blob::BlobStore& blobs) {
  SW_TRY(const auto present, blobs.stat(blob_key(hash)));
  if (present) return {};
  std::ifstream file(path, std::ios::binary);
  if (!file) return unavailable("cannot read '" + path + "'");
  SW_TRY(auto writer, blobs.put(blob_key(hash)));
  std::vector<char> buffer(1 << 20);
  while (file) {
    file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    SW_CHECK_OK(writer->write({buffer.data(), static_cast<std::size_t>(file.gcount())}));
  }
  SW_TRY(const auto stored, writer->finish());
  if (stored == hash) return {};
  SW_CHECK_OK(blobs.remove(blob_key(hash)));
  return Error{Code::conflict, "'" + path + "' changed while it was kept", ""};
}

// The files of an output; nothing when there are too many to keep.
Result<std::optional<std::vector<OutputFile>>> files_of(const std::string& path,
                                                        ContentHashes& hashes) {
  std::vector<OutputFile> out;
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    SW_TRY(auto hash, hashes.of(path));
    out.push_back({"", std::move(hash)});
    return std::optional(std::move(out));
  }
  for (auto it = fs::recursive_directory_iterator(path, error);
       !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    if (it->is_directory(error)) continue;
    if (!it->is_regular_file(error) || it->is_symlink(error) || out.size() >= kMaxFiles) {
      return std::optional<std::vector<OutputFile>>{};
    }
    SW_TRY(auto hash, hashes.of(it->path().string()));
    out.push_back({fs::relative(it->path(), path, error).string(), std::move(hash)});
  }
  if (error) return unavailable("cannot list '" + path + "': " + error.message());
  return std::optional(std::move(out));
}

// Whether a remembered path may be written below the output again.
bool stays_inside(std::string_view relative) {
  if (relative.starts_with('/')) return false;
  for (const auto part : split(relative, '/')) {
    if (part == "..") return false;
  }
  return true;
}

bool put_back(const std::string& path, const json::value& output, blob::BlobStore& blobs) {
  const auto* files = json::find(output, "files");
  if (files == nullptr || !files->is_array()) return false;
  std::error_code error;
  for (const auto& file : files->get_array()) {
    const auto relative = json::text_at(file, "path").value_or("");
    const auto hash = json::text_at(file, "hash").value_or("");
    if (hash.empty() || !stays_inside(relative)) return false;
    const auto present = blobs.stat(blob_key(hash));
    if (!present || !*present) return false;
    const auto from = blobs.local_path(blob_key(hash));
    if (!from) return false;
    const auto to = relative.empty() ? fs::path(path) : fs::path(path) / relative;
    fs::create_directories(to.parent_path(), error);
    fs::remove(to, error);
    fs::copy_file(*from, to, fs::copy_options::overwrite_existing, error);
    if (error) return false;
    fs::permissions(to,
                    fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read |
                        fs::perms::others_read,
                    error);
  }
  return true;
}

}  // namespace

std::string path_in(const std::string& folder, const std::string& path) {
  return path.starts_with('/') || folder.empty() ? path : folder + "/" + path;
}

std::string cache_key(const CacheParts& parts) {
  std::string text = "1";
  add(text, parts.command);
  add(text, parts.params);
  add(text, parts.item);
  auto env = parts.env;
  auto inputs = parts.inputs;
  auto outputs = parts.outputs;
  std::sort(env.begin(), env.end());
  std::sort(inputs.begin(), inputs.end());
  std::sort(outputs.begin(), outputs.end());
  for (const auto* list : {&env, &inputs}) {
    add(text, std::to_string(list->size()));
    for (const auto& [name, value] : *list) {
      add(text, name);
      add(text, value);
    }
  }
  for (const auto& output : outputs) add(text, output);
  return blob::hash_of(blob::Hasher::Kind::sha256, text);
}

Result<std::string> ContentHashes::of(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return not_found("'" + path + "' does not exist");
  if (S_ISDIR(info.st_mode)) return of_folder(path, 0);
  if (!S_ISREG(info.st_mode)) return invalid("'" + path + "' is neither a file nor a folder");
  return of_file(path);
}

Result<std::string> ContentHashes::of_file(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return not_found("'" + path + "' does not exist");
  const auto modified = info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec;
  const Known now{info.st_size, modified, info.st_ino, {}};
  auto& known = known_[path];
  if (!known.hash.empty() && known.size == now.size && known.modified_ns == now.modified_ns &&
      known.inode == now.inode) {
    return known.hash;
  }
  SW_TRY(auto hash, blob::hash_of_file(blob::Hasher::Kind::sha256, path));
  // A file that was written this very moment may change again without its time changing.
  const bool settled = system_clock().now().ms - modified / 1'000'000 > 100;
  known = now;
  if (settled) known.hash = hash;
  return hash;
}

Result<std::string> ContentHashes::of_folder(const std::string& path, int depth) {
  if (depth > kMaxDepth) return invalid("'" + path + "' is nested too deep");
  std::vector<fs::path> entries;
  std::error_code error;
  for (auto it = fs::directory_iterator(path, error); !error && it != fs::directory_iterator();
       it.increment(error)) {
    entries.push_back(it->path());
  }
  if (error) return unavailable("cannot list '" + path + "': " + error.message());
  std::sort(entries.begin(), entries.end());
  std::string text = "folder";
  for (const auto& entry : entries) {
    add(text, entry.filename().string());
    if (fs::is_symlink(entry, error) && fs::is_directory(entry, error)) {
      add(text, "-> " + fs::read_symlink(entry, error).string());  // never followed: no circles
    } else if (fs::is_directory(entry, error)) {
      SW_TRY(const auto hash, of_folder(entry.string(), depth + 1));
      add(text, hash);
    } else if (fs::is_regular_file(entry, error)) {
      SW_TRY(const auto hash, of_file(entry.string()));
      add(text, hash);
    }
  }
  return blob::hash_of(blob::Hasher::Kind::sha256, text);
}

namespace {

Result<json::object> keep_one(const std::string& folder, const std::string& output,
                              ContentHashes& hashes, blob::BlobStore* blobs) {
  const auto path = path_in(folder, output);
  SW_TRY(const auto hash, hashes.of(path));
  json::object entry;
  entry["path"] = output;
  entry["hash"] = hash;
  SW_TRY(const auto files, files_of(path, hashes));
  if (!files || blobs == nullptr) return entry;
  json::array list;
  for (const auto& file : *files) {
    const auto from = file.relative.empty() ? path : path + "/" + file.relative;
    SW_CHECK_OK(store_file(from, file.hash, *blobs));
    list.push_back(json::object{{"path", file.relative}, {"hash", file.hash}});
  }
  entry["files"] = std::move(list);
  return entry;
}

}  // namespace

Result<std::string> keep_outputs(const std::string& folder, const std::vector<std::string>& outputs,
                                 ContentHashes& hashes, blob::BlobStore* blobs) {
  json::array out;
  for (const auto& output : outputs) {
    SW_TRY(auto entry, keep_one(folder, output, hashes, blobs));
    out.push_back(std::move(entry));
  }
  return json::dump_value(out);
}

std::string kept_text(const Kept& kept) {
  if (kept.result.empty() && kept.artifacts.empty()) return kept.outputs;
  std::string out = "{\"outputs\":" + kept.outputs + ",\"result\":";
  append_json_string(out, kept.result);
  out += ",\"artifacts\":";
  append_json_string(out, kept.artifacts);
  return out + "}";
}

std::optional<Kept> restore_kept(const std::string& folder, const std::string& remembered,
                                 ContentHashes& hashes, blob::BlobStore* blobs) {
  Kept out{remembered, "", ""};
  const auto document = json::parse_value(remembered);
  if (!document) return std::nullopt;
  if (document->is_object()) {
    const auto* outputs = json::find(*document, "outputs");
    out.outputs = outputs == nullptr ? "[]" : json::dump_value(*outputs);
    out.result = json::text_at(*document, "result").value_or("");
    out.artifacts = json::text_at(*document, "artifacts").value_or("");
  }
  if (!restore_outputs(folder, out.outputs, hashes, blobs)) return std::nullopt;
  return out;
}

Result<std::string> keep_artifacts(
    const std::string& folder, const std::vector<std::pair<std::string, std::string>>& artifacts,
    ContentHashes& hashes, blob::BlobStore* blobs) {
  if (blobs == nullptr) return unavailable("there is no store for artifacts here");
  json::array out;
  for (const auto& [name, path] : artifacts) {
    SW_TRY(auto entry, keep_one(folder, path, hashes, blobs));
    if (!entry.contains("files")) {
      return exhausted("artifact '" + name + "' holds links, or more than " +
                           std::to_string(kMaxFiles) + " files",
                       "make one file of it");
    }
    entry["name"] = name;
    out.push_back(std::move(entry));
  }
  return json::dump_value(out);
}

Result<std::string> place_artifact(const std::string& root, const std::string& remembered,
                                   std::string_view name, blob::BlobStore* blobs) {
  const auto list = json::parse_value(remembered.empty() ? "[]" : remembered);
  const json::value* found = nullptr;
  if (list && list->is_array()) {
    for (const auto& entry : list->get_array()) {
      if (json::text_at(entry, "name") == name) found = &entry;
    }
  }
  if (found == nullptr || blobs == nullptr) {
    return not_found("there is no artifact '" + std::string(name.substr(0, 80)) + "'",
                     "list it under 'artifacts' of the step that makes it");
  }
  const auto hash = json::text_at(*found, "hash").value_or("");
  const auto base = fs::path(json::text_at(*found, "path").value_or("")).filename().string();
  const auto folder = root + "/" + hash.substr(0, 2) + "/" + hash;
  const auto path = folder + "/" + (base.empty() ? "artifact" : base);
  std::error_code error;
  if (fs::exists(path, error)) return path;
  const auto making = root + "/." + random_secret_hex(8);
  const auto made = making + path.substr(folder.size());
  fs::create_directories(made.substr(0, made.rfind('/')), error);
  const auto* files = json::find(*found, "files");
  const bool empty_folder = files != nullptr && files->is_array() && files->get_array().empty();
  if (empty_folder) fs::create_directories(made, error);
  if (!put_back(made, *found, *blobs)) {
    fs::remove_all(making, error);
    return unavailable("artifact '" + std::string(name) + "' cannot be put at '" + path + "'");
  }
  fs::create_directories(folder, error);
  fs::rename(made, path, error);  // another one may have been quicker
  const bool there = fs::exists(path, error);
  fs::remove_all(making, error);
  if (!there) return unavailable("artifact '" + std::string(name) + "' cannot be put at its place");
  return path;
}

bool restore_outputs(const std::string& folder, const std::string& remembered,
                     ContentHashes& hashes, blob::BlobStore* blobs) {
  const auto list = json::parse_value(remembered);
  if (!list || !list->is_array()) return false;
  for (const auto& output : list->get_array()) {
    const auto path = path_in(folder, json::text_at(output, "path").value_or(""));
    const auto wanted = json::text_at(output, "hash").value_or("");
    const auto found = hashes.of(path);
    if (found && *found == wanted) continue;
    if (blobs == nullptr || !put_back(path, output, *blobs)) return false;
    const auto now = hashes.of(path);
    if (!now || *now != wanted) return false;
  }
  return true;
}

}  // namespace slipway::pipeline
