// SPDX-License-Identifier: Apache-2.0
// The attributes that MLflow's client and UI read.
#pragma once

#include <string_view>

namespace slipway::wire::otlp {

inline constexpr std::string_view kRequestId = "mlflow.traceRequestId";
inline constexpr std::string_view kInputs = "mlflow.spanInputs";
inline constexpr std::string_view kOutputs = "mlflow.spanOutputs";
inline constexpr std::string_view kSpanType = "mlflow.spanType";
inline constexpr std::string_view kTokenUsage = "mlflow.chat.tokenUsage";
inline constexpr std::string_view kChatTools = "mlflow.chat.tools";
inline constexpr std::string_view kMessageFormat = "mlflow.message.format";
inline constexpr std::string_view kModel = "mlflow.llm.model";
inline constexpr std::string_view kProvider = "mlflow.llm.provider";
inline constexpr std::string_view kCost = "mlflow.llm.cost";
inline constexpr std::string_view kTagPrefix = "mlflow.traceTag.";
inline constexpr std::string_view kTraceName = "mlflow.traceName";
inline constexpr std::string_view kTraceUser = "mlflow.trace.user";

}  // namespace slipway::wire::otlp
