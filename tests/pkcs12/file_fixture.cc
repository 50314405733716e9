#include "pkcs12/file_fixture.h"

namespace signet {

Identity FileFixture::One(std::string_view rest) const {
  Listing listing = List(rest);
  for (const auto& problem : listing.problems) ADD_FAILURE() << problem.error.what();
  EXPECT_EQ(listing.identities.size(), 1u);
  return listing.identities.at(0);
}

Error FileFixture::Problem(std::string_view rest) const {
  const Listing listing = List(rest);
  EXPECT_TRUE(listing.identities.empty());
  EXPECT_EQ(listing.problems.size(), 1u);
  const Error error = listing.problems.at(0).error;
  EXPECT_EQ(error.uri(), Uri(""));
  EXPECT_EQ(std::string(error.what()).find("secret"), std::string::npos);
  return error;
}

}  // namespace signet
