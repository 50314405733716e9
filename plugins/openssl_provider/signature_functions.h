#pragma once

#include "openssl_provider/signature_context.h"

#include <memory>

// The functions of a signature that do not depend on its algorithm, typed for dispatch.h.
namespace signet::provider {

inline int Sign(SignatureContext& context, unsigned char* signature, std::size_t* size, std::size_t room,
                const unsigned char* input, std::size_t input_size) {
  *size = context.Sign(Bytes(input, input_size), signature, room);
  return 1;
}

inline int Verify(SignatureContext& context, const unsigned char* signature, std::size_t size,
                  const unsigned char* input, std::size_t input_size) {
  return context.Verify(Bytes(input, input_size), {signature, size}) ? 1 : 0;
}

inline int Update(SignatureContext& context, const unsigned char* piece, std::size_t size) {
  context.Update({piece, size});
  return 1;
}

inline int SignFinal(SignatureContext& context, unsigned char* signature, std::size_t* size,
                     std::size_t room) {
  *size = context.Sign(std::nullopt, signature, room);
  return 1;
}

inline int VerifyFinal(SignatureContext& context, const unsigned char* signature, std::size_t size) {
  return context.Verify(std::nullopt, {signature, size}) ? 1 : 0;
}

inline void FreeContext(void* context) noexcept {
  const std::unique_ptr<SignatureContext> owned(static_cast<SignatureContext*>(context));
}

inline void* DupContext(SignatureContext& context) {
  return std::make_unique<SignatureContext>(context).release();
}

inline int SetContextParams(SignatureContext& context, const OSSL_PARAM params[]) {
  context.SetParams(params);
  return 1;
}

inline int GetContextParams(SignatureContext& context, OSSL_PARAM params[]) {
  context.GetParams(params);
  return 1;
}

// EdwardsMessageRows are the rows by which EdDSA answers EVP_PKEY_sign_message_init; none before OpenSSL 3.4.
std::vector<OSSL_DISPATCH> EdwardsMessageRows(Family family);

// SignatureParams lists the parameters of a family, to set and to get.
const OSSL_PARAM* SignatureParams(Family family) noexcept;

template <Family kFamily>
const OSSL_PARAM* ContextParams(void*, void*) noexcept {
  return SignatureParams(kFamily);
}

}  // namespace signet::provider
