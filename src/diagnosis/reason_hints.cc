#include "diagnosis/reason_hints.h"

namespace signet {
namespace {

using Code = Reason::Code;

constexpr ReasonHint kReasonHints[] = {
    {Code::kKeyCertificateMismatch,
     "Put the certificate that was issued for this key beside it, or the key that the certificate was issued "
     "for."},
    {Code::kKeyUnavailable, "Insert the token; `signet doctor` shows the state of its PIN."},
    {Code::kNoScheme,
     "Use an identity whose key can sign: RSA of at least 2048 bits, EC on P-256, P-384 or P-521, or "
     "Ed25519."},
    {Code::kNoSchemeForVersion,
     "Use an identity with an EC key on P-256, P-384 or P-521. Held at TLS 1.2, an RSA key works too; an EC "
     "key on another curve works there only if the program and the server list that curve among their "
     "groups; "
     "an ML-DSA key needs TLS 1.3."},
    {Code::kStackLacksScheme, "Use an identity with an RSA or EC key, or another TLS stack."},
    {Code::kPeerLacksScheme,
     "Use an identity with another kind of key, or let the server accept one of the key's schemes."},
    {Code::kCertificateType,
     "Use an identity with the other kind of key (RSA or EC), or let the server speak TLS 1.3."},
    {Code::kCurveNotOffered,
     "Use an identity with a P-256 key, or let the program and the server offer the key's curve."},
    {Code::kKeyTooWeak,
     "Use an identity with a longer key and have this one replaced, or lower the program's security level."},
    {Code::kSignatureTooWeak,
     "Have the certificate issued anew with SHA-256, or lower the program's security level."},
    {Code::kAuthorities,
     "Use an identity that one of these authorities issued, or let the server name the issuer of this one "
     "among the "
     "authorities that it accepts."},
    {Code::kKeyUsage, "Ask the issuer for a certificate whose key usage has digitalSignature."},
    {Code::kExtendedKeyUsage,
     "Ask the issuer for a certificate whose extended key usage names what it is for: clientAuth for a "
     "client, "
     "serverAuth for a server."},
    {Code::kNetscapeCertType,
     "Ask the issuer for a certificate without nsCertType, or with the SSL client bit in it."},
    {Code::kNotYetValid, "Set this computer's clock, or wait until the certificate is valid."},
    {Code::kExpired, "Renew the certificate; if it should not have expired yet, set this computer's clock."},
    {Code::kOidFilter, "Use an identity whose certificate has the extensions that the server filters by."},
    {Code::kNotPinned,
     "Name this identity instead of the other, or name none and let the server's request decide."},
    {Code::kOutranked, "Name this identity by its URI to have it used."},
    {Code::kPreferred, "Nothing is to be done."},
    {Code::kChainSignature,
     "If the server refuses the chain, ask the issuer for one that is signed with an algorithm that the "
     "server lists."},
    {Code::kChainNotYetValid, "Set this computer's clock, or use the issuer's earlier certificate."},
    {Code::kChainExpired,
     "Put the issuer's renewed certificate into the file that the setting chain-file names, and remove the "
     "old one."},
    {Code::kIncompleteChain,
     "Put the missing certificate beside the identity: into its PKCS#12 file, on its token, or into the file "
     "that the "
     "setting chain-file names."},
    {Code::kChainTooLong,
     "Have a certificate issued nearer to the root, or take certificates of the chain that repeat a CA out "
     "of the file."},
    {Code::kOtherPath,
     "Have the server name the authorities that it accepts, which decides between the chains, or take the "
     "certificate that leads the wrong way out of the file or off the token."},
    {Code::kCriticalExtension,
     "Ask the issuer for a certificate without that extension, or with it marked as not critical."},
    {Code::kAnyPurposeOnly,
     "Ask the issuer for a certificate whose extended key usage names clientAuth for a client, serverAuth "
     "for "
     "a server."},
    {Code::kHostName, "Use a certificate whose subjectAltName has the host's name as a dNSName."},
};

}  // namespace

std::span<const ReasonHint> ReasonHints() noexcept { return kReasonHints; }

}  // namespace signet
