#include "diagnosis/mends.h"

namespace signet {
namespace {

using Code = Reason::Code;

constexpr ReasonMend kReasonMends[] = {
    {Code::kKeyCertificateMismatch,
     "Put the certificate that was issued for this key beside it, or the key that the certificate was issued "
     "for."},
    {Code::kKeyUnavailable, "Insert the token; `signet doctor` shows the state of its PIN."},
    {Code::kNoScheme,
     "Use an identity whose key can sign: RSA of at least 2048 bits, EC on P-256, P-384 or P-521, or "
     "Ed25519."},
    {Code::kNoSchemeForVersion,
     "Use an identity with an EC key on P-256, P-384 or P-521, or hold the connection at TLS 1.2."},
    {Code::kStackLacksScheme, "Use an identity with an RSA or EC key, or another TLS stack."},
    {Code::kPeerLacksScheme,
     "Use an identity with another kind of key, or let the server accept one of the key's schemes."},
    {Code::kCertificateType,
     "Use an identity with the other kind of key (RSA or EC), or let the server speak TLS 1.3."},
    {Code::kAuthorities,
     "Use an identity that one of these authorities issued, or let the server name the issuer of this one "
     "among the "
     "authorities that it accepts."},
    {Code::kKeyUsage, "Ask the issuer for a certificate whose key usage has digitalSignature."},
    {Code::kExtendedKeyUsage,
     "Ask the issuer for a certificate whose extended key usage names what it is for: clientAuth for a "
     "client, "
     "serverAuth for a server."},
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
    {Code::kHostName, "Use a certificate whose subjectAltName has the host's name as a dNSName."},
};

constexpr ErrorMend kErrorMends[] = {
    {ErrorCode::kCertificateOnly, "Put the private key of this certificate beside it."},
    {ErrorCode::kKeyOnly, "Put the certificate of this key beside it; on a token both have the same CKA_ID."},
    {ErrorCode::kNoSigningKey, "Use a key that may sign: CKA_SIGN on a token, and a type that TLS knows."},
    {ErrorCode::kKeyCertificateMismatch, "Put the certificate that was issued for this key beside it."},
    {ErrorCode::kWrongPassword, "Give the right password, with pin-source or at the prompt."},
    {ErrorCode::kWrongPin, "Give the right PIN; each wrong one brings the token nearer to locking it."},
    {ErrorCode::kPinNeeded, "Give the PIN with pin-source in the URI, with --pin-source or at the prompt."},
    {ErrorCode::kPinLocked, "Unlock the PIN with the card's PUK or its security officer's PIN."},
    {ErrorCode::kPinFinalTry,
     "Log in once with the tool that came with the card, or set allow-final-try = true if you are sure of "
     "the PIN."},
    {ErrorCode::kMalformed, "Get the file or object anew from where it was made: this one is damaged."},
    {ErrorCode::kTooCostly,
     "Make the file anew with fewer iterations, or raise pkcs12-max-iterations or pkcs12-max-file-size."},
    {ErrorCode::kUnsupported, "Make it anew with an algorithm that is in use today."},
    {ErrorCode::kNotFound, "Run `signet list` to see what there is."},
    {ErrorCode::kAmbiguous, "Name one of them: `signet list` shows their URIs."},
    {ErrorCode::kUnreadable, "Check that the file is there and that this user may read it."},
    {ErrorCode::kTokenAbsent, "Insert the token, and check its name with `signet list`."},
    {ErrorCode::kTokenTrouble, "Take the token out and insert it again; `signet doctor` shows its state."},
    {ErrorCode::kModuleTrouble, "Check the module's path with --module; `signet doctor` tries it."},
    {ErrorCode::kBadUri, "Write pkcs11:... as in RFC 7512, or pkcs12:PATH."},
    {ErrorCode::kBadSetting, "Correct the setting; `signet doctor` names those that we do not know."},
    {ErrorCode::kBadArgument, "This is a mistake in the program that calls Signet: report it to its makers."},
    {ErrorCode::kTimeout, "Check the connection to the token, or raise call-timeout-ms."},
    {ErrorCode::kHandshake,
     "Run `signet handshake` against the server to see every message of the handshake."},
    {ErrorCode::kUntrustedServer,
     "Name the CA of the server's certificate with --trust, and use the name that is in it."},
    {ErrorCode::kNetwork, "Check the host, the port and the network between."},
    {ErrorCode::kInternal, "Report it with the output of the same command under --set call-log=stderr."},
};

}  // namespace

std::span<const ReasonMend> ReasonMends() noexcept { return kReasonMends; }
std::span<const ErrorMend> ErrorMends() noexcept { return kErrorMends; }

}  // namespace signet
