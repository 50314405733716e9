#include "rows.h"

namespace signet::bench {
namespace {

constexpr auto kAtMost = Row::Goal::kAtMost;
constexpr auto kAtLeast = Row::Goal::kAtLeast;

constexpr Row kRows[] = {
    {"calls_per_signature/rsa-pss", "", "PKCS#11 calls per signature, RSA-PSS", kAtMost, 2},
    {"calls_per_signature/rsa-pkcs1", "", "PKCS#11 calls per signature, RSA PKCS#1", kAtMost, 2},
    {"calls_per_signature/ecdsa", "", "PKCS#11 calls per signature, ECDSA", kAtMost, 2},
    {"calls_per_signature/ed25519", "", "PKCS#11 calls per signature, Ed25519", kAtMost, 2},

    {"calls_per_handshake/curl", "1.2", "calls per handshake, curl, TLS 1.2", kAtMost, 2},
    {"calls_per_handshake/curl", "1.3", "calls per handshake, curl, TLS 1.3", kAtMost, 2},
    {"calls_per_handshake/curl", "others", "... C_Verify, C_CreateObject, C_GetSessionInfo, C_Digest",
     kAtMost, 0},
    {"calls_per_handshake/python", "1.2", "calls per handshake, Python, TLS 1.2", kAtMost, 2},
    {"calls_per_handshake/python", "1.3", "calls per handshake, Python, TLS 1.3", kAtMost, 2},
    {"calls_per_handshake/python", "others", "... C_Verify, C_CreateObject, C_GetSessionInfo, C_Digest",
     kAtMost, 0},
    {"calls_per_handshake/own", "1.2", "calls per handshake, our own client, TLS 1.2", kAtMost, 2},
    {"calls_per_handshake/own", "1.3", "calls per handshake, our own client, TLS 1.3", kAtMost, 2},
    {"calls_per_handshake/own", "others", "... C_Verify, C_CreateObject, C_GetSessionInfo, C_Digest", kAtMost,
     0},

    {"calls_to_load/3", "first", "calls to load the first key by URI, token of 3 objects", kAtMost, 20},
    {"calls_to_load/3", "next", "calls to load one more, token of 3 objects", kAtMost, 9},
    {"calls_to_load/1000", "first", "calls to load the first key by URI, token of 1,000 objects", kAtMost,
     20},
    {"calls_to_load/1000", "next", "calls to load one more, token of 1,000 objects", kAtMost, 9},
    {"time_to_load", "first", "time to load the first key, SoftHSM, ms", Row::Goal::kNone, 0, "{:.2f}"},
    {"time_to_load", "next", "time to load one more, SoftHSM, ms", Row::Goal::kNone, 0, "{:.3f}"},

    {"activation/dgst", "activated",
     "CPU time of `openssl dgst` with the provider activated, against without", kAtMost, 1.1, "{:.3f}",
     "without: {:.2f} ms"},
    {"activation/dgst", "linked", "... if signet.so linked libsignet.so", Row::Goal::kNone, 0, "{:.3f}"},
    {"activation/s_client", "activated", "CPU time of a TLS client, `openssl s_client`, likewise", kAtMost,
     1.1, "{:.3f}", "without: {:.2f} ms"},
    {"activation/s_client", "linked", "... if signet.so linked libsignet.so", Row::Goal::kNone, 0, "{:.3f}"},
    {"first_key", "ratio", "CPU time of a process that loads one key, SoftHSM, against pkcs11-provider",
     kAtMost, 1, "{:.2f}"},
    {"first_key", "time", "... ms", Row::Goal::kNone, 0, "{:.2f}"},

    {"listing/memory/50", "calls", "calls to list 50 identities in memory", Row::Goal::kNone, 0},
    {"listing/memory/50", "searches", "... searches", kAtMost, 3},
    {"listing/memory/50", "attributes", "... readings of attributes for each identity", kAtMost, 3, "{:.2f}"},
    {"listing/memory/50", "time", "... time, ms", Row::Goal::kNone, 0, "{:.2f}"},
    {"listing/memory/50", "ratio", "... against a loop that only reads them", kAtMost, 1.5, "{:.2f}",
     "the loop: {:.2f} ms"},
    {"listing/memory/500", "calls", "calls to list 500 identities in memory", Row::Goal::kNone, 0},
    {"listing/memory/500", "searches", "... searches", kAtMost, 3},
    {"listing/memory/500", "attributes", "... readings of attributes for each identity", kAtMost, 3,
     "{:.2f}"},
    {"listing/memory/500", "time", "... time, ms", Row::Goal::kNone, 0, "{:.2f}"},
    {"listing/memory/500", "ratio", "... against a loop that only reads them", kAtMost, 1.5, "{:.2f}",
     "the loop: {:.2f} ms"},
    {"listing/memory/5000", "calls", "calls to list 5,000 identities in memory", Row::Goal::kNone, 0},
    {"listing/memory/5000", "searches", "... searches", kAtMost, 3},
    {"listing/memory/5000", "attributes", "... readings of attributes for each identity", kAtMost, 3,
     "{:.2f}"},
    {"listing/memory/5000", "time", "... time, ms", Row::Goal::kNone, 0, "{:.2f}"},
    {"listing/memory/5000", "ratio", "... against a loop that only reads them", kAtMost, 1.5, "{:.2f}",
     "the loop: {:.2f} ms"},
    {"listing/softhsm/500", "calls", "calls to list 500 identities on SoftHSM", Row::Goal::kNone, 0},
    {"listing/softhsm/500", "searches", "... searches", kAtMost, 3},
    {"listing/softhsm/500", "attributes", "... readings of attributes for each identity", kAtMost, 3,
     "{:.2f}"},
    {"listing/softhsm/500", "time", "... time, ms", Row::Goal::kNone, 0, "{:.2f}"},
    {"listing/softhsm/500", "ratio", "... against a loop that only reads them", kAtMost, 1.5, "{:.2f}",
     "the loop: {:.2f} ms"},
    {"listing/softhsm/500", "p11tool", "... p11tool --list-all, its start included", Row::Goal::kNone, 0,
     "{:.0f}", "{:.0f} ms"},

    {"rate/1ms/1", "", "rate against the raw calls, 1 ms per call, 1 thread", kAtLeast, 0.97, "{:.3f}",
     "raw {:.0f}/s"},
    {"rate/1ms/8", "", "rate against the raw calls, 1 ms per call, 8 threads", kAtLeast, 0.97, "{:.3f}",
     "raw {:.0f}/s"},
    {"rate/1ms/32", "", "rate against the raw calls, 1 ms per call, 32 threads", kAtLeast, 0.97, "{:.3f}",
     "raw {:.0f}/s"},
    {"rate/softhsm/1", "", "rate against the raw calls, SoftHSM itself, 1 thread", kAtLeast, 0.95, "{:.3f}",
     "raw {:.0f}/s"},
    {"rate/softhsm/8", "", "rate against the raw calls, SoftHSM itself, 8 threads", kAtLeast, 0.95, "{:.3f}",
     "raw {:.0f}/s"},
    {"rate/softhsm-fresh/1", "", "... messages, each on a fresh context, 1 thread", Row::Goal::kNone, 0,
     "{:.3f}", "raw {:.0f}/s"},
    {"rate/softhsm-fresh/8", "", "... messages, each on a fresh context, 8 threads", Row::Goal::kNone, 0,
     "{:.3f}", "raw {:.0f}/s"},

    {"overhead", "time", "software around a P-256 signature, ns", Row::Goal::kNone, 0, "{:.0f}",
     "a provider that does nothing: {:.0f}"},
    {"overhead", "ratio", "... of pkcs11-provider's", kAtMost, 0.4, "{:.2f}"},
    {"overhead", "instructions", "software around a P-256 signature, instructions", Row::Goal::kNone, 0,
     "{:.0f}", "a provider that does nothing: {:.0f}"},
    {"overhead", "instructions_ratio", "... of pkcs11-provider's", kAtMost, 0.4, "{:.2f}"},
    {"allocations", "", "allocations of its own per P-256 signature", kAtMost, 2, "{:.2f}",
     "EVP's own: {:.0f}"},

    {"async", "", "one thread, 64 handshakes, 1 ms per call, against no latency", kAtLeast, 0.85, "{:.2f}",
     "Signet without latency: {:.0f}/s"},

    {"pkcs12", "time", "PKCS#12: time to load against PKCS12_parse", kAtMost, 1.1, "{:.2f}",
     "PKCS12_parse: {:.2f} ms"},
    {"pkcs12", "instructions", "... instructions", kAtMost, 1.1, "{:.2f}"},

    {"memory", "growth", "a million signatures: resident memory after the first thousand, KiB more", kAtMost,
     0, "{:.0f}", "before: {:.0f} KiB"},

    {"SelectAmong/1000/200", "", "selection among 1,000 identities by 200 authorities, \xC2\xB5s", kAtMost,
     1000, "{:.0f}"},
};

}  // namespace

std::span<const Row> Rows() noexcept { return kRows; }

}  // namespace signet::bench
