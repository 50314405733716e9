#include <signet/identity_selector.h>
#include <signet/identity_source.h>
#include <signet/openssl_key.h>

#include <cstdio>

int main() {
  const signet::Listing listing = signet::IdentitySource().List("pkcs12:/nowhere.p12");
  const signet::Choice choice = signet::Select({}, signet::IdentitySet(listing.identities), {}, {});
  if (listing.problems.size() == 1 && !choice) std::puts("works");
}
