#pragma once

#include <string>

#include <gtest/gtest.h>
#include <libp11.h>

namespace signet::testing {

// Libp11Program is a program that uses libp11 on its own account.
class Libp11Program {
 public:
  explicit Libp11Program(const std::string& module) : context_(PKCS11_CTX_new()) {
    EXPECT_EQ(PKCS11_CTX_load(context_, module.c_str()), 0);
    EXPECT_EQ(PKCS11_enumerate_slots(context_, &slots_, &count_), 0);
    for (unsigned i = 0; i < count_; ++i) {
      if (slots_[i].token != nullptr && slots_[i].token->initialized) slot_ = &slots_[i];
    }
  }
  ~Libp11Program() {
    PKCS11_release_all_slots(context_, slots_, count_);
    PKCS11_CTX_unload(context_);
    PKCS11_CTX_free(context_);
  }
  Libp11Program(const Libp11Program&) = delete;
  Libp11Program& operator=(const Libp11Program&) = delete;

  PKCS11_TOKEN* token() const { return slot_->token; }
  void Login(const std::string& pin) const { ASSERT_EQ(PKCS11_login(slot_, 0, pin.c_str()), 0); }
  void Logout() const { PKCS11_logout(slot_); }
  PKCS11_CERT* Cert(unsigned char id) const {
    PKCS11_CERT* certificates = nullptr;
    unsigned count = 0;
    EXPECT_EQ(PKCS11_enumerate_certs(slot_->token, &certificates, &count), 0);
    for (unsigned i = 0; i < count; ++i) {
      if (certificates[i].id_len == 1 && certificates[i].id[0] == id) return &certificates[i];
    }
    return nullptr;
  }
  PKCS11_KEY* Key(unsigned char id) const {
    PKCS11_KEY* keys = nullptr;
    unsigned count = 0;
    EXPECT_EQ(PKCS11_enumerate_keys(slot_->token, &keys, &count), 0);
    for (unsigned i = 0; i < count; ++i) {
      if (keys[i].id_len == 1 && keys[i].id[0] == id) return &keys[i];
    }
    return nullptr;
  }

 private:
  PKCS11_CTX* context_;
  PKCS11_SLOT* slots_ = nullptr;
  unsigned count_ = 0;
  PKCS11_SLOT* slot_ = nullptr;
};

}  // namespace signet::testing
