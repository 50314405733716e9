// The C interface's errors and its use against the contract.
#include "c_abi/handles.h"
#include "identity/signature_schemes.h"
#include <signet/error.h>
#include <signet/signet.h>

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <fstream>
#include <regex>
#include <string>
#include <vector>

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StrEq;

TEST(CError, SaysWhatHappenedAndWhatToDo) {
  signet_error* error = nullptr;
  const CSource source(signet_source_new(nullptr, nullptr, SIGNET_PROMPT_BY_PERSON, nullptr, &error));
  ASSERT_NE(source, nullptr) << signet_error_message(error);
  EXPECT_EQ(error, nullptr);
  EXPECT_EQ(signet_source_open(source.get(), "pkcs12:/nothing/here.p12?pin-value=4711", &error), nullptr);
  const CError owned(error);
  EXPECT_EQ(signet_error_get_code(error), SIGNET_ERROR_UNREADABLE);
  EXPECT_THAT(signet_error_name(error), StrEq("unreadable"));
  EXPECT_THAT(signet_error_uri(error), HasSubstr("/nothing/here.p12"));
  EXPECT_THAT(signet_error_hint(error), Not(StrEq("")));
  EXPECT_THAT(signet_error_message(error), HasSubstr(signet_error_detail(error)));
  EXPECT_THAT(signet_error_message(error), Not(HasSubstr("4711")));
}

TEST(CError, IsClearedBySuccess) {
  signet_error* error = reinterpret_cast<signet_error*>(0x1);
  const CSettings settings(signet_settings_new(&error));
  EXPECT_EQ(error, nullptr);
}

TEST(CError, ArgumentIsOptional) {
  EXPECT_EQ(signet_source_open(nullptr, nullptr, nullptr), nullptr);
  EXPECT_FALSE(signet_settings_set(nullptr, "call-log", "stderr", nullptr));
}

TEST(CError, OfASettingSuggestsASimilarNameAndChangesNothing) {
  const CSettings settings(signet_settings_new(nullptr));
  signet_error* error = nullptr;
  EXPECT_FALSE(signet_settings_set(settings.get(), "pkcs11-module-pat", "x", &error));
  const CError owned(error);
  EXPECT_EQ(signet_error_get_code(error), SIGNET_ERROR_BAD_SETTING);
  EXPECT_THAT(signet_error_message(error), HasSubstr("pkcs11-module-path"));
}

// Each function that takes pointers, with NULL for all of them: an error or nothing, never a crash.
TEST(CError, NullIsAnErrorAndNotACrash) {
  signet_error* error = nullptr;
  const auto refused = [&error] {
    const CError owned(error);
    const bool bad_argument = error != nullptr && signet_error_get_code(error) == SIGNET_ERROR_BAD_ARGUMENT;
    error = nullptr;
    return bad_argument;
  };
  signet_source_open(nullptr, "pkcs12:a", &error);
  EXPECT_TRUE(refused());
  signet_source_list(nullptr, nullptr, &error);
  EXPECT_TRUE(refused());
  signet_settings_set(nullptr, nullptr, nullptr, &error);
  EXPECT_TRUE(refused());
  signet_identity_from_pem(nullptr, 0, nullptr, 0, nullptr, &error);
  EXPECT_TRUE(refused());
  signet_identity_from_pkcs12(nullptr, 0, nullptr, &error);
  EXPECT_TRUE(refused());
  signet_identity_schemes(nullptr, nullptr, 0, &error);
  EXPECT_TRUE(refused());
  signet_identity_unlock(nullptr, &error);
  EXPECT_TRUE(refused());
  signet_identity_sign(nullptr, 0x0403, nullptr, 0, nullptr, 0, &error);
  EXPECT_TRUE(refused());
  signet_identity_sign_digest(nullptr, 0x0403, nullptr, 0, nullptr, 0, &error);
  EXPECT_TRUE(refused());
  signet_identity_sign_pkcs1(nullptr, nullptr, 0, nullptr, 0, &error);
  EXPECT_TRUE(refused());
  signet_select(nullptr, nullptr, 0, &error);
  EXPECT_TRUE(refused());
  signet_select(nullptr, nullptr, 1, &error);
  EXPECT_TRUE(refused());
  EXPECT_THAT(signet_error_detail(CError(signet_handshake_error(nullptr, -1, nullptr)).get()),
              Not(StrEq("")));
  EXPECT_FALSE(signet_request_add_authority(nullptr, nullptr, 0));
  EXPECT_FALSE(signet_request_pin(nullptr, nullptr));
  EXPECT_FALSE(signet_pin_set(nullptr, nullptr, 1));
  EXPECT_EQ(signet_identity_copy(nullptr), nullptr);
  EXPECT_EQ(signet_identity_certificate(nullptr, 0, nullptr), nullptr);
  EXPECT_EQ(signet_identity_public_key(nullptr, nullptr), nullptr);
  EXPECT_EQ(signet_listing_identity(nullptr, 0), nullptr);
  EXPECT_EQ(signet_listing_problem(nullptr, 0), nullptr);
  EXPECT_EQ(signet_choice_identity(nullptr), nullptr);
  EXPECT_EQ(signet_choice_considered(nullptr, 0), nullptr);
  EXPECT_EQ(signet_choice_reason(nullptr, 0, 0), nullptr);
  EXPECT_THAT(signet_choice_explain(nullptr), StrEq(""));
  EXPECT_THAT(signet_error_message(nullptr), StrEq(""));
  signet_error_free(nullptr);
  signet_settings_free(nullptr);
  signet_source_free(nullptr);
  signet_listing_free(nullptr);
  signet_identity_free(nullptr);
  signet_request_free(nullptr);
  signet_choice_free(nullptr);
}

TEST(CHeader, TheVersionIsThatOfTheLibrary) { EXPECT_THAT(signet_version(), StrEq(SIGNET_VERSION)); }

TEST(CHeader, EveryFunctionIsExportedUnderItsVersion) {
  std::ifstream header(SIGNET_HEADER);
  static const std::regex declaration(R"(^(\w[\w *]*\b(signet_\w+)\().*)");
  int functions = 0;
  std::smatch match;
  for (std::string line; std::getline(header, line);) {
    if (!std::regex_match(line, match, declaration) || line.starts_with("typedef")) continue;
    ++functions;
    const std::string name = match[2];
    EXPECT_TRUE(line.starts_with("SIGNET_API ")) << name;
    EXPECT_NE(dlvsym(RTLD_DEFAULT, name.c_str(), "SIGNET_0"), nullptr) << name;
  }
  EXPECT_GE(functions, 50);
}

TEST(CHeader, NamesEverySignatureSchemeWithItsNumber) {
  std::ifstream header(SIGNET_HEADER);
  static const std::regex constant(R"(^ +SIGNET_SCHEME_(\w+) = (0x\w{4})\b.*)");
  std::vector<std::uint16_t> named;
  std::smatch match;
  for (std::string line; std::getline(header, line);) {
    if (!std::regex_match(line, match, constant)) continue;
    named.push_back(static_cast<std::uint16_t>(std::stoul(match[2], nullptr, 16)));
    std::string name = signet_scheme_name(named.back());
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::toupper(c); });
    EXPECT_EQ(name, match[1]);
  }
  std::vector<std::uint16_t> all;
  for (const SchemeRow& row : SignatureSchemes()) all.push_back(static_cast<std::uint16_t>(row.scheme));
  EXPECT_THAT(named, ::testing::UnorderedElementsAreArray(all));
  EXPECT_THAT(signet_scheme_name(0x9999), StrEq("unknown"));
}

}  // namespace
}  // namespace signet
