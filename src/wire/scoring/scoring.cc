// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <fstream>
#include <utility>
#include <vector>

#include "arrow.h"
#include "base/text.h"
#include "errors.h"
#include "explain.h"
#include "formats.h"
#include "json/reader.h"
#include "payload.h"
#include "permutation.h"
#include "predictions.h"
#include "serving/tensor_json.h"
#include "stream.h"
#include "typed.h"
#include "wire/scoring/routes.h"

namespace slipway::wire::scoring {
namespace {

constexpr std::size_t kMostExample = 1 << 20;

using RequestPtr = std::shared_ptr<const net::Request>;
using ReplyPtr = std::shared_ptr<net::Reply>;

// The endpoint that the path names, or SageMaker's header, or the only one that there is.
Result<std::string> endpoint_of(const serving::Endpoints& endpoints, const net::Request& request) {
  if (!request.param("name").empty()) return request.param("name");
  const auto named = request.headers.get("x-amzn-sagemaker-target-model");
  if (!named.empty()) return std::string(named);
  const auto all = endpoints.list();
  if (all.size() == 1) return all.front().spec.name;
  return invalid("the request does not say which endpoint it means",
                 "use /endpoints/NAME/invocations or the header X-Amzn-SageMaker-Target-Model");
}

// The tensors that the model wants; or the body as it is, for a model that reads bodies itself,
// when there is more in it than tensors can say. What is no JSON at all is refused here.
Result<Payload> payload_of(const net::Request& request, Form form, const serving::Target& target) {
  const auto& signature = target.signature();
  auto payload = Result<Payload>(Payload{});
  if (form == Form::arrow) {
    if (!signature.only_bodies) return parse_arrow(request.body, target.layout());
    return invalid("the model takes no tables of plain columns", "send application/json");
  }
  if (!signature.only_bodies) {
    payload = form == Form::json ? parse_json(request.body, target.layout(), target.has_columns())
                                 : parse_csv(request.body, target.layout());
  }
  if (!signature.bodies || (payload && !signature.only_bodies && !payload->params)) return payload;
  if (form == Form::json) {
    json::Reader whole(request.body);
    whole.skip();
    if (!whole.finish()) return whole.error();
  }
  const char* type = form == Form::json ? "application/json" : "text/csv";
  return Payload{.inputs = {serving::Target::body(type, request.body)}};
}

std::string answer_of(const serving::Tensors& outputs, bool bare, bool table) {
  const auto& first = outputs.front();
  if (first.name == serving::kBody) return first.texts()[0];
  const bool values = bare && first.name == "predictions";
  return values ? write_values(first) : write_predictions(outputs, table || bare);
}

// `by_row`: one prediction an instance whatever the model takes, as Vertex AI wants it.
void invoke(const serving::Endpoints& endpoints, const RequestPtr& request, const ReplyPtr& reply,
            bool by_row) {
  const auto name = endpoint_of(endpoints, *request);
  if (!name) return reply->send(render(*request, name.error()));
  const HeaderCaller caller(request->headers);
  // SageMaker's clients may name a version so, and are told which one it was.
  const std::string variant(request->headers.get("x-amzn-sagemaker-target-variant"));
  auto target = endpoints.pick(*name, variant, &caller);
  if (!target) return reply->send(render(*request, target.error()));
  const auto form = form_of(*request);
  if (!form) return reply->send(unsupported(*request));
  if (target->signature().streams && *form == Form::json && wants_events(*request)) {
    return stream_answer(*target, request->body, request, reply);
  }
  auto payload = payload_of(*request, *form, *target);
  if (!payload) {
    target->reject(payload.error());
    return reply->send(render(*request, payload.error()));
  }
  serving::Call call{.request_id = request->request_id,
                     .inputs = std::move(payload->inputs),
                     .received_ns = request->received_ns,
                     .cancelled = reply->cancellation(),
                     .traceparent = request->traceparent};
  const auto& signature = target->signature();
  const bool bare = !signature.outputs.empty() && signature.outputs.front().bare;
  const bool table = payload->table || by_row;
  const auto wanted = wanted_form(*request);
  target->infer(
      std::move(call), [request, reply, bare, table, wanted, target = *target](auto answer) {
        if (!answer) return reply->send(render(*request, answer.error()));
        auto written = wanted == Form::json
                           ? Result(net::Response::json(200, answer_of(*answer, bare, table)))
                           : answer_in(wanted, *answer);
        if (!written) return reply->send(render(*request, written.error()));
        auto response = *std::move(written);
        response.headers.add("x-amzn-invoked-production-variant", target.version());
        reply->send(std::move(response));
      });
}

// What predictions are compared with when the model cannot explain itself: the example that was
// logged with it.
Result<serving::Tensors> background_of(const serving::Target& target) {
  const auto& folder = target.package().folder;
  std::ifstream file;
  if (!folder.empty()) file.open(folder + "/input_example.json", std::ios::binary);
  std::string text(kMostExample, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  if (!text.empty()) {
    for (const bool wrapped : {false, true}) {
      const auto body = wrapped ? "{\"dataframe_split\":" + text + "}" : text;
      auto payload = parse_json(body, target.layout(), target.has_columns());
      if (payload) return std::move(payload->inputs);
    }
  }
  return Error{Code::failed_precondition,
               "the model's predictions can only be explained against an example",
               "log the model with input_example, some typical rows"};
}

Result<serving::Explanation> explain_by_example(serving::Endpoints& endpoints,
                                                const serving::Target& target,
                                                const serving::Tensors& inputs,
                                                const net::Request& request) {
  if (target.signature().only_bodies) {
    return invalid("the model takes no tables of plain columns");
  }
  std::int64_t orders = 0;
  if (const auto text = request.query_value("orders")) {
    const auto number = parse_int(*text);
    if (!number || *number < 2 || *number > 1000) {
      return invalid("orders must be between 2 and 1000");
    }
    orders = *number;
  }
  SW_TRY(const auto background, background_of(target));
  // The version on its own: these predictions are nobody's.
  SW_TRY(const auto version, endpoints.open(target.model(), target.version()));
  return explain_by_permutation(version, inputs, background, static_cast<std::size_t>(orders));
}

// The same payloads, answered by what moved each prediction; on a worker, since it takes longer.
net::Response explain(serving::Endpoints& endpoints, const net::Request& request) {
  const auto target = endpoints.pick(request.param("name"));
  if (!target) return render(request, target.error());
  const auto form = form_of(request);
  if (!form) return unsupported(request);
  auto payload = payload_of(request, *form, *target);
  if (!payload) return render(request, payload.error());
  auto explanation = target->explain(payload->inputs);
  if (!explanation && explanation.error().code == Code::unimplemented) {
    explanation = explain_by_example(endpoints, *target, payload->inputs, request);
  }
  if (!explanation) return render(request, explanation.error());
  return net::Response::json(200, write_explanation(*explanation, target->layout().names()));
}

// The same payloads, answered by how unusual each row is; the model is not asked.
net::Response outliers(serving::Endpoints& endpoints, const net::Request& request) {
  const auto target = endpoints.pick(request.param("name"));
  if (!target) return render(request, target.error());
  const auto form = form_of(request);
  if (!form) return unsupported(request);
  auto payload = payload_of(request, *form, *target);
  if (!payload) return render(request, payload.error());
  const auto scores = target->outliers(std::move(payload->inputs));
  if (!scores) return render(request, scores.error());
  std::string out = "{\"model_version\":";
  append_json_string(out, target->version());
  for (const auto& each : *scores) {
    out += each.name == serving::kOutlierScore ? ",\"scores\":" : ",\"p_values\":";
    serving::append_nested(out, each, 0, 0);
  }
  return net::Response::json(200, out + "}");
}

// A path that a platform chose and that nothing answers yet.
bool is_new(const net::Router& router, net::Method method, const std::string& path) {
  if (path.size() < 2 || path == "/invocations" || path == "/ping") return false;
  const auto& routes = router.routes();
  return std::none_of(routes.begin(), routes.end(), [&](const net::Route& route) {
    return route.method == method && route.pattern == path;
  });
}

net::Response ping(const serving::Endpoints& endpoints, const net::Request& request) {
  const auto name = endpoint_of(endpoints, request);
  if (!name) return render(request, name.error());
  const auto target = endpoints.pick(*name);
  if (!target) return render(request, target.error());
  return net::Response::json(200, "{}");
}

}  // namespace

void add_routes(net::Router& router, serving::Endpoints& endpoints, Pool& decoders,
                const Paths& paths) {
  router.render_errors("/endpoints", render);
  router.render_errors("/invocations", render);
  std::vector<std::string> predict{"/endpoints/{name}/invocations", "/invocations"};
  if (is_new(router, net::Method::post, paths.predict)) predict.push_back(paths.predict);
  for (const auto& pattern : predict) {
    const bool by_row = pattern == paths.predict;
    const auto handle = [&endpoints, &decoders, by_row](RequestPtr request, ReplyPtr reply) {
      const auto run = [&endpoints, request, reply, by_row] {
        invoke(endpoints, request, reply, by_row);
      };
      if (request->body.size() <= kDecodedAtOnce) return run();
      if (!decoders.post(run)) {
        reply->send(render(*request, exhausted("too many large requests wait", "retry later")));
      }
    };
    router.add({.method = net::Method::post,
                .pattern = pattern,
                .wire = "scoring",
                .action = "endpoint.invoke",
                .summary = "Predict (MLflow scoring, SageMaker, Vertex AI)",
                .async = handle});
  }
  router.add(
      {.method = net::Method::post,
       .pattern = "/endpoints/{name}/explain",
       .wire = "scoring",
       .action = "endpoint.invoke",
       .summary = "Why it predicts so: SHAP values, exact of trees and sampled of other models",
       .handler = [&endpoints](const net::Request& request) {
         return explain(endpoints, request);
       }});
  router.add({.method = net::Method::post,
              .pattern = "/endpoints/{name}/outliers",
              .wire = "scoring",
              .action = "endpoint.invoke",
              .summary = "How unusual each row is against what the version was trained on",
              .handler = [&endpoints](const net::Request& request) {
                return outliers(endpoints, request);
              }});
  add_typed_routes(router, endpoints, decoders);
  std::vector<std::string> health{"/endpoints/{name}/ping", "/ping"};
  if (is_new(router, net::Method::get, paths.health)) health.push_back(paths.health);
  for (const auto& pattern : health) {
    router.add({.method = net::Method::get,
                .pattern = pattern,
                .wire = "scoring",
                .action = "endpoint.read",
                .summary = "200 when the endpoint can answer",
                .handler = [&endpoints](const net::Request& request) {
                  return ping(endpoints, request);
                }});
  }
}

}  // namespace slipway::wire::scoring
