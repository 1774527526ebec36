// SPDX-License-Identifier: Apache-2.0
// HTTP as the rest of the house sees it: plain requests, replies and handlers. Sockets, coroutines
// and Beast stop behind net/server.h.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/recycle.h"
#include "base/result.h"
#include "net/headers.h"

namespace slipway::net {

enum class Method { get, head, post, put, patch, del, options };
std::string_view name_of(Method method);

using PathParams =
    std::vector<std::pair<std::string, std::string>, Recycled<std::pair<std::string, std::string>>>;

// A request body that is read while it arrives (streaming routes only). Blocks the calling worker;
// the connection is not read from faster than this is, so memory stays flat.
class BodySource {
 public:
  virtual ~BodySource() = default;
  // At most `size` bytes; 0 is the end. `cancelled` when the client went away, `deadline` when it
  // stalls, `exhausted` when it sends more than the route allows.
  virtual Result<std::size_t> read(char* into, std::size_t size) = 0;
};

struct Request {
  Method method = Method::get;
  std::string target;                                      // as sent: path and query
  std::string path;                                        // decoded
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in order, repeated keys kept
  PathParams path_params;  // by the names in the route's pattern, decoded
  Headers headers;
  std::string body;                    // whole, already decompressed; empty on streaming routes
  std::shared_ptr<BodySource> source;  // streaming routes only
  std::optional<std::uint64_t> content_length;
  std::string remote;  // address of the peer
  std::string
      request_id;  // x-request-id as sent if it is sane, else made here; echoed in the answer
  std::int64_t received_ns = 0;  // monotonic
  // W3C trace context of what this request is here, as the middleware made it: echoed in the
  // answer and given on to whoever is asked on its behalf. Empty: it is not traced.
  std::string traceparent;
  // Who asks, as the middleware found out.
  std::string principal = "anonymous";
  // What HTTP itself answers (405, 408, 413, 415, 431) where an error's code alone says less; 0 on
  // every other error. For error renderers.
  int protocol_status = 0;

  std::optional<std::string> query_value(std::string_view key) const;  // the first
  const std::string& param(std::string_view name) const;               // empty when absent
  // As new, but keeps the memory for the next one.
  void reset();
};

// Produces a body piece by piece on a worker thread.
class BodyProducer {
 public:
  virtual ~BodyProducer() = default;
  // At most `size` bytes; 0 is the end; an error ends the connection (the head is gone already).
  virtual Result<std::size_t> read(char* into, std::size_t size) = 0;
};

struct Response {
  int status = 200;
  Headers headers;
  std::string body;
  // When set it makes the body instead: with `length` as Content-Length, else chunked.
  std::shared_ptr<BodyProducer> producer;
  std::optional<std::uint64_t> length;

  static Response json(int status, std::string body);
  static Response text(int status, std::string body, std::string_view content_type = "text/plain");
};

// An endless answer (server-sent events): pieces are pushed by other threads.
class Stream {
 public:
  virtual ~Stream() = default;
  // False when the client is gone, or slower than the bound on what may wait for it (256 KiB).
  virtual bool write(std::string piece) = 0;
  virtual void close() = 0;
};

// The one-time answer to a request, given from any thread. Dropping it unanswered answers 500.
class Reply {
 public:
  virtual ~Reply() = default;
  virtual void send(Response response) = 0;
  // Sends the head and leaves the body open.
  virtual std::shared_ptr<Stream> start_stream(Response head) = 0;
  // True once the client has closed the connection.
  virtual bool cancelled() const = 0;
  // The same for those who look later; lives as long as anybody holds it.
  virtual std::shared_ptr<const std::atomic<bool>> cancellation() const = 0;
};

using Handler = std::function<Response(const Request&)>;
// Runs on the I/O thread (see Route::inline_limit) and must not block.
using AsyncHandler = std::function<void(std::shared_ptr<const Request>, std::shared_ptr<Reply>)>;

struct Route {
  Method method = Method::get;
  std::string pattern;  // "/api/v1/endpoints/{name}"; a last segment {rest...} takes the remainder
  std::string wire;     // "mlflow", "oip", "api": for metrics, errors and `slipway routes`
  std::string action;   // "run.write": what the gate is asked
  std::string summary;  // one line for `slipway routes` and OpenAPI; may be empty
  std::string refused;  // why this is known but not offered; empty when it is offered
  std::string request_schema;  // JSON Schema for OpenAPI; may be empty
  std::string response_schema;
  Handler handler;  // one of the two
  AsyncHandler async;
  std::size_t inline_limit = SIZE_MAX;  // `async` gets longer bodies on a worker
  bool streams_body = false;            // the handler reads Request::source itself
  std::size_t body_limit = 64u << 20;   // after decompression; not for streaming routes
  std::vector<std::string> parameters;  // the names in the pattern; the router fills it in
};

// The route table. Filled once, then only read (from any thread).
//
// A segment of a pattern is literal, a parameter {name}, a parameter with a literal end
// ("{name}:predict"), or, in the last place, {rest...}, which takes the remainder, slashes included
// (and also nothing, after the slash). The more literal one wins. A path whose first segment is
// known literally never falls through to a {rest...} at the root.
class Router {
 public:
  Router();
  ~Router();
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  // Turns an error (unknown path, wrong method, too large, not allowed ..) into the wire's dialect;
  // a non-zero Request::protocol_status replaces the status that it chose.
  using ErrorRenderer = std::function<Response(const Request&, const Error&)>;

  // The same method and pattern twice is a programmer error.
  void add(Route route);
  // For paths under `prefix` ("/api/2.0/mlflow"); the longest prefix wins; "" is the default.
  void render_errors(std::string prefix, ErrorRenderer renderer);

  struct Match {
    const Route* route = nullptr;  // null: no such path
    PathParams params;
    bool method_mismatch = false;  // the path exists for other methods
    std::string allowed;           // those, for the Allow header
  };
  // `path` as sent (percent-encoded), without the query. HEAD falls back to GET.
  Match match(Method method, std::string_view path) const;
  Response render(const Request& request, const Error& error) const;
  const std::deque<Route>& routes() const { return routes_; }

  // Runs a request through match, handler and error rendering in process: what transcripts use.
  // Fills path and query from `target`, and `source` from `body` where the route streams.
  Response call(Request request) const;

 private:
  struct Node;
  std::unique_ptr<Node> root_;
  std::deque<Route> routes_;
  std::vector<std::pair<std::string, ErrorRenderer>> renderers_;
};

}  // namespace slipway::net
