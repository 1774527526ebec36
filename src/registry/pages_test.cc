// SPDX-License-Identifier: Apache-2.0
// Pages of models and versions: complete in every order, and standing on the last row.
#include <gtest/gtest.h>

#include "fixture.h"

namespace slipway::registry {
namespace {

using Names = std::vector<std::string>;

class PagesTest : public RegistryFixture {
 protected:
  template <class Find, class Name>
  static Names pages(Search search, std::size_t size, Find&& find, Name&& name) {
    Names out;
    search.page = {size, ""};
    for (int page = 0; page < 100; ++page) {
      const auto found = find(search);
      if (!found) return {found.error().message};
      EXPECT_LE(found->items.size(), size);
      for (const auto& each : found->items) out.push_back(name(each));
      search.page.token = found->next_token;
      if (search.page.token.empty()) return out;
    }
    return {"it does not end"};
  }
  static OrderBy by(std::string key, bool ascending) {
    return {"attribute", std::move(key), ascending};
  }
};

TEST_P(PagesTest, OfModelsAreCompleteInEveryOrder) {
  for (const char* name : {"b", "a", "d", "c"}) {
    make_model(name);
    clock_.advance(name[0] % 2);
  }
  const auto find = [&](const Search& search) { return registry_.search(search); };
  const auto name = [](const Model& model) { return model.name; };
  const std::vector<std::vector<OrderBy>> orders = {
      {},
      {by("name", false)},
      {by("last_updated_timestamp", true)},
      {by("creation_timestamp", false), by("name", false)}};
  for (const auto& order : orders) {
    const Search search{.order = order};
    const auto all = pages(search, 100, find, name);
    EXPECT_EQ(all.size(), 4u);
    for (std::size_t size = 1; size < 5; ++size) EXPECT_EQ(pages(search, size, find, name), all);
  }
  EXPECT_EQ(pages({}, 3, find, name), (Names{"a", "b", "c", "d"}));
}

TEST_P(PagesTest, OfVersionsAreCompleteInEveryOrder) {
  make_model("b");
  make_model("a");
  for (int i = 0; i < 6; ++i) {
    add(i % 2 == 0 ? "a" : "b");
    clock_.advance(i % 3);
  }
  const auto find = [&](const Search& search) { return registry_.search_versions(search); };
  const auto name = [](const Version& v) { return v.model + std::to_string(v.version); };
  const std::vector<std::vector<OrderBy>> orders = {
      {},
      {by("name", true)},
      {by("version_number", false)},
      {by("source_path", true), by("stage", false), by("run_id", true)},
      {by("creation_timestamp", true), by("logged_model_id", false)}};
  for (const auto& order : orders) {
    const Search search{.order = order};
    const auto all = pages(search, 100, find, name);
    EXPECT_EQ(all.size(), 6u);
    for (std::size_t size = 1; size < 7; ++size) EXPECT_EQ(pages(search, size, find, name), all);
  }
}

TEST_P(PagesTest, HoldTheirPlaceWhenSomethingNewComes) {
  for (const char* name : {"b", "d", "f"}) make_model(name);
  Search search{.page = {2, ""}};
  search.page.token = registry_.search(search)->next_token;
  make_model("a");

  const auto second = registry_.search(search);

  ASSERT_TRUE(second);
  ASSERT_EQ(second->items.size(), 1u);
  EXPECT_EQ(second->items[0].name, "f");
  search.order = {by("name", false)};
  EXPECT_EQ(registry_.search(search).error().code, Code::invalid_argument);
  EXPECT_EQ(registry_.search_versions(search).error().code, Code::invalid_argument);
}

INSTANTIATE_TEST_SUITE_P(Dialects, PagesTest, ::testing::ValuesIn(store::TestDatabase::dialects()),
                         [](const auto& info) {
                           return info.param == store::Dialect::sqlite ? "sqlite" : "postgres";
                         });

}  // namespace
}  // namespace slipway::registry
