#pragma once

#include "botan/version.h"
#include <signet/private_key.h>

#include <memory>
#include <string_view>

namespace signet::botan {

// PrivateKey adapts any of Signet's private keys to Botan, with any algorithm and in any location: the public
// half is Botan's own, the signature is the identity's.
class PrivateKey final : public KeyBase {
 public:
  // PrivateKey throws Error kUnsupported if Botan cannot read the public key.
  explicit PrivateKey(std::shared_ptr<signet::PrivateKey> key);

 protected:
  std::unique_ptr<Botan::PK_Ops::Signature> MakeSigner(std::string_view padding) const override;

 private:
  std::shared_ptr<signet::PrivateKey> key_;
};

}  // namespace signet::botan
