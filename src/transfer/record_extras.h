// SPDX-License-Identifier: Apache-2.0
// Records of what stands beside the history: what reviewers are asked and how far they are,
// scorers, issues, servers of tools, webhooks. Part of record.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "transfer/record_pairs.h"

namespace slipway::transfer {

struct QuestionRecord {
  std::string id;
  std::string experiment;
  std::string name;
  bool expectation = false;  // else feedback
  std::optional<std::string> instruction;
  bool comments = false;
  std::string form;  // JSON: docs/formats/transfer.md
  std::int64_t created = 0;
  std::int64_t updated = 0;
  bool standard = false;  // every experiment has one
  std::optional<std::string> created_by;
};
BOOST_DESCRIBE_STRUCT(QuestionRecord, (),
                      (id, experiment, name, expectation, instruction, comments, form, created,
                       updated, standard, created_by))

struct QueueItemRecord {
  std::string item;    // a trace
  std::string status;  // "pending", "complete", "declined"
  std::optional<std::string> completed_by;
  std::optional<std::int64_t> completed;
  std::int64_t created = 0;
  std::int64_t updated = 0;
};
BOOST_DESCRIBE_STRUCT(QueueItemRecord, (),
                      (item, status, completed_by, completed, created, updated))

struct QueueRecord {
  std::string id;
  std::string experiment;
  std::string name;
  bool personal = false;
  std::optional<std::string> owner;
  std::int64_t created = 0;
  std::int64_t updated = 0;
  std::vector<std::string> users;
  std::vector<std::string> questions;
  std::vector<QueueItemRecord> items;
};
BOOST_DESCRIBE_STRUCT(QueueRecord, (),
                      (id, experiment, name, personal, owner, created, updated, users, questions,
                       items))

// One version of a scorer.
struct ScorerRecord {
  std::string id;
  std::string experiment;
  std::string name;
  std::int64_t version = 0;
  std::string serialized;  // JSON
  std::int64_t created = 0;
};
BOOST_DESCRIBE_STRUCT(ScorerRecord, (), (id, experiment, name, version, serialized, created))

struct IssueRecord {
  std::string id;
  std::string experiment;
  std::string name;
  std::string description;
  std::string status;
  std::optional<std::string> severity;
  std::vector<std::string> root_causes;
  std::vector<std::string> categories;
  std::optional<std::string> source_run;
  std::optional<std::string> created_by;
  std::int64_t created = 0;
  std::int64_t updated = 0;
};
BOOST_DESCRIBE_STRUCT(IssueRecord, (),
                      (id, experiment, name, description, status, severity, root_causes, categories,
                       source_run, created_by, created, updated))

struct AuthorRecord {
  std::int64_t created = 0;
  std::int64_t updated = 0;
  std::optional<std::string> created_by;
  std::optional<std::string> updated_by;
};
BOOST_DESCRIBE_STRUCT(AuthorRecord, (), (created, updated, created_by, updated_by))

struct ToolVersionRecord {
  std::string version;
  std::string status;                  // "draft", "active", "deprecated", "deleted"
  std::string document;                // JSON
  std::optional<std::string> tools;    // JSON
  std::optional<std::string> options;  // JSON
  std::optional<std::string> source;
  AuthorRecord at;
  Pairs tags;
};
BOOST_DESCRIBE_STRUCT(ToolVersionRecord, (),
                      (version, status, document, tools, options, source, at, tags))

struct ToolAddressRecord {
  std::string id;
  std::string url;
  std::string transport;
  std::optional<std::string> version;  // exactly one of the two
  std::optional<std::string> alias;
  AuthorRecord at;
};
BOOST_DESCRIBE_STRUCT(ToolAddressRecord, (), (id, url, transport, version, alias, at))

struct ToolServerRecord {
  std::string name;
  std::optional<std::string> display_name;
  std::optional<std::string> description;
  std::optional<std::string> icons;  // JSON
  AuthorRecord at;
  Pairs tags;
  Pairs aliases;  // alias and version
  std::vector<ToolVersionRecord> versions;
  std::vector<ToolAddressRecord> addresses;
};
BOOST_DESCRIBE_STRUCT(ToolServerRecord, (),
                      (name, display_name, description, icons, at, tags, aliases, versions,
                       addresses))

// Secrets do not travel. One that was made without any may stay active; others come disabled.
struct WebhookRecord {
  std::string id;
  std::string name;
  std::string url;
  std::optional<std::string> description;
  std::vector<std::string> topics;  // "registered_model.created"
  bool active = false;
  bool secret_stays = false;  // it has a secret, or may have one, that did not come along
  std::int64_t created = 0;
  std::int64_t updated = 0;
};
BOOST_DESCRIBE_STRUCT(WebhookRecord, (),
                      (id, name, url, description, topics, active, secret_stays, created, updated))

}  // namespace slipway::transfer
