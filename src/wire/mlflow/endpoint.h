// SPDX-License-Identifier: Apache-2.0
// Binds functions over wire structs to routes: parses, calls, dumps, or renders the error.
//
//   Result<RunResponse> get(Tracking& tracking, const GetRun& in);
//   Endpoints at{router, tracking, "run"};
//   at.get("runs/get", get);          // under /api/2.0/mlflow/ and /ajax-api/2.0/mlflow/
//
// A function may take the net::Request as a third parameter (path parameters), and may answer with
// Result<net::Response> where the shape is not JSON or the status is its own. One that would wait
// for the disk is given a Done instead (post_later), so that no thread waits with it.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <type_traits>

#include "errors.h"
#include "json/json.h"
#include "net/http.h"

namespace slipway::wire::mlflow {

using Answer = std::function<Result<net::Response>(const net::Request&)>;
// Called once, from any thread.
template <class Out>
using Done = std::function<void(Result<Out>)>;
using AnswerLater = std::function<void(const net::Request&, const Done<net::Response>&)>;

// What a request says, as JSON text: the query of a GET, the body of anything else.
Result<std::string> json_of(const net::Request& request);
bool is_json(std::string_view text);
json::ParseOptions parse_options(const net::Request& request);
net::Response answer_with(std::string json);
inline constexpr json::DumpOptions kDump{.non_finite = json::DumpOptions::NonFinite::text,
                                         .skip_empty_lists = true};

// Both spellings of the path: /api/<version>/mlflow/<path> and /ajax-api/.. . The action that the
// gate is asked is `noun`.read or `noun`.write.
void add_route(net::Router& router, net::Method method, std::string_view version,
               std::string_view path, std::string_view noun, const Answer& answer);
void add_later_route(net::Router& router, std::string_view version, std::string_view path,
                     std::string_view noun, const AnswerLater& answer);

template <class In>
Result<In> read_any(const std::string& text, const net::Request& request) {
  auto in = json::parse<In>(text, parse_options(request));
  // What is no JSON at all counts as no fields at all, as it does for the original.
  if (!in && !is_json(text)) return json::parse<In>("{}");
  return in;
}

// A message that comes very often may have a reader of its own (a specialisation).
template <class In>
Result<In> read(const net::Request& request) {
  SW_TRY(const auto text, json_of(request));
  return read_any<In>(text, request);
}

template <class Out>
Result<net::Response> finish(Result<Out> out) {
  if (!out) return std::move(out.error());
  if constexpr (std::is_same_v<Out, net::Response>) {
    return out;
  } else {
    return answer_with(json::dump(*out, kDump));
  }
}

template <class Room>
class Endpoints {
 public:
  template <class In, class Out>
  using Call = Result<Out> (*)(Room&, const In&);
  template <class In, class Out>
  using CallWithRequest = Result<Out> (*)(Room&, const In&, const net::Request&);

  Endpoints(net::Router& router, Room& room, std::string noun, std::string version = "2.0")
      : router_(router), room_(room), noun_(std::move(noun)), version_(std::move(version)) {}

  template <class F>
  void get(std::string_view path, F f) {
    add(net::Method::get, path, f);
  }
  template <class F>
  void post(std::string_view path, F f) {
    add(net::Method::post, path, f);
  }
  template <class In, class Out>
  void post_later(std::string_view path, void (*call)(Room&, const In&, const Done<Out>&)) {
    const auto answer = [room = &room_, call](const net::Request& request,
                                              const Done<net::Response>& send) {
      const auto in = read<In>(request);
      if (!in) return send(in.error());
      call(*room, *in, [send](Result<Out> out) { send(finish(std::move(out))); });
    };
    add_later_route(router_, version_, path, noun_, answer);
  }
  template <class F>
  void patch(std::string_view path, F f) {
    add(net::Method::patch, path, f);
  }
  template <class F>
  void del(std::string_view path, F f) {
    add(net::Method::del, path, f);
  }

 private:
  template <class In, class Out>
  void add(net::Method method, std::string_view path, Call<In, Out> call) {
    bind(method, path, [room = &room_, call](const net::Request& request) -> Result<net::Response> {
      SW_TRY(const auto in, read<In>(request));
      return finish(call(*room, in));
    });
  }
  template <class In, class Out>
  void add(net::Method method, std::string_view path, CallWithRequest<In, Out> call) {
    bind(method, path, [room = &room_, call](const net::Request& request) -> Result<net::Response> {
      SW_TRY(const auto in, read<In>(request));
      return finish(call(*room, in, request));
    });
  }
  void bind(net::Method method, std::string_view path, const Answer& answer) {
    add_route(router_, method, version_, path, noun_, answer);
  }

  net::Router& router_;
  Room& room_;
  std::string noun_;
  std::string version_;
};

}  // namespace slipway::wire::mlflow
