#include "base/printable.h"

#include <signet/error.h>

#include <gmock/gmock.h>

namespace signet {
namespace {

TEST(Printable, KeepsTextOfEveryScript) {
  for (const char* text : {"", "alice", "Jürgen Müller", "日本語", "שלום", "🙂", "a b\\c"})
    EXPECT_EQ(Printable(text), text);
}

TEST(Printable, EscapesWhatATerminalObeys) {
  EXPECT_EQ(Printable("a\x1b[2J"), "a\\x1b[2J");
  EXPECT_EQ(Printable(std::string_view("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(Printable("a\x7f"), "a\\x7f");
  EXPECT_EQ(Printable("a\xc2\x9b"), "a\\x9b") << "CSI in UTF-8";
  EXPECT_EQ(Printable("a\x9b"), "a\\x9b") << "CSI alone";
  EXPECT_EQ(Printable("a\nb"), "a\\x0ab");
  EXPECT_EQ(Printable("a\nb", Lines::kMany), "a\nb");
}

TEST(Printable, EscapesWhatReordersOrBreaksALine) {
  for (const auto& [text, escaped] : std::map<std::string, std::string>{{"\u202e", "\\u202e"},
                                                                        {"\u202a", "\\u202a"},
                                                                        {"\u2066", "\\u2066"},
                                                                        {"\u2069", "\\u2069"},
                                                                        {"\u200e", "\\u200e"},
                                                                        {"\u200f", "\\u200f"},
                                                                        {"\u061c", "\\u061c"},
                                                                        {"\u2028", "\\u2028"}}) {
    EXPECT_EQ(Printable("a" + text + "b"), "a" + escaped + "b");
    EXPECT_EQ(PrintableJson("\"a" + text + "b\""), "\"a" + escaped + "b\"");
  }
}

TEST(Printable, EscapesBytesThatAreNoUtf8) {
  for (const auto& [bytes, escaped] :
       std::map<std::string, std::string>{{"\xff", "\\xff"},
                                          {"\xc0\xaf", "\\xc0\\xaf"},
                                          {"\xed\xa0\x80", "\\xed\\xa0\\x80"},
                                          {"\xe2\x80", "\\xe2\\x80"},
                                          {"\xf5\x80\x80\x80", "\\xf5\\x80\\x80\\x80"}})
    EXPECT_EQ(Printable(bytes), escaped);
}

TEST(Printable, ADocumentKeepsItsMeaning) {
  EXPECT_EQ(PrintableJson("{\n \"a\": \"\x7f\u009b\u202eé\"}"), "{\n \"a\": \"\\u007f\\u009b\\u202eé\"}");
}

TEST(Printable, AnErrorsLineContainsNoControlSequences) {
  const Error error({.code = ErrorCode::kNotFound,
                     .detail = "no \x1b[2J\nkey \u202e",
                     .uri = "pkcs12:\x9b",
                     .hint = "Look."});
  EXPECT_STREQ(error.what(), "pkcs12:\\x9b: no \\x1b[2J\\x0akey \\u202e. Look.");
}

}  // namespace
}  // namespace signet
