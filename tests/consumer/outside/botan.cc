#include <signet/botan_credentials.h>

#include <cstdio>

int main() {
  if (signet::botan::CredentialsManager::Make(signet::IdentitySet(), nullptr) != nullptr) std::puts("works");
}
