// SPDX-License-Identifier: Apache-2.0
// The route table: a tree of path segments, searched from the most to the least literal.
#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstring>
#include <map>
#include <mutex>

#include "base/text.h"
#include "net/http.h"
#include "target.h"

namespace slipway::net {
namespace {

constexpr std::size_t kMethods = 7;

using Captures = std::vector<std::string_view, Recycled<std::string_view>>;

}  // namespace

struct Router::Node {
  struct Parameter {
    std::string suffix;  // "" or a literal end such as ":predict"
    std::unique_ptr<Node> node;
  };

  std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
  std::vector<Parameter> parameters;  // longest suffix first
  std::unique_ptr<Node> rest;
  std::array<const Route*, kMethods> routes{};

  bool has_routes() const {
    return std::any_of(routes.begin(), routes.end(), [](const Route* r) { return r != nullptr; });
  }

  Node& child(std::string_view segment);
  const Node* find(std::string_view path, bool at_root, Captures& captures) const;
};

Router::Node& Router::Node::child(std::string_view segment) {
  const auto open = segment.find('{');
  if (open == std::string_view::npos) {
    auto& node = literals[std::string(segment)];
    if (!node) node = std::make_unique<Node>();
    return *node;
  }
  const auto close = segment.find('}');
  SW_ASSERT(open == 0 && close != std::string_view::npos);
  if (segment.ends_with("...}")) {
    if (!rest) rest = std::make_unique<Node>();
    return *rest;
  }
  const auto suffix = segment.substr(close + 1);
  for (auto& parameter : parameters) {
    if (parameter.suffix == suffix) return *parameter.node;
  }
  parameters.push_back({std::string(suffix), std::make_unique<Node>()});
  Node& made = *parameters.back().node;
  std::stable_sort(parameters.begin(), parameters.end(),
                   [](const auto& a, const auto& b) { return a.suffix.size() > b.suffix.size(); });
  return made;
}

// `path` is what follows the slash that led here.
const Router::Node* Router::Node::find(std::string_view path, bool at_root,
                                       Captures& captures) const {
  const auto slash = path.find('/');
  const bool last = slash == std::string_view::npos;
  const auto segment = path.substr(0, slash);
  const auto depth = captures.size();
  const auto follow = [&](const Node& node) -> const Node* {
    const Node* found = nullptr;
    if (last) {
      found = node.has_routes() ? &node : nullptr;
    } else {
      found = node.find(path.substr(slash + 1), false, captures);
    }
    return found;
  };

  const auto literal = literals.find(segment);
  if (literal != literals.end()) {
    if (const Node* found = follow(*literal->second)) return found;
    if (at_root && !segment.empty()) return nullptr;
  }
  for (const auto& [suffix, node] : parameters) {
    captures.resize(depth);
    if (segment.size() <= suffix.size() || !segment.ends_with(suffix)) continue;
    captures.push_back(segment.substr(0, segment.size() - suffix.size()));
    if (const Node* found = follow(*node)) return found;
  }
  captures.resize(depth);
  if (rest) {
    captures.push_back(path);
    return rest.get();
  }
  return nullptr;
}

namespace {

std::vector<std::string> parameter_names(std::string_view pattern) {
  std::vector<std::string> out;
  for (auto open = pattern.find('{'); open != std::string_view::npos;
       open = pattern.find('{', open + 1)) {
    auto name = pattern.substr(open + 1, pattern.find('}', open) - open - 1);
    if (name.ends_with("...")) name.remove_suffix(3);
    out.emplace_back(name);
  }
  return out;
}

}  // namespace

Router::Router() : root_(std::make_unique<Node>()) {}
Router::~Router() = default;

void Router::add(Route route) {
  SW_ASSERT(route.pattern.starts_with('/') && (route.handler != nullptr || route.async != nullptr));
  const auto method = static_cast<std::size_t>(route.method);
  routes_.push_back(std::move(route));
  Route& kept = routes_.back();
  kept.parameters = parameter_names(kept.pattern);
  Node* node = root_.get();
  for (const auto segment : split(std::string_view(kept.pattern).substr(1), '/')) {
    node = &node->child(segment);
  }
  SW_ASSERT(node->routes[method] == nullptr);
  node->routes[method] = &kept;
}

void Router::render_errors(std::string prefix, ErrorRenderer renderer) {
  renderers_.emplace_back(std::move(prefix), std::move(renderer));
  std::stable_sort(renderers_.begin(), renderers_.end(),
                   [](const auto& a, const auto& b) { return a.first.size() > b.first.size(); });
}

Router::Match Router::match(Method method, std::string_view path) const {
  Match out;
  if (!path.starts_with('/')) return out;
  Captures captures;
  captures.reserve(4);
  const Node* node = root_->find(path.substr(1), true, captures);
  if (node == nullptr) return out;
  const auto at = [&](Method m) { return node->routes[static_cast<std::size_t>(m)]; };
  const Route* route = at(method);
  if (route == nullptr && method == Method::head) route = at(Method::get);
  if (route == nullptr) {
    for (std::size_t i = 0; i < kMethods; ++i) {
      if (node->routes[i] == nullptr) continue;
      if (!out.allowed.empty()) out.allowed += ", ";
      out.allowed += name_of(static_cast<Method>(i));
    }
    out.method_mismatch = !out.allowed.empty();
    return out;
  }
  if (!captures.empty()) {
    out.params.reserve(captures.size());
    for (std::size_t i = 0; i < captures.size(); ++i) {
      auto value = percent_decode(captures[i]);
      if (!value || value->find('\0') != std::string::npos) return {};
      out.params.emplace_back(route->parameters[i], *std::move(value));
    }
  }
  out.route = route;
  return out;
}

Response Router::render(const Request& request, const Error& error) const {
  Response out;
  const auto fits = [&](const auto& entry) {
    const auto& prefix = entry.first;
    const std::string_view path = request.path;
    return prefix.empty() ||
           (path.starts_with(prefix) &&
            (path.size() == prefix.size() || path[prefix.size()] == '/' || prefix.back() == '/'));
  };
  const auto found = std::find_if(renderers_.begin(), renderers_.end(), fits);
  if (found != renderers_.end()) {
    out = found->second(request, error);
  } else {
    out = Response::text(error.code == Code::not_found ? 404 : 400, error.message + "\n");
  }
  if (request.protocol_status != 0) out.status = request.protocol_status;
  return out;
}

namespace {

class TextSource : public BodySource {
 public:
  explicit TextSource(std::string text) : text_(std::move(text)) {}
  Result<std::size_t> read(char* into, std::size_t size) override {
    const auto n = std::min(size, text_.size() - at_);
    std::memcpy(into, text_.data() + at_, n);
    at_ += n;
    return n;
  }

 private:
  std::string text_;
  std::size_t at_ = 0;
};

// In process there is nobody to stream to.
class EndedStream : public Stream {
 public:
  bool write(std::string) override { return false; }
  void close() override {}
};

// Waits for the answer of an async handler.
class WaitingReply : public Reply {
 public:
  void send(Response response) override {
    const std::lock_guard lock(mutex_);
    response_ = std::move(response);
    changed_.notify_all();
  }
  std::shared_ptr<Stream> start_stream(Response head) override {
    send(std::move(head));
    return std::make_shared<EndedStream>();
  }
  bool cancelled() const override { return false; }
  std::shared_ptr<const std::atomic<bool>> cancellation() const override { return nullptr; }

  Response wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return response_.has_value(); });
    return std::move(*response_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Response> response_;
};

}  // namespace

Response Router::call(Request request) const {
  if (auto split = split_target(request); !split) return render(request, split.error());
  auto match = this->match(request.method, raw_path(request.target));
  if (match.method_mismatch) {
    request.protocol_status = 405;
    auto out = render(request, {Code::unimplemented,
                                std::string(name_of(request.method)) + " is not offered at '" +
                                    request.path + "'",
                                "use " + match.allowed});
    out.headers.set("allow", match.allowed);
    return out;
  }
  if (match.route == nullptr) {
    return render(request, not_found("there is nothing at '" + request.path + "'"));
  }
  request.path_params = std::move(match.params);
  if (match.route->streams_body) request.source = std::make_shared<TextSource>(request.body);
  if (match.route->handler) return match.route->handler(request);
  const auto reply = std::make_shared<WaitingReply>();
  match.route->async(std::make_shared<const Request>(std::move(request)), reply);
  return reply->wait();
}

}  // namespace slipway::net
