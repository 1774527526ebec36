// SPDX-License-Identifier: Apache-2.0
// How every room reports failure: a value or an Error, never an exception.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace slipway {

// Protocol-neutral. Each wire maps them in one switch without a default (see wire/*/errors.cc).
enum class Code {
  invalid_argument,     // the caller's words are wrong; repeating them will not help
  not_found,            // the named thing does not exist
  already_exists,       // the name is taken
  conflict,             // somebody else changed it first; read again and retry
  failed_precondition,  // right words, wrong state of the thing
  unauthenticated,      // who are you
  permission_denied,    // you may not
  exhausted,            // a bound was reached (queue, quota, disk, size); retry later
  unavailable,          // a part is not there now; retry
  deadline,             // the time allowed ran out
  cancelled,            // the caller went away
  unimplemented,        // known, but not offered here
  data_loss,            // stored bytes are not what was written
  internal,             // a defect of ours
};

std::string_view name_of(Code code);

// `message` says what was wrong and quotes the value: lower case, no full stop. `hint` says what to
// do about it and may be empty.
struct Error {
  Code code = Code::internal;
  std::string message;
  std::string hint;
};

[[noreturn]] void assertion_failed(const char* what, const char* file, int line);

// A T or an Error. Reading the one that is not there is a programmer error and aborts.
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: by design
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: by design

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & { return check(), std::get<0>(state_); }
  const T& value() const& { return check(), std::get<0>(state_); }
  T&& value() && { return check(), std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T value_or(T other) const& { return ok() ? std::get<0>(state_) : std::move(other); }

  Error& error() { return check_error(), std::get<1>(state_); }
  const Error& error() const { return check_error(), std::get<1>(state_); }

 private:
  void check() const {
    if (!ok()) assertion_failed(std::get<1>(state_).message.c_str(), "Result::value", 0);
  }
  void check_error() const {
    if (ok()) assertion_failed("error() of a Result that holds a value", "Result::error", 0);
  }

  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: by design

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  Error& error() {
    if (ok()) assertion_failed("error() of a Result that holds a value", "Result::error", 0);
    return *error_;
  }
  const Error& error() const { return const_cast<Result*>(this)->error(); }

 private:
  std::optional<Error> error_;
};

// Short makers for the usual codes.
Error invalid(std::string message, std::string hint = {});
Error not_found(std::string message, std::string hint = {});
Error already_exists(std::string message, std::string hint = {});
Error precondition(std::string message, std::string hint = {});
Error exhausted(std::string message, std::string hint = {});
Error unavailable(std::string message, std::string hint = {});
Error internal(std::string message, std::string hint = {});

}  // namespace slipway

#define SW_CONCAT_INNER(a, b) a##b
#define SW_CONCAT(a, b) SW_CONCAT_INNER(a, b)

// SW_TRY(auto x, f()): declares x from f()'s value or returns its error.
#define SW_TRY(declaration, expression)                        \
  auto SW_CONCAT(sw_result_, __LINE__) = (expression);         \
  if (!SW_CONCAT(sw_result_, __LINE__)) {                      \
    return std::move(SW_CONCAT(sw_result_, __LINE__).error()); \
  }                                                            \
  declaration = *std::move(SW_CONCAT(sw_result_, __LINE__))

// SW_CHECK_OK(f()): returns f()'s error, if any.
#define SW_CHECK_OK(expression)                      \
  do {                                               \
    if (auto sw_result = (expression); !sw_result) { \
      return std::move(sw_result.error());           \
    }                                                \
  } while (false)

// For programmer errors only, never for input: logs and aborts.
#define SW_ASSERT(condition)                                                       \
  do {                                                                             \
    if (!(condition)) ::slipway::assertion_failed(#condition, __FILE__, __LINE__); \
  } while (false)
