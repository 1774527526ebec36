// SPDX-License-Identifier: Apache-2.0
#include "base/ids.h"

#include <set>

#include <gtest/gtest.h>

namespace slipway {
namespace {

TEST(Ids, HexHas32LowerCaseDigits) {
  const auto id = system_ids().hex32();
  EXPECT_EQ(id.size(), 32u);
  EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos);
}

TEST(Ids, SortableOnesAreMadeInOrder) {
  std::string last;
  for (int i = 0; i < 10'000; ++i) {
    const auto id = system_ids().sortable();
    ASSERT_LT(last, id);
    ASSERT_EQ(id.size(), 26u);
    last = id;
  }
}

TEST(Ids, AreUnique) {
  std::set<std::string> seen;
  for (int i = 0; i < 10'000; ++i) seen.insert(system_ids().hex32());
  EXPECT_EQ(seen.size(), 10'000u);
}

TEST(Ids, RandomUnitStaysInItsRange) {
  for (int i = 0; i < 10'000; ++i) {
    const double x = random_unit();
    ASSERT_GE(x, 0.0);
    ASSERT_LT(x, 1.0);
  }
}

}  // namespace
}  // namespace slipway
