#include <signet/libp11_identity.h>

#include <cstdio>

int main() {
  try {
    signet::FromLibp11(nullptr, nullptr);
  } catch (const signet::Error& error) {
    if (error.code() == signet::ErrorCode::kBadArgument) std::puts("works");
  }
}
