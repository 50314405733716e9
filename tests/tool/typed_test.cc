// What people type for a server and for an identity, and how lines are wrapped.
#include "tool/console.h"
#include "tool/server_address.h"
#include "tool/typed_uri.h"
#include <signet/testing/temporary_directory.h>

#include <gmock/gmock.h>

namespace signet::tool {
namespace {

using ::testing::ElementsAre;

TEST(ServerAddress, IsReadAsPeopleTypeIt) {
  struct Row {
    const char* typed;
    const char* host;
    std::uint16_t port;
    const char* path;
  };
  const Row rows[] = {
      {"example.org", "example.org", 443, ""},
      {"example.org:8443", "example.org", 8443, ""},
      {"https://example.org", "example.org", 443, ""},
      {"HTTPS://Example.org:8443/", "Example.org", 8443, "/"},
      {"https://example.org/a/b?c=d#e", "example.org", 443, "/a/b?c=d"},
      {"https://example.org?c=d", "example.org", 443, "/?c=d"},
      {"example.org/login", "example.org", 443, "/login"},
      {"127.0.0.1:65535", "127.0.0.1", 65535, ""},
      {"::1", "::1", 443, ""},
      {"2001:db8::8443", "2001:db8::8443", 443, ""},
      {"[::1]", "::1", 443, ""},
      {"[::1]:8443", "::1", 8443, ""},
      {"fe80::1%eth0", "fe80::1%eth0", 443, ""},
      {"https://[fe80::1%eth0]:8443/x", "fe80::1%eth0", 8443, "/x"},
  };
  for (const Row& row : rows) {
    const ServerAddress server = ParseServer(row.typed);
    EXPECT_EQ(server.host, row.host) << row.typed;
    EXPECT_EQ(server.port, row.port) << row.typed;
    EXPECT_EQ(server.path, row.path) << row.typed;
  }
}

TEST(ServerAddress, InvalidAddressIsAnError) {
  for (const char* typed : {"",
                            ":443",
                            "example.org:",
                            "example.org:0",
                            "example.org:65536",
                            "example.org:44x",
                            "a:-1",
                            "a: 1",
                            "a b",
                            "[]:1",
                            "[::1",
                            "[::1]8443",
                            "[example.org]:1",
                            "a:b:c",
                            "http://example.org/",
                            "https://",
                            "https:///x",
                            "user@example.org",
                            "localhost:http",
                            "fe80::1%eth0:8443"}) {
    EXPECT_THROW(ParseServer(typed), Error) << typed;
  }
}

TEST(ServerAddress, AnInternationalisedNameIsSentInItsAsciiForm) {
#ifdef SIGNET_HAS_IDN2
  EXPECT_EQ(ParseServer("https://Bücher.example:8443/").host, "xn--bcher-kva.example");
  EXPECT_EQ(ParseServer("straße.example").host, "xn--strae-oqa.example");
  EXPECT_THROW(ParseServer("\xff.example"), Error);
#else
  EXPECT_THROW(ParseServer("bücher.example"), Error);
#endif
}

TEST(TypedUri, APathOfAFileMeansTheFile) {
  const testing::TemporaryDirectory directory;
  const std::string file = directory.Write("with space;1.p12", "x");
  const std::string plain = directory.Write("plain", "x");
  EXPECT_EQ(TypedUri(file), "pkcs12:" + directory.path() + "/with%20space%3B1.p12");
  EXPECT_EQ(TypedUri(plain), "pkcs12:" + plain);
  EXPECT_EQ(TypedUri(plain + "?pin-source=file:pin"), "pkcs12:" + plain + "?pin-source=file:pin");
  EXPECT_EQ(TypedUri(plain + ";friendly-name=a"), "pkcs12:" + plain + ";friendly-name=a");
  EXPECT_EQ(TypedUri("not-there.p12"), "pkcs12:not-there.p12");
  EXPECT_EQ(TypedUri("NOT-THERE.PFX?pin-value=1"), "pkcs12:NOT-THERE.PFX?pin-value=1");
  EXPECT_EQ(TypedUri("./not-there"), "pkcs12:./not-there");
  EXPECT_EQ(TypedUri("file:///tmp/x.p12"), "pkcs12:/tmp/x.p12");
  EXPECT_EQ(TypedUri("FILE:x.PFX?pin-value=1"), "pkcs12:x.PFX?pin-value=1");
}

TEST(TypedUri, AFileUnderTheTokensSchemeIsRefusedInWords) {
  for (const char* typed : {"pkcs11:x.p12", "pkcs11:./x", "PKCS11:/tmp/x.pfx?pin-value=1"}) try {
      TypedUri(typed);
      ADD_FAILURE() << typed;
    } catch (const Error& error) {
      EXPECT_THAT(error.hint(), ::testing::HasSubstr("Write pkcs12:")) << typed;
    }
}

TEST(TypedUri, SchemesAreOfAnyCaseAndMayBeLeftOutForTokens) {
  EXPECT_EQ(TypedUri("PKCS11:token=Demo"), "pkcs11:token=Demo");
  EXPECT_EQ(TypedUri("Pkcs12:A.p12"), "pkcs12:A.p12");
  EXPECT_EQ(TypedUri("id=01"), "pkcs11:id=01");
  EXPECT_EQ(TypedUri("token=demo;object=bob"), "pkcs11:token=demo;object=bob");
}

TEST(TypedUri, WhatIsUnclearIsLeftToBeRefused) {
  for (const char* typed :
       {"file:/etc/passwd", "pkcs13:x", "demo", "", "pkcs11;token=a", "colour=red", "https://a/b.p12"})
    EXPECT_EQ(TypedUri(typed), typed);
}

TEST(TypedUri, AnIdInHexadecimalIsReadAsItsBytes) {
  EXPECT_EQ(WithHexId("pkcs11:id=01"), "pkcs11:id=%01");
  EXPECT_EQ(WithHexId("pkcs11:token=a;id=0aFF;type=cert?pin-value=1"),
            "pkcs11:token=a;id=%0a%FF;type=cert?pin-value=1");
  EXPECT_EQ(WithHexId("pkcs11:id=0x02"), "pkcs11:id=%02");
  EXPECT_EQ(WithHexId("pkcs11:id=2"), "pkcs11:id=%02");
  for (const char* uri : {"pkcs11:id=%01", "pkcs11:id=123", "pkcs11:id=0x", "pkcs11:id=xy", "pkcs11:id=",
                          "pkcs11:token=a", "pkcs12:id=01", "pkcs11:slot-id=01", "pkcs11:token=a?x;id=01"})
    EXPECT_EQ(WithHexId(uri), std::nullopt) << uri;
}

TEST(SortWords, TellsTheServerFromIdentitiesInAnyOrder) {
  const Sorted sorted = SortWords({"pkcs11:token=a", "example.org:8443", "b.p12"});
  EXPECT_THAT(sorted.servers, ElementsAre("example.org:8443"));
  EXPECT_THAT(sorted.identities, ElementsAre("pkcs11:token=a", "b.p12"));
  EXPECT_THAT(SortWords({"b.p12"}).servers, ElementsAre("b.p12")) << "one word is the server";
  EXPECT_THAT(SortWords({"a", "b"}).servers, ElementsAre("a", "b"));
}

TEST(Wrapped, BreaksAtWordsAndIndents) {
  EXPECT_EQ(Wrapped("one two three", 11, 4), "one two\n    three");
  EXPECT_EQ(Wrapped("one", 2, 0), "one");
  EXPECT_EQ(Wrapped("a-very-long-word b", 10, 2), "a-very-long-word\n  b");
  EXPECT_EQ(Wrapped("äöü äöü", 7, 0), "äöü äöü") << "columns, not bytes";
  EXPECT_EQ(Wrapped("", 80, 8), "");
  EXPECT_EQ(Wrapped("one:\n  two three", 12, 2), "one:\n    two\n    three");
}

}  // namespace
}  // namespace signet::tool
