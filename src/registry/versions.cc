// SPDX-License-Identifier: Apache-2.0
// Versions: how they come to be, move between stages, and become champion.
#include "base/text.h"
#include "impl.h"
#include "names.h"
#include "rows.h"

namespace slipway::registry {
namespace {

using store::Connection;

constexpr std::size_t kSourceLimit = 500;

std::string stage_text(Stage stage) {
  return std::string(name_of(stage));
}

KeysetValue value_of(const Version& version, std::string_view column) {
  if (column == "v.version") return version.version;
  if (column == "v.created") return version.created.ms;
  if (column == "v.updated") return version.updated.ms;
  if (column == "v.run_id") return version.run_id;
  if (column == "v.source") return version.source;
  if (column == "v.stage") return stage_text(version.stage);
  if (column == "v.logged_model_id") return version.logged_model_id;
  return version.model;
}

}  // namespace

Result<Version> Registry::add(const NewVersion& wanted, const By& by) {
  SW_CHECK_OK(check_model_name(wanted.model));
  for (const auto& tag : wanted.tags) SW_CHECK_OK(check_tag(tag));
  if (length_of(wanted.source) > kSourceLimit) {
    return invalid("the source is longer than " + std::to_string(kSourceLimit) + " characters");
  }
  const auto now = impl_->clock.now();
  VersionRow row{.version = {.model = wanted.model,
                             .created = now,
                             .updated = now,
                             .description = wanted.description,
                             .source = wanted.source,
                             .run_id = wanted.run_id,
                             .run_link = wanted.run_link,
                             .logged_model_id = wanted.logged_model_id,
                             .tags = wanted.tags}};
  SW_CHECK_OK(model(wanted.model));
  if (!wanted.without_files) SW_CHECK_OK(impl_->resolve(wanted, row.version));
  SW_TRY(const auto number, impl_->db.write([&](Connection& db) -> Result<std::int64_t> {
    SW_TRY(const auto found, find_model(db, wanted.model));
    auto next = row;
    next.model_id = found.id;
    next.version.version = found.last_version + 1;
    SW_CHECK_OK(insert_version(db, next));
    SW_CHECK_OK(impl_->tell(db, found.id,
                            {.kind = Fact::Kind::version_created,
                             .model = wanted.model,
                             .version = next.version.version,
                             .tags = wanted.tags,
                             .description = wanted.description,
                             .source = wanted.source,
                             .run_id = wanted.run_id}));
    SW_CHECK_OK(impl_->history.append(
        db, found.id, impl_->change("version.created", next.version.ref(), "", wanted.source, by)));
    return next.version.version;
  }));
  const VersionRef ref{wanted.model, number};
  impl_->publish("model.version_created", ref, by, {{"run_id", row.version.run_id}});
  return version(ref);
}

Result<Version> Registry::version(const VersionRef& ref) const {
  SW_CHECK_OK(check_model_name(ref.model));
  return impl_->db.read([&](Connection& db) -> Result<Version> {
    SW_TRY(auto row, find_version(db, ref));
    return std::move(row.version);
  });
}

Result<Page<Version>> Registry::search_versions(const Search& search) const {
  const KeysetKey ties[] = {{"m.name"}, {"v.version", false, true}};
  auto wanted_order = search.order;
  if (wanted_order.empty()) wanted_order.push_back({"attribute", "last_updated_timestamp", false});
  SW_TRY(const auto order, order_of(wanted_order, searchable_versions(), ties));
  Sql sql{.text = "WHERE v.removed = 0 AND ", .cells = {}};
  SW_CHECK_OK(add_condition(search.filter, searchable_versions(), impl_->db.dialect(), sql));
  SW_CHECK_OK(add_page(order, search.page, sql));
  return impl_->db.read([&](Connection& db) -> Result<Page<Version>> {
    SW_TRY(auto rows, load_versions(db, sql.text, sql.cells));
    std::vector<Version> versions;
    versions.reserve(rows.size());
    for (auto& row : rows) versions.push_back(std::move(row.version));
    return page_of(std::move(versions), order, search.page, value_of);
  });
}

Result<Version> Registry::describe_version(const VersionRef& ref,
                                           std::optional<std::string> description, const By& by) {
  SW_CHECK_OK(check_model_name(ref.model));
  SW_CHECK_OK(impl_->db.write([&](Connection& db) -> Result<void> {
    SW_TRY(const auto row, find_version(db, ref));
    SW_CHECK_OK(
        db.exec("UPDATE registry_version SET description = ?, updated = ? "
                "WHERE model_id = ? AND version = ?",
                {description ? store::Cell(*description) : store::Cell(nullptr),
                 impl_->clock.now().ms, row.model_id, ref.version}));
    return impl_->history.append(
        db, row.model_id,
        impl_->change("version.described", ref, row.version.description.value_or(""),
                      description.value_or(""), by));
  }));
  return version(ref);
}

Result<void> Registry::remove_version(const VersionRef& ref, const By& by) {
  SW_CHECK_OK(check_model_name(ref.model));
  return impl_->db.write([&](Connection& db) -> Result<void> {
    SW_TRY(const auto row, find_version(db, ref));
    const auto now = impl_->clock.now();
    SW_CHECK_OK(
        db.exec("UPDATE registry_version SET removed = 1, updated = ? "
                "WHERE model_id = ? AND version = ?",
                {now.ms, row.model_id, ref.version}));
    for (const auto& alias : row.version.aliases) {
      if (alias == kChampion) {
        SW_CHECK_OK(impl_->pass_on(db, row, by));
      } else {
        SW_CHECK_OK(impl_->change_alias(db, row, alias, ref.version, 0, by));
      }
    }
    SW_CHECK_OK(impl_->close_requests(db, row, RequestState::withdrawn));
    SW_CHECK_OK(touch_model(db, row.model_id, now));
    return impl_->history.append(db, row.model_id,
                                 impl_->change("version.removed", ref, row.version.source, "", by));
  });
}

Result<Version> Registry::move(const VersionRef& ref, Stage stage, bool archive_others,
                               const By& by) {
  SW_CHECK_OK(check_model_name(ref.model));
  if (archive_others && stage != Stage::staging && stage != Stage::production) {
    return invalid("existing versions cannot be archived because '" + stage_text(stage) +
                       "' is not an active stage",
                   "the active stages are Staging and Production");
  }
  SW_TRY(const auto moved, impl_->db.write([&](Connection& db) -> Result<Impl::Moved> {
    SW_TRY(const auto row, find_version(db, ref));
    const auto now = impl_->clock.now();
    if (stage == Stage::production) SW_CHECK_OK(impl_->check_cleared(db, row, by));
    SW_TRY(const auto champion, find_alias(db, row.model_id, kChampion));
    Impl::Moved out{.previous = champion, .to = stage};
    if (row.version.stage != stage) out.from = row.version.stage;
    SW_CHECK_OK(impl_->change_stage(db, row, stage, now, by));
    if (archive_others) SW_CHECK_OK(impl_->archive_all_but(db, row, stage, now, by));
    const bool leads = champion == ref.version;
    out.alias = leads != (stage == Stage::production);
    if (stage == Stage::production) {
      if (!leads) {
        SW_CHECK_OK(impl_->change_alias(db, row, kChampion, champion, ref.version, by));
      }
      SW_CHECK_OK(impl_->close_requests(db, row, RequestState::done));
    } else if (leads) {
      SW_CHECK_OK(impl_->pass_on(db, row, by));
    }
    return out;
  }));
  impl_->announce(ref, moved, by);
  return version(ref);
}

Result<Promotion> Registry::promote(const VersionRef& ref, const By& by) {
  SW_CHECK_OK(check_model_name(ref.model));
  SW_TRY(const auto moved, impl_->db.write([&](Connection& db) -> Result<Impl::Moved> {
    SW_TRY(const auto row, find_version(db, ref));
    SW_CHECK_OK(impl_->check_cleared(db, row, by));
    return impl_->promote_in(db, row, by);
  }));
  impl_->announce(ref, moved, by);
  SW_TRY(auto now, version(ref));
  return Promotion{.version = std::move(now),
                   .previous = moved.previous == ref.version ? std::nullopt : moved.previous};
}

}  // namespace slipway::registry
