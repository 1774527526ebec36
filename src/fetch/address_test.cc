// SPDX-License-Identifier: Apache-2.0
#include "fetch/address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include "fetch/fetch.h"

namespace slipway::fetch {
namespace {

bool v4(const char* text) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  EXPECT_EQ(::inet_pton(AF_INET, text, &at.sin_addr), 1) << text;
  return is_public(reinterpret_cast<const sockaddr*>(&at));
}

bool v6(const char* text) {
  sockaddr_in6 at{};
  at.sin6_family = AF_INET6;
  EXPECT_EQ(::inet_pton(AF_INET6, text, &at.sin6_addr), 1) << text;
  return is_public(reinterpret_cast<const sockaddr*>(&at));
}

TEST(Address, KnowsWhatIsOurOwnNetwork) {
  for (const auto* inside :
       {"127.0.0.1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "0.0.0.0", "198.18.0.1", "203.0.113.9", "224.0.0.1", "255.255.255.255"}) {
    EXPECT_FALSE(v4(inside)) << inside;
  }
  for (const auto* outside : {"8.8.8.8", "172.32.0.1", "172.15.0.1", "100.128.0.1", "1.1.1.1"}) {
    EXPECT_TRUE(v4(outside)) << outside;
  }
}

TEST(Address, LooksIntoWrappedAddresses) {
  for (const auto* inside :
       {"::1", "::", "fe80::1", "fc00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
        "2002:7f00:1::", "64:ff9b::a9fe:a9fe", "2001:db8::1", "ff02::1"}) {
    EXPECT_FALSE(v6(inside)) << inside;
  }
  for (const auto* outside : {"2606:4700::1111", "::ffff:8.8.8.8", "2002:808:808::1"}) {
    EXPECT_TRUE(v6(outside)) << outside;
  }
}

TEST(Address, FindsTheHostOfAUrl) {
  EXPECT_EQ(*host_of("https://example.com:8443/a?b#c"), "example.com");
  EXPECT_EQ(*host_of("http://me:pass@10.0.0.1/x"), "10.0.0.1");
  EXPECT_EQ(*host_of("https://[::1]:80/"), "::1");
  EXPECT_EQ(*host_of("https://good.example@127.0.0.1"), "127.0.0.1");
  for (const auto* bad :
       {"https://", "https:///path", "nothing", "https://[::1", "https://a b/", "https://:80"}) {
    EXPECT_FALSE(host_of(bad)) << bad;
  }
}

TEST(Address, ANumberInAnotherSpellingIsLookedAtToo) {
  EXPECT_FALSE(check_public("127.1"));
  EXPECT_FALSE(check_public("2130706433"));
  EXPECT_FALSE(check_public("localhost"));
  EXPECT_TRUE(check_public("8.8.8.8"));
}

TEST(Fetch, PublicOnlyRefusesWhatTheNameLeadsToNow) {
  const auto answer = send({.url = "http://127.0.0.1:9/", .public_only = true});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::invalid_argument) << answer.error().message;
}

}  // namespace
}  // namespace slipway::fetch
