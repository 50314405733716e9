#pragma once

// p11-kit's headers use size_t without including what declares it.
#include <cstddef>

#include <p11-kit/p11-kit.h>
#include <p11-kit/pkcs11.h>
#include <p11-kit/uri.h>

namespace signet::inline pkcs11 {

// Definitions of PKCS#11 3.0 and 3.2 that the header of Debian 12's p11-kit lacks.
inline constexpr CK_RV kCkrAeadDecryptFailed = 0x42;
inline constexpr CK_RV kCkrTokenResourceExceeded = 0x201;
inline constexpr CK_RV kCkrOperationCancelFailed = 0x202;
inline constexpr CK_RV kCkrKeyExhausted = 0x203;
inline constexpr CK_RV kCkrPending = 0x204;
inline constexpr CK_RV kCkrSessionAsyncNotSupported = 0x205;
inline constexpr CK_RV kCkrSeedRandomRequired = 0x206;
inline constexpr CK_RV kCkrOperationNotValidated = 0x207;
inline constexpr CK_RV kCkrTokenNotInitialized = 0x208;
inline constexpr CK_RV kCkrParameterSetNotSupported = 0x209;
inline constexpr CK_KEY_TYPE kCkkEcMontgomery = 0x41;
inline constexpr CK_MECHANISM_TYPE kCkmMlDsa = 0x1d;
inline constexpr CK_MECHANISM_TYPE kCkmSha3_224 = 0x2b5;
inline constexpr CK_MECHANISM_TYPE kCkmSha3_256 = 0x2b0;
inline constexpr CK_MECHANISM_TYPE kCkmSha3_384 = 0x2c0;
inline constexpr CK_MECHANISM_TYPE kCkmSha3_512 = 0x2d0;
inline constexpr CK_ULONG kCkgMgf1Sha3_224 = 6;
inline constexpr CK_ULONG kCkgMgf1Sha3_256 = 7;
inline constexpr CK_ULONG kCkgMgf1Sha3_384 = 8;
inline constexpr CK_ULONG kCkgMgf1Sha3_512 = 9;

// EdDsaParams is CK_EDDSA_PARAMS (PKCS#11 3.0 section 2.3.13).
struct EdDsaParams {
  CK_BBOOL ph_flag = CK_FALSE;
  CK_ULONG context_size = 0;
  CK_BYTE* context = nullptr;
};

}  // namespace signet::inline pkcs11
