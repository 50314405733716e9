#pragma once

#include "base/openssl_ptr.h"
#include <signet/testing/test_pki.h>

namespace signet::testing {

// SignCertificate makes a certificate for `subject_key`. `issuer` may be null: then the certificate is
// self-signed, with `issuer_key` its own.
Certificate SignCertificate(EVP_PKEY* subject_key, const CertificateOptions& options,
                            const Certificate* issuer, EVP_PKEY* issuer_key);

}  // namespace signet::testing
