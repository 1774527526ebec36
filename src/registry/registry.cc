// SPDX-License-Identifier: Apache-2.0
#include "registry/registry.h"

#include "base/text.h"
#include "impl.h"
#include "names.h"
#include "rows.h"

namespace slipway::registry {
namespace {

using store::Connection;

KeysetValue value_of(const Model& model, std::string_view column) {
  if (column == "m.created") return model.created.ms;
  if (column == "m.updated") return model.updated.ms;
  return model.name;
}

Error taken(const std::string& name) {
  return already_exists("registered model (name='" + name + "') already exists");
}

}  // namespace

Registry::Registry(store::Database& db, tracking::Tracking& tracking, blob::BlobStore& blobs,
                   EventSink& events, Clock& clock, Ids& ids)
    : impl_(new Impl{db, tracking, blobs, events, clock, ids, History(db, clock),
                     Promotions(*this)}) {
  tracking.keep([this](tracking::Removal what, const std::string& id, bool anyway) {
    return impl_->may_remove(what, id, anyway);
  });
}

Registry::~Registry() {
  impl_->tracking.keep({});
}

History& Registry::history() {
  return impl_->history;
}

const History& Registry::history() const {
  return impl_->history;
}

Promotions& Registry::promotions() {
  return impl_->promotions;
}

void Registry::Impl::publish(std::string type, const VersionRef& ref, const By& by,
                             const std::vector<std::pair<std::string, std::string>>& more) const {
  std::string data = "{\"model\":";
  append_json_string(data, ref.model);
  data += ",\"version\":" + std::to_string(ref.version);
  for (const auto& [key, value] : more) {
    ((data += ",\"") += key) += "\":";
    append_json_string(data, value);
  }
  events.publish({.type = std::move(type),
                  .subject = ref.model,
                  .actor = by.actor,
                  .at = clock.now(),
                  .data = data + "}"});
}

Change Registry::Impl::change(const std::string& action, const VersionRef& ref, std::string from,
                              std::string to, const By& by) const {
  return {.at = clock.now(),
          .actor = by.actor,
          .action = action,
          .model = ref.model,
          .version = ref.version,
          .from = std::move(from),
          .to = std::move(to),
          .reason = by.reason};
}

Result<Model> Registry::create(const std::string& name, const std::vector<Tag>& tags,
                               const std::string& description, const By& by) {
  SW_CHECK_OK(check_model_name(name));
  for (const auto& tag : tags) SW_CHECK_OK(check_tag(tag));
  const auto now = impl_->clock.now();
  const ModelRow row{
      .id = impl_->ids.sortable(),
      .model = {.name = name, .created = now, .updated = now, .description = description}};
  SW_CHECK_OK(impl_->db.write([&](Connection& db) -> Result<void> {
    auto inserted = insert_model(db, row);
    if (!inserted && inserted.error().code == Code::already_exists) return taken(name);
    SW_CHECK_OK(inserted);
    for (const auto& tag : tags) SW_CHECK_OK(put_tag(db, row.id, 0, tag.key, tag.value));
    SW_CHECK_OK(impl_->tell(db, row.id,
                            {.kind = Fact::Kind::model_created,
                             .model = name,
                             .tags = tags,
                             .description = description}));
    return impl_->history.append(db, row.id,
                                 impl_->change("model.created", {name, 0}, "", name, by));
  }));
  return model(name);
}

Result<Model> Registry::model(const std::string& name) const {
  SW_CHECK_OK(check_model_name(name));
  return impl_->db.read([&](Connection& db) -> Result<Model> {
    SW_CHECK_OK(find_model(db, name));
    SW_TRY(auto found, load_models(db, "WHERE m.name = ?", {name}));
    return std::move(found.front());
  });
}

Result<Page<Model>> Registry::search(const Search& search) const {
  const KeysetKey ties[] = {{"m.name"}};
  SW_TRY(const auto order, order_of(search.order, searchable_models(), ties));
  Sql sql{.text = "WHERE ", .cells = {}};
  SW_CHECK_OK(add_condition(search.filter, searchable_models(), impl_->db.dialect(), sql));
  SW_CHECK_OK(add_page(order, search.page, sql));
  return impl_->db.read([&](Connection& db) -> Result<Page<Model>> {
    SW_TRY(auto models, load_models(db, sql.text, sql.cells));
    return page_of(std::move(models), order, search.page, value_of);
  });
}

Result<Model> Registry::rename(const std::string& name, const std::string& to, const By& by) {
  SW_CHECK_OK(check_model_name(name));
  SW_CHECK_OK(check_model_name(to));
  const auto now = impl_->clock.now();
  SW_CHECK_OK(impl_->db.write([&](Connection& db) -> Result<void> {
    SW_TRY(const auto row, find_model(db, name));
    auto updated = db.exec("UPDATE registry_model SET name = ?, updated = ? WHERE id = ?",
                           {to, now.ms, row.id});
    if (!updated && updated.error().code == Code::already_exists) return taken(to);
    SW_CHECK_OK(updated);
    SW_CHECK_OK(
        db.exec("UPDATE registry_version SET updated = ? WHERE model_id = ?", {now.ms, row.id}));
    return impl_->history.append(db, row.id, impl_->change("model.renamed", {to, 0}, name, to, by));
  }));
  return model(to);
}

Result<Model> Registry::describe(const std::string& name, const std::string& description,
                                 const By& by) {
  SW_CHECK_OK(check_model_name(name));
  SW_CHECK_OK(impl_->db.write([&](Connection& db) -> Result<void> {
    SW_TRY(const auto row, find_model(db, name));
    SW_CHECK_OK(db.exec("UPDATE registry_model SET description = ?, updated = ? WHERE id = ?",
                        {description, impl_->clock.now().ms, row.id}));
    return impl_->history.append(
        db, row.id,
        impl_->change("model.described", {name, 0}, row.model.description, description, by));
  }));
  return model(name);
}

Result<void> Registry::remove(const std::string& name, const By& by) {
  SW_CHECK_OK(check_model_name(name));
  return impl_->db.write([&](Connection& db) -> Result<void> {
    SW_TRY(const auto row, find_model(db, name));
    SW_CHECK_OK(db.exec("DELETE FROM registry_model WHERE id = ?", {row.id}));
    return impl_->history.append(db, row.id,
                                 impl_->change("model.removed", {name, 0}, name, "", by));
  });
}

Result<void> Registry::tag(const VersionRef& ref, const std::string& key,
                           const std::optional<std::string>& value, const By& by) {
  SW_CHECK_OK(check_model_name(ref.model));
  SW_CHECK_OK(value ? check_tag({key, *value}) : check_tag_key(key));
  return impl_->db.write([&](Connection& db) -> Result<void> {
    std::string id;
    if (ref.version == 0) {
      SW_TRY(const auto row, find_model(db, ref.model));
      id = row.id;
    } else {
      SW_TRY(const auto row, find_version(db, ref));
      id = row.model_id;
    }
    SW_TRY(const auto before, put_tag(db, id, ref.version, key, value));
    SW_CHECK_OK(impl_->tell(db, id,
                            {.kind = value ? Fact::Kind::tag_set : Fact::Kind::tag_removed,
                             .model = ref.model,
                             .version = ref.version,
                             .key = key,
                             .value = value.value_or("")}));
    if (before == value) return {};
    // Tag values may be long texts; the history keeps which tag it was and how it began.
    const auto brief = [&](const std::optional<std::string>& text) {
      return text ? key + "=" + text->substr(0, 200) : std::string();
    };
    return impl_->history.append(
        db, id,
        impl_->change(value ? "tag.set" : "tag.removed", ref, brief(before), brief(value), by));
  });
}

Result<void> Registry::set_alias(const std::string& model, const std::string& alias,
                                 std::int64_t version, const By& by) {
  SW_CHECK_OK(check_model_name(model));
  SW_CHECK_OK(check_alias(alias));
  if (version != 0) SW_CHECK_OK(check_alias_not_reserved(alias));
  if (version != 0 && alias == kChampion) {
    SW_CHECK_OK(promote({model, version}, by));
    return {};
  }
  bool changed = false;
  SW_CHECK_OK(impl_->db.write([&](Connection& db) -> Result<void> {
    SW_TRY(const auto row, find_model(db, model));
    if (version != 0) SW_CHECK_OK(find_version(db, {model, version}));
    SW_TRY(const auto before, find_alias(db, row.id, alias));
    changed = before.value_or(0) != version;
    if (!changed) return {};
    if (alias == kChampion) {
      auto champion = find_version(db, {model, *before});
      if (champion) return impl_->drop_champion(db, *champion, by);
    }
    const VersionRow about{.model_id = row.id, .version = {.model = model}};
    return impl_->change_alias(db, about, alias, before, version, by);
  }));
  if (changed) impl_->publish("model.alias_set", {model, version}, by, {{"alias", alias}});
  return {};
}

Result<std::optional<Version>> Registry::by_alias(const std::string& model,
                                                  const std::string& alias) const {
  SW_CHECK_OK(check_model_name(model));
  SW_CHECK_OK(check_alias(alias));
  return impl_->db.read([&](Connection& db) -> Result<std::optional<Version>> {
    SW_TRY(const auto row, find_model(db, model));
    std::optional<std::int64_t> number;
    if (equal_ignoring_case(alias, "latest")) {
      SW_TRY(number, db.first("SELECT version FROM registry_version WHERE model_id = ? AND "
                              "removed = 0 ORDER BY version DESC LIMIT 1",
                              {row.id}, [](const store::Row& r) { return r.int64(0); }));
    } else {
      SW_TRY(number, find_alias(db, row.id, alias));
    }
    if (!number) return std::optional<Version>();
    SW_TRY(auto version, find_version(db, {model, *number}));
    return std::optional(std::move(version.version));
  });
}

}  // namespace slipway::registry
