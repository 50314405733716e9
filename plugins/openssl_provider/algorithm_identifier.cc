#include "openssl_provider/algorithm_identifier.h"

#include "base/openssl_error.h"
#include "base/openssl_ptr.h"
#include "identity/hashes.h"
#include <signet/error.h>

#include <openssl/objects.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

namespace signet::provider {
namespace {

using Kind = SigningAlgorithm::Kind;

int NidOf(Hash hash) { return EVP_MD_get_type(MessageDigest(hash)); }

// MakeAlgorithm owns `parameter`, which belongs to V_ASN1_SEQUENCE.
OpenSslPtr<X509_ALGOR> MakeAlgorithm(int nid, int parameter_type,
                                     OpenSslPtr<ASN1_STRING> parameter = nullptr) {
  OpenSslPtr<X509_ALGOR> made(CheckOpenSsl(X509_ALGOR_new(), "X509_ALGOR_new"));
  CheckOpenSsl(X509_ALGOR_set0(made.get(), OBJ_nid2obj(nid), parameter_type, parameter.get()),
               "X509_ALGOR_set0");
  (void)parameter.release();
  return made;
}

OpenSslPtr<ASN1_STRING> Packed(void* value, const ASN1_ITEM* item) {
  return OpenSslPtr<ASN1_STRING>(CheckOpenSsl(ASN1_item_pack(value, item, nullptr), "ASN1_item_pack"));
}

// What is a DEFAULT stays absent, as DER demands: SHA-1, MGF1 over it, and 20 bytes of salt.
OpenSslPtr<X509_ALGOR> Pss(const SigningAlgorithm& algorithm) {
  OpenSslPtr<RSA_PSS_PARAMS> params(CheckOpenSsl(RSA_PSS_PARAMS_new(), "RSA_PSS_PARAMS_new"));
  if (algorithm.hash != Hash::kSha1)
    params->hashAlgorithm = MakeAlgorithm(NidOf(algorithm.hash), V_ASN1_NULL).release();
  if (algorithm.mgf1_hash != Hash::kSha1) {
    const auto hash = MakeAlgorithm(NidOf(algorithm.mgf1_hash), V_ASN1_NULL);
    params->maskGenAlgorithm =
        MakeAlgorithm(NID_mgf1, V_ASN1_SEQUENCE, Packed(hash.get(), ASN1_ITEM_rptr(X509_ALGOR))).release();
  }
  if (algorithm.salt_length != 20) {
    params->saltLength = CheckOpenSsl(ASN1_INTEGER_new(), "ASN1_INTEGER_new");
    CheckOpenSsl(ASN1_INTEGER_set(params->saltLength, algorithm.salt_length), "ASN1_INTEGER_set");
  }
  return MakeAlgorithm(NID_rsassaPss, V_ASN1_SEQUENCE, Packed(params.get(), ASN1_ITEM_rptr(RSA_PSS_PARAMS)));
}

OpenSslPtr<X509_ALGOR> WithHash(int key_nid, Hash hash, int parameter_type) {
  int nid = NID_undef;
  if (hash == Hash::kNone || OBJ_find_sigid_by_algs(&nid, NidOf(hash), key_nid) != 1) {
    throw Error({.code = ErrorCode::kUnsupported,
                 .detail = "there is no object identifier for a signature with this hash",
                 .hint = "Use SHA-256, SHA-384 or SHA-512."});
  }
  return MakeAlgorithm(nid, parameter_type);
}

OpenSslPtr<X509_ALGOR> Make(KeyType key, const SigningAlgorithm& algorithm) {
  if (algorithm.kind == Kind::kRsaPss) return Pss(algorithm);
  if (algorithm.kind == Kind::kRsaPkcs1) return WithHash(NID_rsaEncryption, algorithm.hash, V_ASN1_NULL);
  if (algorithm.kind == Kind::kEcdsa) return WithHash(NID_X9_62_id_ecPublicKey, algorithm.hash, V_ASN1_UNDEF);
  if (key == KeyType::kEd25519) return MakeAlgorithm(NID_ED25519, V_ASN1_UNDEF);
  if (key == KeyType::kEd448) return MakeAlgorithm(NID_ED448, V_ASN1_UNDEF);
  throw Error({.code = ErrorCode::kUnsupported, .detail = "this signature has no object identifier"});
}

}  // namespace

std::vector<std::uint8_t> AlgorithmIdentifier(KeyType key, const SigningAlgorithm& algorithm) {
  const OpenSslPtr<X509_ALGOR> made = Make(key, algorithm);
  unsigned char* der = nullptr;
  const int size = i2d_X509_ALGOR(made.get(), &der);
  CheckOpenSsl(size, "i2d_X509_ALGOR");
  const OpenSslPtr<unsigned char> owned(der);
  return {der, der + size};
}

}  // namespace signet::provider
