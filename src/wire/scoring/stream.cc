// SPDX-License-Identifier: Apache-2.0
#include "stream.h"

#include <utility>

#include "base/text.h"
#include "errors.h"
#include "json/reader.h"

namespace slipway::wire::scoring {
namespace {

class Events {
 public:
  Events(std::shared_ptr<const net::Request> request, std::shared_ptr<net::Reply> reply,
         std::string version)
      : request_(std::move(request)), reply_(std::move(reply)), version_(std::move(version)) {}

  bool put(const std::string& piece) {
    start();
    return stream_->write("data: " + piece + "\n\n");
  }

  void end(const Result<serving::Tensors>& answer) {
    if (!answer && stream_ == nullptr) return reply_->send(render(*request_, answer.error()));
    start();
    if (answer) {
      stream_->write("data: [DONE]\n\n");
    } else {
      std::string text = "{\"error\":{\"message\":";
      append_json_string(text, answer.error().message);
      stream_->write("data: " + text + "}}\n\n");
    }
    stream_->close();
  }

 private:
  void start() {
    if (stream_ != nullptr) return;
    net::Response head;
    head.headers.add("content-type", "text/event-stream");
    head.headers.add("cache-control", "no-store");
    head.headers.add("x-accel-buffering", "no");
    head.headers.add("x-amzn-invoked-production-variant", version_);
    stream_ = reply_->start_stream(std::move(head));
  }

  const std::shared_ptr<const net::Request> request_;
  const std::shared_ptr<net::Reply> reply_;
  const std::string version_;
  std::shared_ptr<net::Stream> stream_;
};

}  // namespace

bool accepts_events(const net::Request& request) {
  return trim(request.headers.get("accept")).starts_with("text/event-stream");
}

bool wants_events(const net::Request& request) {
  if (accepts_events(request)) return true;
  if (request.body.find("\"stream\"") == std::string::npos) return false;
  json::Reader in(request.body);
  if (in.peek() != json::Reader::Kind::object) return false;
  bool wanted = false;
  std::string_view key;
  in.begin_object();
  while (in.next_key(key)) {
    if (key == "stream" && in.peek() == json::Reader::Kind::boolean) {
      in.read(wanted);
    } else {
      in.skip();
    }
  }
  return in.ok() && wanted;
}

void stream_answer(const serving::Target& target, std::string body,
                   const std::shared_ptr<const net::Request>& request,
                   const std::shared_ptr<net::Reply>& reply) {
  auto events = std::make_shared<Events>(request, reply, target.version());
  target.infer(
      {.request_id = request->request_id,
       .inputs = {serving::Target::body("application/json", std::move(body))},
       .received_ns = request->received_ns,
       .cancelled = reply->cancellation(),
       .piece =
           [events](const serving::Tensor& piece) { return events->put(piece.texts().front()); }},
      [events](const Result<serving::Tensors>& answer) { events->end(answer); });
}

}  // namespace slipway::wire::scoring
