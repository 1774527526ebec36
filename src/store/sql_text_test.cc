// SPDX-License-Identifier: Apache-2.0
#include "sql_text.h"

#include <gtest/gtest.h>

namespace slipway::store {
namespace {

TEST(SqlText, PlaceholdersAreNumberedOutsideQuotesAndComments) {
  EXPECT_EQ(to_dollar_placeholders("SELECT ?, '?''?', \"a?\" -- ?\n WHERE x = ?"),
            "SELECT $1, '?''?', \"a?\" -- ?\n WHERE x = $2");
  EXPECT_EQ(to_dollar_placeholders("SELECT 'open ?"), "SELECT 'open ?");
  EXPECT_EQ(to_dollar_placeholders(""), "");
}

}  // namespace
}  // namespace slipway::store
