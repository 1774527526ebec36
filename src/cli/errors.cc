// SPDX-License-Identifier: Apache-2.0
// `slipway errors`: the error codes, how HTTP and the command line tell them, what they mean.
#include "arguments.h"
#include "base/text.h"
#include "commands.h"
#include "output.h"
#include "wire/api/problem.h"

namespace slipway::cli {
namespace {

struct Meaning {
  Code code;
  std::string_view text;
};

constexpr Meaning kMeanings[] = {
    {Code::invalid_argument, "the request is wrong; repeating it will not help"},
    {Code::not_found, "the named thing does not exist"},
    {Code::already_exists, "the name is taken"},
    {Code::conflict, "somebody else changed it first: read again and retry"},
    {Code::failed_precondition, "the right words, but the thing is in the wrong state"},
    {Code::unauthenticated, "it is not known who asks"},
    {Code::permission_denied, "the one who asks may not"},
    {Code::exhausted, "a bound was reached (queue, size): retry later or ask for less"},
    {Code::unavailable, "a part is not there now: retry"},
    {Code::deadline, "the time allowed ran out"},
    {Code::cancelled, "the caller went away or stopped it"},
    {Code::unimplemented, "known, but not offered here"},
    {Code::data_loss, "stored bytes are not what was written"},
    {Code::internal, "a defect of the server; the log has the request id"},
};

}  // namespace

int errors(const Args& args) {
  CLI::App command;
  std::string json;
  command.add_option("--json", json, "write JSON to this file; - is standard output");
  if (const auto code = parse(command, "errors", args)) return *code;
  std::vector<Row> rows;
  std::string document = "[";
  for (const auto& [code, text] : kMeanings) {
    const auto status = std::to_string(wire::api::status_of(code));
    const auto exit = std::to_string(exit_code_of({.code = code}));
    rows.push_back({std::string(name_of(code)), status, exit, std::string(text)});
    document += document.size() > 1 ? ",\n  " : "\n  ";
    document += "{\"code\":\"" + std::string(name_of(code)) + "\",\"http\":" + status +
                ",\"exit\":" + exit + ",\"meaning\":";
    append_json_string(document, text);
    document += "}";
  }
  if (!json.empty()) {
    const auto written = write_document(json, document + "\n]");
    return written ? kDone : fail(written.error());
  }
  print_table({"CODE", "HTTP", "EXIT", "MEANING"}, rows);
  return kDone;
}

}  // namespace slipway::cli
