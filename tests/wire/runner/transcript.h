// SPDX-License-Identifier: Apache-2.0
// Transcripts: requests and the answers that they must get, as text. A file is a row of exchanges,
// separated by empty lines; a line that starts with # is a comment.
//
//   POST /api/2.0/mlflow/runs/create
//   {"experiment_id": "0"}
//   200 {"run": {"info": {"run_id": "<run>", "status": "RUNNING", ...}, ...}}
//
// The request is a line with method and target, header lines (Name: value) if any, and a body if
// any (JSON's content type is added when there is none). The answer starts with its status; what
// follows, over as many lines as it takes, is the body:
//   JSON          must be equal, numbers by value
//   ...           in an object or as the end of a list: more may follow
//   "<name>"      a text that is bound on first sight and must be the same later, in answers and
//                 in requests; "a/<name>/b" uses what is bound; <name> without quotes binds any
//                 value
//   /re/          a text that matches the POSIX extended expression
//   'text         the rest of the line, literally: a body that is not JSON
// Nothing after the status: any body.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "net/http.h"

namespace slipway::transcript {

struct Exchange {
  int line = 0;
  net::Method method = net::Method::get;
  std::string target;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  int status = 0;
  std::string wanted;
};

using Bindings = std::map<std::string, std::string>;  // name -> JSON text

Result<std::vector<Exchange>> parse(const std::string& text);
// "" when the body fits; otherwise where and why not.
std::string mismatch(const std::string& wanted, const std::string& body, Bindings& bindings);
// Runs them all in order: "" or the first complaint, with its line.
std::string run(const net::Router& router, const std::vector<Exchange>& exchanges);

}  // namespace slipway::transcript
