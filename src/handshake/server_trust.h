#pragma once

#include <signet/error.h>

#include <string_view>

namespace signet::inline handshake {

// Hints about a server's certificate that this side did not accept, the same for every TLS stack.
// kTrustTheCa goes with a chain that ends at no CA that is trusted here, and with nothing else.
inline constexpr std::string_view kTrustTheCa =
    "If the server is genuine, configure the program to trust its CA.";
inline constexpr std::string_view kNotSelfSigned =
    "Give the server a certificate that a CA issued, and trust that CA: Botan accepts no self-signed "
    "certificate from a server.";
inline constexpr std::string_view kUseItsName = "Connect with a name that is in the server's certificate.";
inline constexpr std::string_view kRenewServers =
    "Have the server's certificate renewed, and check this machine's clock.";
inline constexpr std::string_view kCompareClocks = "Check the clocks of both machines.";
inline constexpr std::string_view kGiveItServerAuth =
    "Give the server a certificate whose extended key usage has serverAuth.";
inline constexpr std::string_view kHaveItReissued = "Have the server's certificate reissued to correct this.";
inline constexpr std::string_view kNameATrustFile = "Name a PEM file of CA certificates with --trust.";

// UnreadableTrust is why the file of trusted certificates cannot be read, said of that file.
Error UnreadableTrust(const Error& error);

}  // namespace signet::inline handshake
