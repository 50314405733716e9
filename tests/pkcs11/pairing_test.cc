#include "pkcs11/objects/pairing.h"

#include <gtest/gtest.h>

namespace signet {
namespace {

// Completed gives what a private key is taken to be that reveals no public key itself.
std::string Completed(std::vector<ObjectFacts> private_keys, std::vector<ObjectFacts> public_keys) {
  TokenFacts facts{
      .private_keys = std::move(private_keys), .public_keys = std::move(public_keys), .certificates = {}};
  CompletePrivateKeys(facts);
  return facts.private_keys.front().material;
}

TEST(Pairing, APublicKeyWithTheIdOfAnotherPrivateKeyIsNotTakenByLabel) {
  const ObjectFacts alone{.id = {2}, .label = "key", .material = ""};
  const ObjectFacts another{.id = {1}, .label = "other", .material = ""};
  const ObjectFacts public_key{.id = {1}, .label = "key", .material = "point"};
  EXPECT_EQ(Completed({alone, another}, {public_key}), "");
  EXPECT_EQ(Completed({alone}, {public_key}), "point") << "the IDs differ, and nobody else has this one";
  EXPECT_EQ(Completed({another, alone}, {public_key}), "point") << "by its ID";
}

}  // namespace
}  // namespace signet
