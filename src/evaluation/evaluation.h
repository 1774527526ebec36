// SPDX-License-Identifier: Apache-2.0
// What evaluations of LLM and agent work are made of: datasets of examples, scorers, questions for
// reviewers, queues of what is to be reviewed, the issues that were found, and the servers of tools
// that agents are given.
//
// Nothing is run here. Every call may be made from any thread, and its effect is durable when it
// returns. JSON crosses as text.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/ids.h"
#include "evaluation/datasets.h"
#include "evaluation/issues.h"
#include "evaluation/questions.h"
#include "evaluation/queues.h"
#include "evaluation/scorers.h"
#include "evaluation/tool_servers.h"

namespace slipway::store {
class Database;
}
namespace slipway::tracking {
class Tracking;
}

namespace slipway::evaluation {

// What the aggregates share.
struct Parts {
  store::Database& db;
  tracking::Tracking& tracking;
  Clock& clock;
  Ids& ids;

  // not_found unless the experiment exists and is not deleted.
  Result<void> check_experiment(const std::string& id) const;
};

class Evaluation {
 public:
  Evaluation(store::Database& db, tracking::Tracking& tracking, Clock& clock, Ids& ids);

  Datasets& datasets() { return datasets_; }
  Scorers& scorers() { return scorers_; }
  Questions& questions() { return questions_; }
  Queues& queues() { return queues_; }
  Issues& issues() { return issues_; }
  ToolServers& tool_servers() { return tool_servers_; }

 private:
  Parts parts_;
  Datasets datasets_{parts_};
  Scorers scorers_{parts_};
  Questions questions_{parts_};
  Queues queues_{parts_};
  Issues issues_{parts_};
  ToolServers tool_servers_{parts_};
};

}  // namespace slipway::evaluation
