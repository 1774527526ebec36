// SPDX-License-Identifier: Apache-2.0
#include "artifacts/artifact_file.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace slipway::wire::mlflow {
namespace {

class FileProducer : public net::BodyProducer {
 public:
  explicit FileProducer(std::unique_ptr<blob::Reader> reader) : reader_(std::move(reader)) {}
  Result<std::size_t> read(char* into, std::size_t size) override {
    return reader_->read(into, size);
  }

 private:
  std::unique_ptr<blob::Reader> reader_;
};

std::string_view type_of(std::string_view name) {
  static constexpr std::pair<std::string_view, std::string_view> kTypes[] = {
      {".json", "application/json"}, {".txt", "text/plain"},    {".yaml", "text/plain"},
      {".yml", "text/plain"},        {".md", "text/plain"},     {".csv", "text/csv"},
      {".html", "text/html"},        {".png", "image/png"},     {".jpg", "image/jpeg"},
      {".jpeg", "image/jpeg"},       {".svg", "image/svg+xml"}, {".gif", "image/gif"},
      {".pdf", "application/pdf"},   {".py", "text/plain"},     {".log", "text/plain"}};
  if (name == "MLmodel" || name == "MLproject") return "text/plain";
  for (const auto& [ending, type] : kTypes) {
    if (name.ends_with(ending)) return type;
  }
  return "application/octet-stream";
}

std::string disposition_of(std::string_view name) {
  std::string plain;
  bool exact = true;
  for (const char c : name) {
    const bool safe = c >= 0x20 && c < 0x7F && c != '"' && c != '\\';
    exact = exact && safe;
    plain += safe ? c : '_';
  }
  std::string out = "attachment; filename=\"" + plain + "\"";
  return exact ? out : out + "; filename*=UTF-8''" + percent_encode(name);
}

struct Range {
  std::uint64_t first = 0;
  std::uint64_t length = 0;
};

// Changes with the file's content: a file is only ever replaced as a whole.
std::string etag_of(const blob::Stat& stat) {
  return "\"" + std::to_string(stat.modified.ms) + "-" + std::to_string(stat.size) + "\"";
}

bool names_etag(std::string_view header, std::string_view etag) {
  for (auto one : split(header, ',')) {
    one = trim(one);
    if (one.starts_with("W/")) one.remove_prefix(2);
    if (one == etag || one == "*") return true;
  }
  return false;
}

// One range of bytes within `size`. Nothing when none is asked for, or one that we do not follow
// (then the whole is sent, as the protocol allows), or when If-Range names another content; an
// error when it lies outside, or when several are asked for at once.
Result<std::optional<Range>> range_of(const net::Request& request, std::uint64_t size,
                                      std::string_view etag) {
  const auto header = request.headers.get("range");
  if (!header.starts_with("bytes=")) return std::optional<Range>();
  const auto unchanged = request.headers.get("if-range");
  if (!unchanged.empty() && unchanged != etag) return std::optional<Range>();
  const auto spec = trim(header.substr(6));
  if (spec.find(',') != std::string_view::npos) {
    return invalid("several ranges in one request: '" + std::string(spec.substr(0, 100)) + "'",
                   "ask for one range at a time");
  }
  const auto dash = spec.find('-');
  if (dash == std::string_view::npos) return std::optional<Range>();
  const auto first = parse_int(spec.substr(0, dash));
  const auto last = parse_int(spec.substr(dash + 1));
  const auto outside = invalid("the range '" + std::string(spec) + "' is outside the file");
  if (dash == 0) {  // the last n bytes
    if (!last || *last < 0) return std::optional<Range>();
    const auto n = std::min(static_cast<std::uint64_t>(*last), size);
    if (n == 0) return outside;
    return std::optional(Range{size - n, n});
  }
  if (!first || *first < 0 || (dash + 1 < spec.size() && (!last || *last < *first))) {
    return std::optional<Range>();
  }
  const auto from = static_cast<std::uint64_t>(*first);
  if (from >= size) return outside;
  const auto to = last ? std::min(static_cast<std::uint64_t>(*last), size - 1) : size - 1;
  return std::optional(Range{from, to - from + 1});
}

}  // namespace

Result<net::Response> send_file(tracking::Artifacts& artifacts, const std::string& root,
                                const std::string& path, const net::Request& request) {
  if (path.empty()) return invalid("artifact path refers to a directory, not a file: ''");
  SW_TRY(const auto stat, artifacts.stat(root, path));
  if (!stat) return not_found("no such artifact: '" + path + "'");
  if (stat->folder) {
    return invalid("artifact path refers to a directory, not a file: '" + path + "'");
  }
  net::Response out;
  const auto etag = etag_of(*stat);
  if (const auto known = request.headers.get("if-none-match");
      !known.empty() && names_etag(known, etag)) {
    out.status = 304;
    out.headers.set("etag", etag);
    return out;
  }
  const auto range = range_of(request, stat->size, etag);
  if (!range) {
    out = net::Response::text(416, range.error().message + "\n");
    out.headers.set("content-range", "bytes */" + std::to_string(stat->size));
    return out;
  }
  const auto part = range->value_or(Range{0, stat->size});
  SW_TRY(auto reader, artifacts.open(root, path, part.first, part.length));
  out.status = *range ? 206 : 200;
  out.length = part.length;
  out.producer = std::make_shared<FileProducer>(std::move(reader));
  const auto name = path.substr(path.rfind('/') + 1);
  out.headers.set("content-type", std::string(type_of(name)));
  out.headers.set("content-disposition", disposition_of(name));
  out.headers.set("x-content-type-options", "nosniff");
  out.headers.set("accept-ranges", "bytes");
  out.headers.set("etag", etag);
  if (*range) {
    out.headers.set("content-range", "bytes " + std::to_string(part.first) + "-" +
                                         std::to_string(part.first + part.length - 1) + "/" +
                                         std::to_string(stat->size));
  }
  return out;
}

}  // namespace slipway::wire::mlflow
