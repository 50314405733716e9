#include "diagnosis/reason_hints.h"

namespace signet::inline diagnosis {
namespace {

using Code = Reason::Code;

constexpr ReasonHint kReasonHints[] = {
    {Code::kKeyCertificateMismatch,
     "Use the certificate that was issued for this key, or the key of this certificate."},
    {Code::kKeyUnavailable, "Insert the token; `signet doctor` shows the state of its PIN."},
    {Code::kNoScheme,
     "Use an identity whose key can sign: RSA of at least 2048 bits, EC on P-256, P-384 or P-521, or "
     "Ed25519."},
    {Code::kNoSchemeForVersion,
     "Use an identity with an EC key on P-256, P-384 or P-521. With TLS 1.2 an RSA key works too, and an EC "
     "key on another curve if the program and the server list that curve among their groups; an ML-DSA key "
     "needs TLS 1.3."},
    {Code::kStackLacksScheme, "Use an identity with an RSA or EC key, or another TLS stack."},
    {Code::kPeerLacksScheme,
     "Use an identity with another type of key, or configure the server to accept one of the key's schemes."},
    {Code::kCertificateType,
     "Use an identity with the other type of key (RSA or EC), or configure the server to use TLS 1.3."},
    {Code::kCurveNotOffered,
     "Use an identity with a P-256 key, or configure the program and the server to offer the key's curve."},
    {Code::kKeyTooWeak, "Use an identity with a longer key, or lower the program's security level."},
    {Code::kSignatureTooWeak,
     "Have the certificate reissued with SHA-256, or lower the program's security level."},
    {Code::kAuthorities,
     "Use an identity that one of these authorities issued, or add the issuer of this one to the authorities "
     "of the server."},
    {Code::kKeyUsage, "Ask the issuer for a certificate whose key usage has digitalSignature."},
    {Code::kExtendedKeyUsage,
     "Ask the issuer for a certificate whose extended key usage has clientAuth for a client or serverAuth "
     "for a server."},
    {Code::kNetscapeCertType,
     "Ask the issuer for a certificate without nsCertType, or with the SSL client bit."},
    {Code::kNotYetValid, "Set this computer's clock, or wait until the certificate is valid."},
    {Code::kExpired, "Renew the certificate; if it should not have expired yet, set this computer's clock."},
    {Code::kOidFilter,
     "Use an identity whose certificate has the extensions that the server's filters require."},
    {Code::kNotPinned, "Pin this identity instead of the other, or pin none."},
    {Code::kOutranked, "Give the URI of this identity to use it."},
    {Code::kPreferred, "No action is necessary."},
    {Code::kChainSignature,
     "If the server rejects the chain, ask the issuer for one that is signed with an algorithm that the "
     "server lists."},
    {Code::kChainNotYetValid, "Set this computer's clock, or use the issuer's earlier certificate."},
    {Code::kChainExpired,
     "Add the issuer's renewed certificate to the file in the setting chain-file, and remove the old one."},
    {Code::kIncompleteChain,
     "Add the missing certificate to the identity's PKCS#12 file, to its token, or to the file in the "
     "setting chain-file."},
    {Code::kChainTooLong,
     "Use a certificate from an authority nearer to the root, or remove repeated CA certificates from the "
     "file."},
    {Code::kOtherPath,
     "Configure the server to name the authorities that it accepts, or remove the certificate of the wrong "
     "path from the file or token."},
    {Code::kCriticalExtension,
     "Ask the issuer for a certificate without that extension, or with it marked as not critical."},
    {Code::kAnyPurposeOnly,
     "Ask the issuer for a certificate whose extended key usage has clientAuth for a client or serverAuth "
     "for a server."},
    {Code::kHostName, "Use a certificate whose subjectAltName has the host's name as a dNSName."},
};

}  // namespace

std::span<const ReasonHint> ReasonHints() noexcept { return kReasonHints; }

}  // namespace signet::inline diagnosis
