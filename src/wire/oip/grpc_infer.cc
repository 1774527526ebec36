// SPDX-License-Identifier: Apache-2.0
// ModelInfer and ModelStreamInfer.
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "answer.h"
#include "base/callback.h"
#include "base/protobuf_write.h"
#include "grpc_request.h"
#include "pieces.h"
#include "service.h"

namespace slipway::wire::oip {
namespace {

using CallPtr = std::shared_ptr<net::GrpcCall>;
using ServicePtr = std::shared_ptr<Service>;
using Done = Callback<void(const InferBody&, const std::string& model, Result<std::string>)>;

// The answer of a model that says it piece by piece: each as a message of its own.
std::string piece_message(const InferBody& body, const std::string& model,
                          const std::string& version, const std::string* text) {
  std::string response;
  put_text(response, 1, model);
  put_text(response, 2, version);
  put_text(response, 3, body.id);
  std::string last;
  put_number(last, 1, text == nullptr ? 1 : 0);
  put_entry(response, 4, "triton_final_response", last);
  if (text != nullptr) {
    std::string output;
    put_text(output, 1, "text_output");
    put_text(output, 2, "BYTES");
    put_number(output, 3, 1);
    put_bytes(response, 5, output);
    const auto size = static_cast<std::uint32_t>(text->size());
    put_bytes(response, 6, std::string(reinterpret_cast<const char*>(&size), sizeof size) + *text);
  }
  std::string out;
  put_bytes(out, 2, response);
  return out;
}

// Sends the pieces; `done` gets an empty text at the end.
void in_pieces(GrpcInfer asked, const serving::Target& target, const CallPtr& call, Done done) {
  auto question = scoring_body(asked.body.inputs);
  auto call_in = call_of(asked.body, call->request(), call->deadline_ns(), call->cancellation());
  auto body = std::make_shared<const InferBody>(std::move(asked.body));
  if (!question) return done(*body, target.endpoint(), std::move(question.error()));
  call_in.inputs = {serving::Target::body("application/json", *std::move(question))};
  const auto send = [body, call, model = target.endpoint(),
                     version = target.version()](const std::string* text) {
    call->send(piece_message(*body, model, version, text));
  };
  call_in.piece = [send, gone = call->cancellation()](const serving::Tensor& piece) {
    const auto text = text_in_piece(piece.texts().front());
    send(&text);
    return !gone->load();
  };
  target.infer(std::move(call_in),
               [send, body, model = target.endpoint(), done = std::move(done)](auto answer) {
                 if (!answer) return done(*body, model, std::move(answer.error()));
                 if (body->empty_final) send(nullptr);
                 done(*body, model, std::string());
               });
}

// Calls `done` once with the bytes of the answer, from any thread.
void infer(const ServicePtr& service, const net::GrpcMessage& message, const CallPtr& call,
           bool streamed, Done done) {
  auto parsed = parse_grpc_infer(message.bytes, message.owner, service->regions);
  if (!parsed) return done({}, {}, std::move(parsed.error()));
  const HeaderCaller caller(call->request().headers);
  auto target = service->endpoints.pick(parsed->model, parsed->version, &caller);
  if (!target) return done(parsed->body, parsed->model, std::move(target.error()));
  auto& body = parsed->body;
  if (streamed && target->signature().streams) {
    return in_pieces(*std::move(parsed), *target, call, std::move(done));
  }
  if (auto known = check_outputs(target->signature(), body); !known) {
    target->reject(known.error());
    return done(body, parsed->model, std::move(known.error()));
  }
  if (body.sequence != nullptr && parsed->version.empty()) target = target->follow(*body.sequence);
  auto call_in = call_of(body, call->request(), call->deadline_ns(), call->cancellation());
  auto shared = make_recycled<const InferBody>(std::move(body));
  target->infer(std::move(call_in), [service, shared, streamed, done = std::move(done),
                                     target = *target](auto answer) {
    if (!answer) return done(*shared, target.endpoint(), std::move(answer.error()));
    done(*shared, target.endpoint(),
         write_grpc_answer(
             {*shared, target.endpoint(), target.version(), *answer, service->regions}, streamed));
  });
}

void model_infer(const ServicePtr& service, const net::GrpcMessage& message, const CallPtr& call) {
  infer(service, message, call, false,
        [call](const InferBody&, const std::string&, Result<std::string> answer) {
          if (!answer) return call->finish(net::status_of(answer.error()));
          call->answer(*std::move(answer));
        });
}

// Answers in the order of the requests, however they come.
class InferStream : public net::GrpcSink, public std::enable_shared_from_this<InferStream> {
 public:
  InferStream(ServicePtr service, CallPtr call)
      : service_(std::move(service)), call_(std::move(call)) {}

  void message(net::GrpcMessage message) override {
    std::uint64_t number = 0;
    {
      const std::scoped_lock lock(mutex_);
      number = asked_++;
    }
    infer(service_, message, call_, true,
          [self = shared_from_this(), number](const InferBody& body, const std::string& model,
                                              Result<std::string> answer) {
            self->put(number, message_of(body, model, std::move(answer)));
          });
  }

  void end() override {
    {
      const std::scoped_lock lock(mutex_);
      ended_ = true;
    }
    drain();
  }

 private:
  // ModelStreamInferResponse
  static std::string message_of(const InferBody& body, const std::string& model,
                                Result<std::string> answer) {
    std::string out;
    if (answer && answer->empty()) return out;  // it went in pieces
    if (answer) {
      put_bytes(out, 2, *answer);
      return out;
    }
    put_bytes(out, 1, net::status_of(answer.error()).message);
    std::string response;
    put_text(response, 1, model);
    put_text(response, 3, body.id);
    put_bytes(out, 2, response);
    return out;
  }

  void put(std::uint64_t number, std::string message) {
    {
      const std::scoped_lock lock(mutex_);
      ready_.emplace(number, std::move(message));
    }
    drain();
  }

  // One thread at a time sends what is next.
  void drain() {
    {
      const std::scoped_lock lock(mutex_);
      if (std::exchange(draining_, true)) return;
    }
    while (true) {
      std::optional<std::string> next;
      {
        const std::scoped_lock lock(mutex_);
        const auto found = ready_.find(sent_);
        if (found == ready_.end()) {
          draining_ = false;
          if (!ended_ || sent_ != asked_ || std::exchange(finished_, true)) return;
        } else {
          next = std::move(found->second);
          ready_.erase(found);
          ++sent_;
        }
      }
      if (!next) return call_->finish({});
      if (!next->empty()) call_->send(*std::move(next));
    }
  }

  const ServicePtr service_;
  const CallPtr call_;
  std::mutex mutex_;
  std::map<std::uint64_t, std::string> ready_;
  std::uint64_t asked_ = 0;
  std::uint64_t sent_ = 0;
  bool ended_ = false;
  bool finished_ = false;
  bool draining_ = false;
};

}  // namespace

void add_inference_methods(net::GrpcRouter& router, const ServicePtr& service) {
  const std::string prefix = "/inference.GRPCInferenceService/";
  router.add({.path = prefix + "ModelInfer",
              .wire = "oip",
              .action = "endpoint.invoke",
              .unary = [service](net::GrpcMessage message, CallPtr call) {
                if (message.bytes.size() <= kDecodedAtOnce) {
                  return model_infer(service, message, call);
                }
                const bool posted = service->decoders.post(
                    [service, message, call] { model_infer(service, message, call); });
                if (!posted) {
                  call->finish({net::GrpcCode::resource_exhausted,
                                "too many large requests wait (retry later)"});
                }
              }});
  router.add({.path = prefix + "ModelStreamInfer",
              .wire = "oip",
              .action = "endpoint.invoke",
              .stream = [service](CallPtr call) -> std::shared_ptr<net::GrpcSink> {
                return std::make_shared<InferStream>(service, std::move(call));
              }});
}

}  // namespace slipway::wire::oip
