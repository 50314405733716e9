#pragma once

#include <signet/signet.h>
#include <signet/testing/test_pki.h>

#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace signet {

// CPtr owns an object of the C interface.
template <typename Type, void (*kFree)(Type*)>
struct CFree {
  void operator()(Type* object) const noexcept { kFree(object); }
};
template <typename Type, void (*kFree)(Type*)>
using CPtr = std::unique_ptr<Type, CFree<Type, kFree>>;

using CError = CPtr<signet_error, signet_error_free>;
using CSettings = CPtr<signet_settings, signet_settings_free>;
using CSource = CPtr<signet_source, signet_source_free>;
using CListing = CPtr<signet_listing, signet_listing_free>;
using CIdentity = CPtr<signet_identity, signet_identity_free>;
using CRequest = CPtr<signet_request, signet_request_free>;
using CChoice = CPtr<signet_choice, signet_choice_free>;

// FromPem makes an identity of the C interface of one that the testing kit issued.
inline CIdentity FromPem(const testing::TestIdentity& identity) {
  const std::string chain = identity.ChainPem(), key = identity.PrivateKeyPem();
  signet_error* error = nullptr;
  CIdentity made(
      signet_identity_from_pem(chain.data(), chain.size(), key.data(), key.size(), nullptr, &error));
  EXPECT_NE(made, nullptr) << signet_error_message(error);
  signet_error_free(error);
  return made;
}

}  // namespace signet
