// SPDX-License-Identifier: Apache-2.0
// What reviewers of an experiment are asked, and in which form they answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "domain/types.h"

namespace slipway::evaluation {

struct Parts;

// The form of an answer. Only the fields of its kind count.
struct AnswerForm {
  enum class Kind { pass_fail, categorical, numeric, text };
  Kind kind = Kind::text;
  std::string positive;  // pass_fail
  std::string negative;
  std::vector<std::string> options;  // categorical
  bool several = false;
  std::optional<double> least;  // numeric
  std::optional<double> most;
  std::optional<std::int64_t> longest;  // text
};

struct Question {
  std::string id;  // "ls-" and 32 hex characters
  std::string experiment;
  std::string name;
  bool expectation = false;  // else feedback
  std::optional<std::string> instruction;
  bool comments = false;
  AnswerForm form;
  Timestamp created;
  Timestamp updated;
  std::optional<std::string> created_by;
  bool standard = false;  // every experiment has one; it can neither be changed nor removed
};

struct QuestionChange {
  std::optional<std::string> name;
  std::optional<std::string> instruction;
  std::optional<bool> comments;
  std::optional<AnswerForm> form;  // of the same kind
};

class Questions {
 public:
  explicit Questions(const Parts& parts) : parts_(parts) {}

  Result<Question> create(Question question);
  Result<Question> get(const std::string& id) const;
  Result<Question> by_name(const std::string& experiment, const std::string& name) const;
  // Newest first; makes the standard question when the experiment has none yet.
  Result<Page<Question>> list(const std::string& experiment, const PageRequest& page);
  Result<Question> change(const std::string& id, const QuestionChange& change);
  Result<void> remove(const std::string& id);  // absent is fine

 private:
  const Parts& parts_;
};

}  // namespace slipway::evaluation
