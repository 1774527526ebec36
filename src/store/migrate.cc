// SPDX-License-Identifier: Apache-2.0
#include "migrate.h"

#include <map>

#include <openssl/sha.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

namespace slipway::store {
namespace {

constexpr char kCreateTable[] =
    "CREATE TABLE IF NOT EXISTS schema_migrations (version BIGINT PRIMARY KEY, name TEXT NOT NULL, "
    "checksum TEXT NOT NULL, applied BIGINT NOT NULL)";

struct Migration {
  std::string name;
  const std::string* sql = nullptr;
};

std::string checksum(const std::string& text) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  return to_hex({reinterpret_cast<const char*>(digest), sizeof(digest)});
}

// The files of one dialect by number.
std::map<std::int64_t, Migration> select(const std::vector<MigrationFile>& files, Dialect dialect) {
  constexpr std::string_view kOwn = ".postgres.sql";
  std::map<std::int64_t, Migration> out;
  for (const auto& file : files) {
    const auto number = parse_int(std::string_view(file.name).substr(0, 4));
    SW_ASSERT(number.has_value());
    const bool postgres_only = file.name.ends_with(kOwn);
    if (postgres_only && dialect != Dialect::postgres) continue;
    auto& slot = out[*number];
    if (slot.sql != nullptr && !postgres_only) continue;
    slot = {file.name, &file.sql};
  }
  return out;
}

Result<std::map<std::int64_t, std::string>> applied(DriverConnection& connection) {
  std::map<std::int64_t, std::string> out;
  SW_CHECK_OK(
      connection.query("SELECT version, checksum FROM schema_migrations", {}, [&](const Row& row) {
        out[row.int64(0)] = std::string(row.text(1));
        return true;
      }));
  return out;
}

Result<void> apply_missing(DriverConnection& connection,
                           const std::map<std::int64_t, Migration>& known) {
  SW_TRY(const auto done, applied(connection));
  for (const auto& [version, sum] : done) {
    const auto found = known.find(version);
    if (found == known.end()) {
      return precondition(
          "the database has schema step " + std::to_string(version) +
              ", which this binary does not know",
          "it was written by a newer slipway; use that version or restore a backup");
    }
    if (checksum(*found->second.sql) != sum) {
      return precondition(
          "schema step " + found->second.name + " differs from the one that made the database",
          "use the slipway that wrote it, or start with a new data folder");
    }
  }
  for (const auto& [version, migration] : known) {
    if (done.contains(version)) continue;
    SW_CHECK_OK(connection.script(*migration.sql));
    SW_CHECK_OK(connection.exec(
        "INSERT INTO schema_migrations VALUES (?, ?, ?, ?)",
        {version, migration.name, checksum(*migration.sql), system_clock().now().ms}));
    log::info("store.migrated", {{"step", migration.name}});
  }
  return {};
}

}  // namespace

Result<void> migrate(DriverConnection& connection, const std::vector<MigrationFile>& files) {
  const auto known = select(files, connection.dialect());
  SW_CHECK_OK(connection.begin(true));
  Result<void> result = connection.script(kCreateTable);
  if (result) result = apply_missing(connection, known);
  if (result) result = connection.commit();
  if (!result) connection.rollback();
  return result;
}

}  // namespace slipway::store
