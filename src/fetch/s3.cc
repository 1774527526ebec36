// SPDX-License-Identifier: Apache-2.0
#include "fetch/s3.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "s3_xml.h"

namespace slipway::fetch {
namespace {

constexpr std::uint64_t kPart = 16 << 20;
constexpr std::uint64_t kMostParts = 9'000;  // of 10,000 that are allowed
constexpr int kTries = 5;
constexpr int kTimeoutMs = 300'000;  // of one piece

class File {
 public:
  explicit File(int file) : file_(file) {}
  ~File() {
    if (file_ >= 0) ::close(file_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const { return file_; }
  bool is_open() const { return file_ >= 0; }

 private:
  int file_;
};

Error file_error(const std::string& what, const std::string& path) {
  return exhausted(what + " '" + path + "': " + std::strerror(errno), "is the disk full?");
}

std::string header(const Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return {};
}

Result<void> append(int file, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const auto wrote = ::write(file, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return file_error("cannot write", path);
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  if (::fdatasync(file) != 0) return file_error("cannot write", path);
  return {};
}

Result<std::string> piece_of(int file, std::uint64_t from, std::uint64_t size) {
  std::string out(size, '\0');
  for (std::uint64_t at = 0; at < size;) {
    const auto got = ::pread(file, out.data() + at, size - at, static_cast<off_t>(from + at));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return unavailable("the file that is uploaded was cut short");
    at += static_cast<std::uint64_t>(got);
  }
  return out;
}

}  // namespace

S3::S3(S3Access access, Clock& clock, std::function<bool()> given_up)
    : access_(std::move(access)), clock_(clock), given_up_(std::move(given_up)) {}

Result<Response> S3::ask_once(const std::string& method, const S3Place& place,
                              const std::map<std::string, std::string>& query,
                              std::string_view body, const Headers& headers) {
  std::string base = access_.endpoint;
  while (base.ends_with('/')) base.pop_back();
  const bool amazon = base.empty();
  if (amazon) base = "https://" + place.bucket + ".s3." + access_.region + ".amazonaws.com";
  S3Request request{.method = method,
                    .host = base.substr(base.find("://") + 3),
                    .path = (amazon ? "/" : "/" + place.bucket + "/"),
                    .body = body};
  request.path += percent_encode(place.key, "/");
  for (const auto& [key, value] : query) request.query[key] = percent_encode(value);
  std::string url = base + request.path;
  char mark = '?';
  for (const auto& [key, value] : request.query) {
    url += mark + key + "=" + value;
    mark = '&';
  }
  auto all = sign_s3(request, access_, clock_.now());
  all.insert(all.end(), headers.begin(), headers.end());
  return send({.method = method,
               .url = url,
               .headers = std::move(all),
               .body = std::string(body),
               .timeout_ms = kTimeoutMs});
}

// Again when the server was not reached, or has too much to do.
Result<Response> S3::ask(const std::string& method, const S3Place& place,
                         const std::map<std::string, std::string>& query, std::string_view body,
                         const Headers& headers) {
  for (int turn = 1;; ++turn) {
    if (given_up_ && given_up_()) return Error{Code::cancelled, "it was given up", {}};
    auto answer = ask_once(method, place, query, body, headers);
    const bool again =
        answer ? answer->status >= 500 || answer->status == 429
               : answer.error().code == Code::unavailable || answer.error().code == Code::deadline;
    if (!again || turn == kTries) return answer;
    std::this_thread::sleep_for(std::chrono::milliseconds(100 << turn));
  }
}

Result<S3::Facts> S3::look(const S3Place& place) {
  SW_TRY(const auto answer, ask("HEAD", place, {}, {}, {}));
  if (answer.status != 200) return error_of(answer, place);
  const auto size = parse_int(header(answer, "content-length"));
  if (!size || *size < 0) return unavailable("s3: no length of '" + place.key + "'");
  return Facts{static_cast<std::uint64_t>(*size), header(answer, "etag")};
}

Result<void> S3::download(const S3Place& place, const Facts& facts, const std::string& path,
                          const std::function<void(std::uint64_t)>& told) {
  const File file(::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  struct stat there {};
  if (!file.is_open() || ::fstat(file.get(), &there) != 0) return file_error("cannot write", path);
  auto at = static_cast<std::uint64_t>(there.st_size);
  at = at > facts.size ? 0 : at / kPart * kPart;
  if (there.st_size == static_cast<off_t>(facts.size) && facts.size > 0) return {};
  if (::ftruncate(file.get(), static_cast<off_t>(at)) != 0 ||
      ::lseek(file.get(), static_cast<off_t>(at), SEEK_SET) < 0) {
    return file_error("cannot write", path);
  }
  while (at < facts.size) {
    const auto size = std::min(kPart, facts.size - at);
    Headers headers{{"range", "bytes=" + std::to_string(at) + "-" + std::to_string(at + size - 1)}};
    if (!facts.etag.empty()) headers.emplace_back("if-match", facts.etag);
    SW_TRY(const auto answer, ask("GET", place, {}, {}, headers));
    if (answer.status != 206 && answer.status != 200) return error_of(answer, place);
    if (answer.body.size() != size) return unavailable("s3: a piece of another length");
    SW_CHECK_OK(append(file.get(), answer.body, path));
    at += size;
    if (told) told(at);
  }
  return {};
}

Result<void> S3::upload(const std::string& path, const S3Place& place, const std::string& note) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat facts {};
  if (!file.is_open() || ::fstat(file.get(), &facts) != 0) return file_error("cannot read", path);
  const auto size = static_cast<std::uint64_t>(facts.st_size);
  std::ifstream noted(note);
  std::ostringstream before;
  before << noted.rdbuf();
  if (!before.str().empty()) abandon(place, before.str());
  if (size > kPart) return upload_in_parts(file.get(), size, place, note);
  SW_TRY(const auto bytes, piece_of(file.get(), 0, size));
  SW_TRY(const auto answer, ask("PUT", place, {}, bytes, {}));
  if (answer.status != 200) return error_of(answer, place);
  return {};
}

Result<void> S3::upload_in_parts(int file, std::uint64_t size, const S3Place& place,
                                 const std::string& note) {
  SW_TRY(const auto begun, ask("POST", place, {{"uploads", ""}}, {}, {}));
  const auto id = element(begun.body, "UploadId");
  if (begun.status != 200 || id.empty()) return error_of(begun, place);
  {
    const File noted(::open(note.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600));
    if (!noted.is_open()) return file_error("cannot write", note);
    SW_CHECK_OK(append(noted.get(), id, note));
  }
  const auto list = upload_parts(file, size, place, id);
  if (!list) {
    abandon(place, id);
    return list.error();
  }
  SW_TRY(const auto done, ask("POST", place, {{"uploadId", id}}, *list, {}));
  if (done.status == 404) {  // a try whose answer was lost had ended it
    const auto whole = look(place);
    if (whole && whole->size == size) return {};
  }
  // Its status is sent before it is known how it ends.
  if (done.status != 200 || done.body.find("<Error>") != std::string::npos) {
    abandon(place, id);
    return error_of(done, place);
  }
  ::unlink(note.c_str());
  return {};
}

Result<std::string> S3::upload_parts(int file, std::uint64_t size, const S3Place& place,
                                     const std::string& id) {
  const auto part = std::max(kPart, size / kMostParts + 1);
  std::string list = "<CompleteMultipartUpload>";
  int number = 1;
  for (std::uint64_t at = 0; at < size; at += part, ++number) {
    SW_TRY(const auto bytes, piece_of(file, at, std::min(part, size - at)));
    SW_TRY(
        const auto answer,
        ask("PUT", place, {{"partNumber", std::to_string(number)}, {"uploadId", id}}, bytes, {}));
    const auto etag = header(answer, "etag");
    if (answer.status != 200 || etag.empty()) return error_of(answer, place);
    list += "<Part><PartNumber>" + std::to_string(number) + "</PartNumber><ETag>" + etag +
            "</ETag></Part>";
  }
  return list + "</CompleteMultipartUpload>";
}

void S3::abandon(const S3Place& place, const std::string& id) {
  (void)ask_once("DELETE", place, {{"uploadId", id}}, {}, {}).ok();
}

}  // namespace slipway::fetch
