// SPDX-License-Identifier: Apache-2.0
#include "translate.h"

#include <initializer_list>
#include <span>

#include "json/spaced.h"
#include "words.h"

namespace slipway::wire::otlp {
namespace {

using Keys = std::initializer_list<std::string_view>;

struct Kind {
  std::string_view theirs;
  std::string_view ours;
};

// One maker's names. Empty where it has none.
struct Convention {
  Keys kind_keys;
  std::span<const Kind> kinds;
  Keys input_tokens;
  Keys output_tokens;
  Keys total_tokens;
  Keys cache_read;
  Keys cache_write;
  Keys inputs;
  Keys outputs;
  Keys models;
  Keys provider;
  Keys tools;
  Keys marks;  // any of these tells the format of its messages
  std::string_view format;
};

constexpr Kind kOpenInferenceKinds[] = {
    {"TOOL", "TOOL"},           {"CHAIN", "CHAIN"},         {"LLM", "LLM"},
    {"RETRIEVER", "RETRIEVER"}, {"EMBEDDING", "EMBEDDING"}, {"AGENT", "AGENT"},
    {"RERANKER", "RERANKER"},   {"UNKNOWN", "UNKNOWN"},     {"GUARDRAIL", "GUARDRAIL"},
    {"EVALUATOR", "EVALUATOR"}};
constexpr Kind kClaudeKinds[] = {{"claude_code.interaction", "AGENT"},
                                 {"interaction", "AGENT"},
                                 {"claude_code.llm_request", "LLM"},
                                 {"llm_request", "LLM"},
                                 {"claude_code.tool", "TOOL"}};
constexpr Kind kGenAiKinds[] = {{"chat", "CHAT_MODEL"},      {"create_agent", "AGENT"},
                                {"embeddings", "EMBEDDING"}, {"execute_tool", "TOOL"},
                                {"generate_content", "LLM"}, {"invoke_agent", "AGENT"},
                                {"text_completion", "LLM"},  {"response", "LLM"}};
constexpr Kind kTraceloopKinds[] = {{"workflow", "WORKFLOW"},
                                    {"task", "TASK"},
                                    {"agent", "AGENT"},
                                    {"tool", "TOOL"},
                                    {"unknown", "UNKNOWN"}};
constexpr Kind kVercelKinds[] = {{"ai.generateText", "LLM"},
                                 {"ai.generateText.doGenerate", "LLM"},
                                 {"ai.toolCall", "TOOL"},
                                 {"ai.streamText", "LLM"},
                                 {"ai.streamText.doStream", "LLM"},
                                 {"ai.generateObject", "LLM"},
                                 {"ai.generateObject.doGenerate", "LLM"},
                                 {"ai.streamObject", "LLM"},
                                 {"ai.streamObject.doStream", "LLM"},
                                 {"ai.embed", "EMBEDDING"},
                                 {"ai.embed.doEmbed", "EMBEDDING"},
                                 {"ai.embedMany", "EMBEDDING"}};
constexpr Kind kVoltKinds[] = {
    {"agent", "AGENT"}, {"llm", "LLM"}, {"tool", "TOOL"}, {"memory", "MEMORY"}};
constexpr Kind kLaminarKinds[] = {{"LLM", "LLM"},
                                  {"TOOL", "TOOL"},
                                  {"DEFAULT", "CHAIN"},
                                  {"PIPELINE", "CHAIN"},
                                  {"EXECUTOR", "AGENT"},
                                  {"EVALUATOR", "EVALUATOR"},
                                  {"HUMAN_EVALUATOR", "EVALUATOR"},
                                  {"EVALUATION", "EVALUATOR"},
                                  {"CACHED", "LLM"}};
constexpr Kind kLangfuseKinds[] = {
    {"generation", "LLM"},      {"embedding", "EMBEDDING"}, {"tool", "TOOL"},
    {"retriever", "RETRIEVER"}, {"agent", "AGENT"},         {"chain", "CHAIN"},
    {"evaluator", "EVALUATOR"}, {"guardrail", "GUARDRAIL"}, {"span", "UNKNOWN"}};

// The first that knows an answer gives it, for each question by itself.
const Convention kConventions[] = {
    {.kind_keys = {"openinference.span.kind"},
     .kinds = kOpenInferenceKinds,
     .input_tokens = {"llm.token_count.prompt"},
     .output_tokens = {"llm.token_count.completion"},
     .total_tokens = {"llm.token_count.total"},
     .cache_read = {"llm.token_count.prompt_details.cache_read"},
     .cache_write = {"llm.token_count.prompt_details.cache_write"},
     .inputs = {"input.value"},
     .outputs = {"output.value"},
     .models = {"llm.response.model_name", "llm.model_name", "llm.request.model_name",
                "embedding.model_name"},
     .provider = {"llm.provider"}},
    {.kind_keys = {"span.type"}, .kinds = kClaudeKinds},
    {.kind_keys = {"gen_ai.operation.name"},
     .kinds = kGenAiKinds,
     .input_tokens = {"gen_ai.usage.input_tokens"},
     .output_tokens = {"gen_ai.usage.output_tokens"},
     .cache_read = {"gen_ai.usage.cache_read.input_tokens"},
     .cache_write = {"gen_ai.usage.cache_write.input_tokens",
                     "gen_ai.usage.cache_creation.input_tokens"},
     .inputs = {"gen_ai.input.messages", "gen_ai.tool.call.arguments"},
     .outputs = {"gen_ai.output.messages", "gen_ai.tool.call.result"},
     .models = {"gen_ai.response.model", "gen_ai.request.model"},
     .provider = {"gen_ai.provider.name"},
     .tools = {"gen_ai.tool.definitions"}},
    {.kind_keys = {"traceloop.span.kind"},
     .kinds = kTraceloopKinds,
     .input_tokens = {"gen_ai.usage.prompt_tokens"},
     .output_tokens = {"gen_ai.usage.completion_tokens"},
     .total_tokens = {"llm.usage.total_tokens"},
     .inputs = {"traceloop.entity.input", "gen_ai.prompt.0.content",
                "gen_ai.completion.0.tool_calls.0.arguments"},
     .outputs = {"traceloop.entity.output", "gen_ai.completion.0.content"},
     .provider = {"gen_ai.system"}},
    {.inputs = {"gcp.vertex.agent.llm_request", "gcp.vertex.agent.tool_call_args"},
     .outputs = {"gcp.vertex.agent.llm_response", "gcp.vertex.agent.tool_response"}},
    {.kind_keys = {"ai.operationId"},
     .kinds = kVercelKinds,
     .inputs = {"ai.prompt", "ai.toolCall.args", "ai.value", "ai.values", "ai.prompt.messages"},
     .outputs = {"ai.response.text", "ai.toolCall.result", "ai.response.object", "ai.embedding",
                 "ai.embeddings"}},
    {.kind_keys = {"span.type", "entity.type"},
     .kinds = kVoltKinds,
     .input_tokens = {"usage.prompt_tokens", "llm.usage.prompt_tokens"},
     .output_tokens = {"usage.completion_tokens", "llm.usage.completion_tokens"},
     .total_tokens = {"usage.total_tokens", "llm.usage.total_tokens"},
     .inputs = {"agent.messages", "llm.messages", "input"},
     .outputs = {"output"},
     .marks = {"voltagent.operation_id", "voltagent.conversation_id"},
     .format = "voltagent"},
    {.inputs = {"lk.user_input", "lk.user_transcript", "lk.chat_ctx", "lk.input_text"},
     .outputs = {"lk.response.text", "lk.response.function_calls"},
     .marks = {"lk.agent_name", "lk.room_name", "lk.job_id", "lk.participant_identity"},
     .format = "livekit"},
    {.kind_keys = {"lmnr.span.type"},
     .kinds = kLaminarKinds,
     .inputs = {"lmnr.span.input"},
     .outputs = {"lmnr.span.output"},
     .marks = {"lmnr.span.type"},
     .format = "openai"},
    {.kind_keys = {"langfuse.observation.type"},
     .kinds = kLangfuseKinds,
     .inputs = {"langfuse.observation.input"},
     .outputs = {"langfuse.observation.output"}},
};

// The JSON text of the first attribute that holds something, asking all conventions in turn.
const std::string* first_filled(const AttributeTexts& attributes, Keys Convention::*keys) {
  for (const auto& convention : kConventions) {
    for (const auto key : convention.*keys) {
      if (const auto* found = attributes.filled(key)) return found;
    }
  }
  return nullptr;
}

std::string_view kind_of(const AttributeTexts& attributes) {
  for (const auto& convention : kConventions) {
    for (const auto key : convention.kind_keys) {
      const auto theirs = attributes.text(key);
      if (!theirs) continue;
      for (const auto& kind : convention.kinds) {
        if (kind.theirs == *theirs) return kind.ours;
      }
    }
  }
  return {};
}

std::optional<std::int64_t> count(const AttributeTexts& attributes, Keys keys) {
  for (const auto key : keys) {
    if (const auto found = attributes.integer(key)) return found;
  }
  return std::nullopt;
}

std::optional<std::string> tokens_of(const AttributeTexts& attributes) {
  for (const auto& convention : kConventions) {
    const auto input = count(attributes, convention.input_tokens);
    const auto output = count(attributes, convention.output_tokens);
    auto total = count(attributes, convention.total_tokens);
    std::int64_t sum = 0;
    if (!total && input && output && !__builtin_add_overflow(*input, *output, &sum)) total = sum;
    if (!input && !output && !total) continue;
    json::object usage;
    const auto add = [&](std::string_view name, const std::optional<std::int64_t>& value) {
      if (value) usage[name] = *value;
    };
    add("input_tokens", input);
    add("output_tokens", output);
    add("total_tokens", total);
    add("cache_read_input_tokens", count(attributes, convention.cache_read));
    add("cache_creation_input_tokens", count(attributes, convention.cache_write));
    return json::dump_spaced(json::value(std::move(usage)), json::Escape::none);
  }
  return std::nullopt;
}

std::string_view format_of(const AttributeTexts& attributes) {
  for (const auto& convention : kConventions) {
    for (const auto mark : convention.marks) {
      if (attributes.has(mark)) return convention.format;
    }
  }
  return {};
}

// "model" inside the inputs or the outputs.
std::optional<std::string> model_within(const AttributeTexts& attributes) {
  for (const auto key : {kInputs, kOutputs}) {
    const auto* text = attributes.find(key);
    if (text == nullptr || text->find("\"model\"") == std::string::npos) continue;
    const auto value = json::parse_value(*text);
    if (!value) continue;
    if (auto model = json::text_at(*value, "model"); model && !model->empty()) return model;
  }
  return std::nullopt;
}

// Messages that are told by events, one each, and the prompts and completions of Spring AI.
std::optional<std::string> told_by(const std::vector<EventIn>& events, std::string_view whole,
                                   std::string_view attribute,
                                   std::initializer_list<Kind> messages) {
  json::array out;
  for (const auto& event : events) {
    if (event.name == whole) {
      if (const auto* value = event.attributes.if_contains(attribute)) {
        return value->is_string() ? std::string(value->get_string())
                                  : json::dump_spaced(*value, json::Escape::none);
      }
    }
    for (const auto& [name, role] : messages) {
      const auto* content = event.attributes.if_contains("content");
      if (event.name != name || content == nullptr) continue;
      auto value = *content;
      if (value.is_string()) {
        if (auto inner = json::parse_value(std::string_view(value.get_string()))) {
          value = *std::move(inner);
        }
      }
      auto said_by = json::text_at(json::value(event.attributes), "role");
      const bool choice = name == "gen_ai.choice";
      out.push_back(json::object{{"role", choice && said_by ? *said_by : std::string(role)},
                                 {"content", std::move(value)}});
    }
  }
  if (out.empty()) return std::nullopt;
  return json::dump_spaced(json::value(std::move(out)), json::Escape::ascii);
}

void set_missing(AttributeTexts& attributes, std::string_view key, const std::string* json) {
  if (json != nullptr && !attributes.has(key)) attributes.set(key, std::string(*json));
}

}  // namespace

void translate(AttributeTexts& attributes, const std::vector<EventIn>& events) {
  const auto kind = kind_of(attributes);
  const auto current = attributes.text(kSpanType);
  if (!kind.empty() && (!attributes.has(kSpanType) || current == "UNKNOWN")) {
    attributes.set(kSpanType, json_text(kind));
  }
  set_missing(attributes, kInputs, first_filled(attributes, &Convention::inputs));
  if (!attributes.has(kInputs)) {
    if (auto told = told_by(events, "gen_ai.content.prompt", "gen_ai.prompt",
                            {{"gen_ai.system.message", "system"},
                             {"gen_ai.user.message", "user"},
                             {"gen_ai.assistant.message", "assistant"}})) {
      attributes.set(kInputs, *std::move(told));
    }
  }
  set_missing(attributes, kOutputs, first_filled(attributes, &Convention::outputs));
  if (!attributes.has(kOutputs)) {
    if (auto told = told_by(events, "gen_ai.content.completion", "gen_ai.completion",
                            {{"gen_ai.choice", "assistant"}})) {
      attributes.set(kOutputs, *std::move(told));
    }
  }
  if (!attributes.has(kTokenUsage)) {
    if (auto tokens = tokens_of(attributes)) attributes.set(kTokenUsage, *std::move(tokens));
  }
  if (const auto format = format_of(attributes);
      !format.empty() && !attributes.has(kMessageFormat)) {
    attributes.set(kMessageFormat, json_text(format));
  }
  set_missing(attributes, kChatTools, first_filled(attributes, &Convention::tools));
  set_missing(attributes, kModel, first_filled(attributes, &Convention::models));
  if (!attributes.has(kModel)) {
    if (const auto model = model_within(attributes)) attributes.set(kModel, json_text(*model));
  }
  set_missing(attributes, kProvider, first_filled(attributes, &Convention::provider));
}

}  // namespace slipway::wire::otlp
