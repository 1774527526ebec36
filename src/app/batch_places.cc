// SPDX-License-Identifier: Apache-2.0
#include "batch_places.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/text.h"

namespace slipway::app {
namespace {

namespace fs = std::filesystem;

Result<void> check_format(const std::string& output) {
  for (const char* suffix : {".csv", ".jsonl", ".json", ".parquet"}) {
    if (output.ends_with(suffix)) return {};
  }
  return invalid("output '" + output + "' has no format", "end it in .csv, .jsonl or .parquet");
}

// Jobs are listed and kept; a password must not be among what they say.
Result<void> check_no_password(const std::string& url) {
  const auto from = url.find("://") + 3;
  const auto head = url.substr(from, url.find_first_of("/?", from) - from);
  const auto at = head.rfind('@');
  const bool in_head = at != std::string::npos && head.substr(0, at).find(':') != std::string::npos;
  if (!in_head && url.find("password=") == std::string::npos) return {};
  return invalid("the address of the database has a password in it, which everybody would see",
                 "leave it out: the server takes PGPASSWORD or ~/.pgpass");
}

Result<void> check_table(const BatchSpec& spec) {
  if (!is_table(spec.output)) {
    if (spec.table.empty()) return {};
    return invalid("table belongs to an output that begins with postgresql://");
  }
  SW_CHECK_OK(check_no_password(spec.output));
  const auto parts = split(spec.table, '.');
  const bool whole = std::none_of(parts.begin(), parts.end(),
                                  [](auto part) { return part.empty() || part.size() > 63; });
  if (spec.table.empty() || parts.size() > 2 || !whole) {
    return invalid("table '" + spec.table.substr(0, 150) + "' is not the name of a table",
                   "write table, or schema.table");
  }
  return {};
}

// `place` is below `prefix`, which ends where a name ends.
bool is_below(const std::string& place, std::string prefix) {
  if (prefix.empty()) return false;
  if (place == prefix) return true;
  if (!prefix.ends_with('/')) prefix += '/';
  return place.starts_with(prefix);
}

}  // namespace

bool is_table(const std::string& output) {
  return output.starts_with("postgresql://") || output.starts_with("postgres://");
}

Result<void> BatchPlaces::check(const BatchSpec& spec) const {
  if (spec.output.empty() && spec.key.empty()) {
    return invalid("output is missing", "give an output, or a key to look answers up by");
  }
  if (is_table(spec.input)) {
    return invalid("input '" + spec.input.substr(0, 100) + "' is not a file",
                   "name a file or an object: /data/in.parquet, s3://bucket/in.parquet");
  }
  SW_CHECK_OK(check_table(spec));
  if (!spec.output.empty()) {
    if (!is_table(spec.output)) SW_CHECK_OK(check_format(spec.output));
    SW_CHECK_OK(check_place(spec.output));
  }
  SW_CHECK_OK(check_place(spec.input));
  if (spec.input == spec.output) return invalid("output is the input");
  return {};
}

Result<void> BatchPlaces::check_place(const std::string& place) const {
  const bool outside = fetch::is_s3(place) || is_table(place);
  if (fetch::is_s3(place)) SW_CHECK_OK(fetch::parse_s3(place));
  if (!outside && (place.empty() || place.front() != '/')) {
    return invalid("'" + place + "' is not an absolute path", "the server reads and writes it");
  }
  if (options_.any_path) return {};
  if (outside) {
    for (const auto& prefix : options_.places) {
      if (is_below(place, prefix)) return {};
    }
    return Error{Code::permission_denied,
                 "'" + place +
                     "' is not among the places of batch jobs, and others than this "
                     "machine's users reach the server",
                 "name it in --batch-places"};
  }
  std::error_code failed;
  const auto root = fs::weakly_canonical(options_.folder, failed);
  const auto inside = fs::weakly_canonical(place, failed).lexically_relative(root);
  if (!failed && !inside.empty() && *inside.begin() != "..") return {};
  return Error{Code::permission_denied,
               "'" + place + "' is outside of '" + options_.folder +
                   "', and others than this machine's users reach the server",
               "put the file there"};
}

Result<std::string> BatchPlaces::fingerprint(const std::string& input) const {
  if (fetch::is_s3(input)) {
    SW_TRY(const auto place, fetch::parse_s3(input));
    SW_TRY(const auto facts, fetch::S3(options_.s3, clock_).look(place));
    return std::to_string(facts.size) + "-" + facts.etag;
  }
  std::error_code failed;
  const auto size = fs::file_size(input, failed);
  if (failed) {
    return not_found("cannot read '" + input + "'", "name a file on the server's machine");
  }
  const auto changed = fs::last_write_time(input, failed).time_since_epoch().count();
  return std::to_string(size) + "-" + std::to_string(changed);
}

std::string BatchPlaces::spool(const BatchJob& job, const std::string& what) const {
  std::error_code failed;
  fs::create_directories(options_.spool, failed);
  return options_.spool + "/" + job.id + what;
}

Result<std::string> BatchPlaces::bring(const BatchJob& job,
                                       const std::function<bool()>& given_up) const {
  const Error changed{Code::conflict, "the input changed since the job was submitted",
                      "submit it again"};
  if (!fetch::is_s3(job.spec.input)) {
    SW_TRY(const auto print, fingerprint(job.spec.input));
    if (print != job.fingerprint) return changed;
    return job.spec.input;
  }
  SW_TRY(const auto place, fetch::parse_s3(job.spec.input));
  fetch::S3 s3(options_.s3, clock_, given_up);
  SW_TRY(const auto facts, s3.look(place));
  if (std::to_string(facts.size) + "-" + facts.etag != job.fingerprint) return changed;
  // Its ending tells how it is packed.
  const auto name = fs::path(place.key).filename().string();
  const auto dot = name.find('.');
  auto file = spool(job, ".in" + (dot == std::string::npos ? "" : name.substr(dot)));
  SW_CHECK_OK(s3.download(place, facts, file));
  return file;
}

std::string BatchPlaces::part_of(const BatchJob& job) const {
  if (fetch::is_s3(job.spec.output)) return spool(job, ".part");
  return job.spec.output + "." + job.id + ".part";
}

Result<void> BatchPlaces::deliver(const BatchJob& job, const std::string& whole,
                                  const std::function<bool()>& given_up) const {
  if (fetch::is_s3(job.spec.output)) {
    SW_TRY(const auto place, fetch::parse_s3(job.spec.output));
    return fetch::S3(options_.s3, clock_, given_up).upload(whole, place, spool(job, ".upload"));
  }
  std::error_code failed;
  fs::rename(whole, job.spec.output, failed);
  if (failed) return invalid("cannot write '" + job.spec.output + "': " + failed.message());
  return {};
}

void BatchPlaces::forget(const BatchJob& job) const {
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(options_.spool, failed)) {
    if (entry.path().filename().string().starts_with(job.id + ".")) {
      fs::remove(entry.path(), failed);
    }
  }
}

}  // namespace slipway::app
