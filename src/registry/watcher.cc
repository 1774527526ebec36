// SPDX-License-Identifier: Apache-2.0
#include "registry/watcher.h"

#include "impl.h"

namespace slipway::registry {

void Registry::watch(Watcher& watcher) {
  impl_->watcher = &watcher;
}

Result<void> Registry::Impl::tell(store::Connection& db, const std::string& model_id,
                                  Fact fact) const {
  if (watcher == nullptr) return {};
  if (fact.kind != Fact::Kind::model_created && fact.kind != Fact::Kind::version_created) {
    SW_TRY(auto models, load_models(db, "WHERE m.id = ?", {model_id}));
    if (!models.empty()) fact.tags = std::move(models.front().tags);
  }
  return watcher->happened(db, fact);
}

Result<void> Registry::Impl::tell_alias(store::Connection& db, const std::string& model_id,
                                        const std::string& alias, const VersionRef& ref) const {
  return tell(db, model_id,
              {.kind = ref.version == 0 ? Fact::Kind::alias_removed : Fact::Kind::alias_set,
               .model = ref.model,
               .version = ref.version,
               .key = alias});
}

}  // namespace slipway::registry
