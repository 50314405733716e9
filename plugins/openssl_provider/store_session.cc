#include "openssl_provider/store_session.h"

#include "base/openssl_error.h"
#include "base/openssl_ptr.h"
#include "openssl_provider/algorithm_rows.h"
#include "openssl_provider/key_loading.h"
#include "openssl_provider/keymgmt.h"
#include "openssl_provider/object_params.h"
#include "openssl_provider/store.h"
#include "settings/setting_names.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/store.h>

namespace signet::provider {
namespace {

bool HasScheme(std::string_view uri, std::string_view scheme) {
  return uri.size() > scheme.size() && uri.starts_with(scheme) && uri[scheme.size()] == ':';
}

std::string Shown(std::string_view uri) { return std::string(uri.substr(0, uri.find('?'))); }

// SameName compares DER Names as RFC 5280 section 7.1 does.
bool SameName(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) {
  const auto parse = [](std::span<const std::uint8_t> der) {
    const unsigned char* position = der.data();
    return OpenSslPtr<X509_NAME>(d2i_X509_NAME(nullptr, &position, static_cast<long>(der.size())));
  };
  const auto first = parse(a);
  const auto second = parse(b);
  return first != nullptr && second != nullptr && X509_NAME_cmp(first.get(), second.get()) == 0;
}

bool BelongsTo(std::span<const std::uint8_t> spki, const std::vector<Certificate>& certificates) {
  return std::ranges::any_of(certificates, [&](const Certificate& certificate) {
    return std::ranges::equal(certificate.subject_public_key_info(), spki);
  });
}

}  // namespace

StoreSession::StoreSession(ProviderContext& provider, std::string uri)
    : provider_(provider), uri_(std::move(uri)) {
  CheckScheme(uri_);
}

void StoreSession::SetParams(const OSSL_PARAM params[]) {
  if (params == nullptr) return;
  for (const OSSL_PARAM* param = params; param->key != nullptr; ++param) {
    const std::string_view name = param->key;
    if (name == OSSL_STORE_PARAM_EXPECT) {
      if (OSSL_PARAM_get_int(param, &expected_) != 1)
        ThrowOpenSsl(ErrorCode::kBadArgument, "OSSL_STORE_expect", "no kind of object");
    } else if (name == OSSL_STORE_PARAM_SUBJECT) {
      const auto* der = static_cast<const std::uint8_t*>(param->data);
      subject_.assign(der, der + param->data_size);
    } else if (name == OSSL_STORE_PARAM_ISSUER || name == OSSL_STORE_PARAM_FINGERPRINT ||
               name == OSSL_STORE_PARAM_ALIAS) {
      throw Error({.code = ErrorCode::kUnsupported,
                   .detail = "a store can be searched by subject only",
                   .hint = "Name the object in the URI: id=, object=, friendly-name=."});
    } else if (MeaningOf(name) != SettingMeaning::kUnknown) {
      const char* value = nullptr;
      if (OSSL_PARAM_get_utf8_string_ptr(param, &value) != 1 || value == nullptr) continue;
      if (!own_) {
        own_ = provider_.configuration();
        own_->BeginPlace(PlaceKind::kOption);
      }
      own_->Set(name, value, "the store's parameters");
    }
  }
  if (own_) own_->settings();  // throws for a value that cannot be
}

Wanted StoreSession::WantedKinds() const noexcept {
  // A subject is known of certificates only; keys are found by them.
  const unsigned by = subject_.empty() ? 0u : static_cast<unsigned>(kWantCertificates);
  switch (expected_) {
    case 0:
      return kWantAll;
    case OSSL_STORE_INFO_PKEY:
      return static_cast<Wanted>(kWantPrivateKeys | by);
    case OSSL_STORE_INFO_PUBKEY:
      return static_cast<Wanted>(kWantPublicKeys | by);
    case OSSL_STORE_INFO_CERT:
      return kWantCertificates;
    default:
      return static_cast<Wanted>(0);
  }
}

void StoreSession::KeepMatching(StoredObjects& objects) const {
  if (subject_.empty()) return;
  std::erase_if(objects.certificates,
                [&](const Certificate& c) { return !SameName(c.subject_der(), subject_); });
  std::erase_if(objects.private_keys, [&](const auto& key) {
    return !BelongsTo(key->subject_public_key_info(), objects.certificates);
  });
  std::erase_if(objects.public_keys,
                [&](const PublicKey& key) { return !BelongsTo(key.spki(), objects.certificates); });
}

StoredObjects StoreSession::FetchObjects() {
  if (HasScheme(uri_, kHandoverScheme)) {
    const std::string_view digits = std::string_view(uri_).substr(uri_.find_last_of("/:") + 1);
    std::uint64_t number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    auto key = provider_.Withdraw(number);
    if (key == nullptr) throw Error({.code = ErrorCode::kNotFound, .detail = "the key was already loaded"});
    return {.private_keys = {std::move(key)}, .public_keys = {}, .certificates = {}, .problems = {}};
  }
  const Wanted wanted = WantedKinds();
  if (wanted == 0) return {};
  const auto source = own_ ? std::make_shared<Source>(own_->settings()) : provider_.source();
  return source->Load(uri_, wanted, prompt_);
}

void StoreSession::Fetch(OSSL_PASSPHRASE_CALLBACK* passphrase, void* passphrase_argument) {
  fetched_ = true;  // also where it fails: the caller is told once
  prompt_ = std::make_shared<StorePrompt>(GivesPins(own_ ? own_->settings() : provider_.settings()));
  prompt_->Lend(passphrase, passphrase_argument);
  StoredObjects objects;
  try {
    objects = FetchObjects();
  } catch (...) {
    prompt_->TakeBack();
    throw;
  }
  prompt_->TakeBack();
  KeepMatching(objects);
  for (const Problem& problem : objects.problems) problems_.push_back(problem.error.WithUri(problem.uri));
  Queue(std::move(objects));
  if (!pending_.empty() || !problems_.empty()) return;
  throw Error({.code = ErrorCode::kNotFound,
               .detail = "there is no object of the requested type",
               .uri = Shown(uri_),
               .hint = "Run `signet list` to see the available identities."});
}

void StoreSession::Queue(StoredObjects objects) {
  const auto unless = [this](int kind) { return expected_ == 0 || expected_ == kind; };
  if (unless(OSSL_STORE_INFO_PKEY)) {
    for (auto& key : objects.private_keys) {
      pending_.emplace_back([this, key = std::move(key)](auto* callback, void* argument) {
        return OfferKey(key, callback, argument);
      });
    }
  }
  if (unless(OSSL_STORE_INFO_CERT)) {
    for (const Certificate& certificate : objects.certificates) {
      pending_.emplace_back([certificate](auto* callback, void* argument) {
        return OfferDer({.kind = OSSL_OBJECT_CERT}, certificate.der(), callback, argument);
      });
    }
  }
  if (unless(OSSL_STORE_INFO_PUBKEY)) {
    for (const PublicKey& key : objects.public_keys) {
      pending_.emplace_back(
          [der = std::vector(key.spki().begin(), key.spki().end())](auto* callback, void* argument) {
            return OfferDer({.structure = "SubjectPublicKeyInfo"}, der, callback, argument);
          });
    }
  }
  std::ranges::reverse(pending_);
}

bool StoreSession::OfferKey(const std::shared_ptr<PrivateKey>& key, OSSL_CALLBACK* callback, void* argument) {
  if (const auto pkcs8 = key->ExportPkcs8()) {
    const std::string_view der = pkcs8->view();
    return OfferDer({.structure = "PrivateKeyInfo"},
                    {reinterpret_cast<const std::uint8_t*>(der.data()), der.size()}, callback, argument);
  }
  auto data = std::make_shared<const KeyData>(key);
  if (KeymgmtFunctions(data->public_key.type()) == nullptr) {
    throw Error({.code = ErrorCode::kUnsupported,
                 .detail = "a key of this type cannot be used through OpenSSL",
                 .uri = Shown(uri_)});
  }
  return OfferReference(std::make_unique<KeyReference>(provider_, std::move(data), true), callback, argument);
}

bool StoreSession::Next(OSSL_CALLBACK* callback, void* argument) {
  if (!pending_.empty()) {
    const Offer offer = std::move(pending_.back());
    pending_.pop_back();
    return offer(callback, argument);
  }
  if (problems_.empty()) return false;
  const std::vector<Error> problems = std::exchange(problems_, {});
  for (std::size_t i = 0; i + 1 < problems.size(); ++i) errors().Raise(problems[i]);
  throw problems.back();
}

bool StoreSession::Load(OSSL_CALLBACK* callback, void* argument, OSSL_PASSPHRASE_CALLBACK* passphrase,
                        void* passphrase_argument) {
  if (std::exchange(failed_, false) && pending_.empty() && problems_.empty()) return false;
  failed_ = true;
  if (!fetched_) Fetch(passphrase, passphrase_argument);
  const bool taken = Next(callback, argument);
  failed_ = !taken;
  return taken;
}

}  // namespace signet::provider
