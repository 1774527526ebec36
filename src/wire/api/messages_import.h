// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "json/json.h"
#include "transfer/transfer.h"

namespace slipway::wire::api {

struct ImportMarksIn {
  std::string source;
  std::string kind;
  std::vector<std::string> ids;
};
BOOST_DESCRIBE_STRUCT(ImportMarksIn, (), (source, kind, ids))

struct ImportMarks {
  std::map<std::string, std::string> marks;
};
BOOST_DESCRIBE_STRUCT(ImportMarks, (), (marks))

struct ImportSizesIn {
  std::vector<std::string> runs;
};
BOOST_DESCRIBE_STRUCT(ImportSizesIn, (), (runs))

struct ImportSizes {
  std::vector<transfer::RunSizes> items;
};
BOOST_DESCRIBE_STRUCT(ImportSizes, (), (items))

struct ImportFoldersIn {
  std::string owner;  // "run", "logged_model" or "trace"
  std::vector<std::string> ids;
};
BOOST_DESCRIBE_STRUCT(ImportFoldersIn, (), (owner, ids))

struct ImportFolders {
  std::map<std::string, std::string> folders;
};
BOOST_DESCRIBE_STRUCT(ImportFolders, (), (folders))

}  // namespace slipway::wire::api
