// SPDX-License-Identifier: Apache-2.0
// Who may put a version into production: what a model is protected by, requests, and approvals.
//
// A model without a protection can be promoted by anybody. A protected one only takes versions into
// Production (by promotion, stage or the alias `champion`) that have an approved request, or that
// the caller has cleared with the policy itself (By::cleared).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "registry/types.h"

namespace slipway::registry {

struct Protection {
  std::string policy;                  // its name
  std::string text;                    // as it was written; judged by whoever makes a request
  std::int64_t approvals = 0;          // how many people must approve
  std::vector<std::string> approvers;  // who may; empty: anybody
  bool own = false;                    // may whoever asks also approve?
  Timestamp since;
  std::string actor;
};

struct Vote {
  std::string actor;
  Timestamp at;
  bool approves = false;
  std::string reason;
};

enum class RequestState { requested, approved, rejected, withdrawn, done };
std::string_view name_of(RequestState state);
Result<RequestState> parse_request_state(std::string_view name);

struct NewRequest {
  VersionRef ref;
  Protection terms;         // as they are when it is asked
  std::string decision_id;  // what the policy said
  bool hold = false;        // approval only permits; something else (a rollout) promotes
};

struct PromotionRequest {
  std::string id;
  VersionRef ref;
  RequestState state = RequestState::requested;
  Timestamp asked;
  std::optional<Timestamp> ended;
  std::string actor;
  std::string reason;
  std::string decision_id;
  Protection terms;  // without the text
  bool hold = false;
  std::vector<Vote> votes;

  std::int64_t approvals() const;  // how many there are
};

class Registry;

class Promotions {
 public:
  Result<std::optional<Protection>> protection(const std::string& model) const;
  Result<void> protect(const std::string& model, const Protection& protection, const By& by);
  Result<void> unprotect(const std::string& model, const By& by);

  // One open request a version: a second is conflict.
  Result<PromotionRequest> ask(const NewRequest& request, const By& by);
  Result<PromotionRequest> get(const std::string& id) const;
  // Newest first; an empty model, version 0 and no state are any.
  Result<Page<PromotionRequest>> list(const std::string& model, std::int64_t version,
                                      std::optional<RequestState> state,
                                      const PageRequest& page) const;
  // The last approval that was missing promotes the version in the same transaction (unless the
  // request holds). Who may not vote is permission_denied; a closed request failed_precondition.
  Result<PromotionRequest> approve(const std::string& id, const By& by);
  // Whoever asked withdraws; anybody who may approve rejects.
  Result<PromotionRequest> reject(const std::string& id, const By& by);

  // Could the version enter Production now? failed_precondition says what is missing.
  Result<void> check(const VersionRef& ref) const;

 private:
  friend class Registry;
  explicit Promotions(Registry& registry) : registry_(registry) {}
  Registry& registry_;
};

}  // namespace slipway::registry
