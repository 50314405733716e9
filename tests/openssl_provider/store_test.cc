#include "openssl_provider/library_context.h"

#include <gmock/gmock.h>
#include <openssl/store.h>

namespace signet {
namespace {

using ::testing::HasSubstr;

TEST(Store, ReservedSchemeIsAnErrorInWords) {
  const LibraryContext context;
  ERR_clear_error();
  const OpenSslPtr<OSSL_STORE_CTX> store(OSSL_STORE_open_ex("signet:alice", context.get(), nullptr, nullptr,
                                                            nullptr, nullptr, nullptr, nullptr));
  EXPECT_EQ(store, nullptr);
  EXPECT_THAT(TakeErrors(), HasSubstr("identities by name are not known yet"));
}

}  // namespace
}  // namespace signet
