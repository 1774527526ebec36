// SPDX-License-Identifier: Apache-2.0
// The Database over either dialect: one writer with group commit, a bounded pool of readers.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "connection.h"
#include "group_commit.h"
#include "store/database.h"

namespace slipway::store {

// Makes a connection; the flag says whether it will only read.
using Connect = std::function<Result<std::unique_ptr<DriverConnection>>(bool read_only)>;
using CopyTo = std::function<Result<void>(const std::string& path)>;

Result<std::unique_ptr<Database>> make_database(Connect connect, CopyTo copy_to,
                                                const Options& options);

Result<std::unique_ptr<Database>> open_sqlite_database(const std::string& path,
                                                       const Options& options);
Result<std::unique_ptr<Database>> open_postgres_database(const std::string& url,
                                                         const Options& options);

}  // namespace slipway::store
