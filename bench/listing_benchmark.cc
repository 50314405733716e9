// Listing identities: calls and time, beside a loop that reads the same attributes of the same objects and
// nothing else, and beside others that list a token.
#include "contest.h"
#include "raw_calls.h"
#include "report.h"
#include "testing/memory_token/key_material.h"
#include "testing/test_key.h"
#include <signet/identity_source.h>
#include <signet/testing/memory_token.h>
#include <signet/testing/process.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <optional>

#include <fmt/format.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>

namespace signet::bench {
namespace {

using Clock = std::chrono::steady_clock;

std::string IdOf(std::size_t number) {
  return {static_cast<char>(number >> 16), static_cast<char>(number >> 8), static_cast<char>(number)};
}

// People issues certificates, one each, for one key: making keys is not what is measured.
class People {
 public:
  testing::TestIdentity Next() {
    testing::TestIdentity next = pki_.Certify(first_.certificate.subject_public_key_info(),
                                              {.common_name = fmt::format("person {}", ++number_)});
    next.private_key = first_.private_key;
    return next;
  }
  const testing::TestIdentity& first() const { return first_; }

 private:
  testing::TestPki pki_;
  testing::TestIdentity first_ = pki_.Issue({});
  std::size_t number_ = 0;
};

// RawListing reads what a listing needs: all objects, by class, and each one's attributes in one call.
class RawListing {
 public:
  RawListing(const std::string& path, std::string_view pin) : module_(path) {
    module_.LogIn(pin);
    session_ = module_.OpenSession();
  }
  ~RawListing() { module_.functions().C_Finalize(nullptr); }
  RawListing(const RawListing&) = delete;
  RawListing& operator=(const RawListing&) = delete;

  std::size_t Read() {
    return Read(CKO_CERTIFICATE, kOfCertificate) + Read(CKO_PRIVATE_KEY, kOfKey) +
           Read(CKO_PUBLIC_KEY, kOfKey);
  }

 private:
  static constexpr CK_ATTRIBUTE_TYPE kOfCertificate[] = {CKA_CLASS, CKA_ID, CKA_LABEL, CKA_VALUE};
  static constexpr CK_ATTRIBUTE_TYPE kOfKey[] = {CKA_CLASS,
                                                 CKA_ID,
                                                 CKA_LABEL,
                                                 CKA_KEY_TYPE,
                                                 CKA_SIGN,
                                                 CKA_DECRYPT,
                                                 CKA_DERIVE,
                                                 CKA_ALWAYS_AUTHENTICATE,
                                                 CKA_MODULUS,
                                                 CKA_PUBLIC_EXPONENT,
                                                 CKA_EC_PARAMS,
                                                 CKA_EC_POINT,
                                                 CKA_PUBLIC_KEY_INFO,
                                                 CKA_ALLOWED_MECHANISMS};

  std::size_t Read(CK_OBJECT_CLASS object_class, std::span<const CK_ATTRIBUTE_TYPE> types) {
    CK_FUNCTION_LIST& p11 = module_.functions();
    CK_ATTRIBUTE wanted{CKA_CLASS, &object_class, sizeof object_class};
    if (p11.C_FindObjectsInit(session_, &wanted, 1) != CKR_OK) throw std::runtime_error("the search");
    std::vector<CK_OBJECT_HANDLE> handles;
    std::array<CK_OBJECT_HANDLE, 256> some;
    for (CK_ULONG count = 1; count != 0;) {
      if (p11.C_FindObjects(session_, some.data(), some.size(), &count) != CKR_OK)
        throw std::runtime_error("the search");
      handles.insert(handles.end(), some.begin(), some.begin() + static_cast<std::ptrdiff_t>(count));
    }
    p11.C_FindObjectsFinal(session_);
    for (const CK_OBJECT_HANDLE handle : handles) {
      std::vector<CK_ATTRIBUTE> parts;
      for (std::size_t i = 0; i < types.size(); ++i)
        parts.push_back({types[i], room_.data() + i * kRoom, kRoom});
      p11.C_GetAttributeValue(session_, handle, parts.data(), parts.size());
    }
    return handles.size();
  }

  static constexpr std::size_t kRoom = 8192;
  RawModule module_;
  CK_SESSION_HANDLE session_ = 0;
  std::vector<char> room_ = std::vector<char>(kRoom * std::size(kOfKey));
};

template <class Work>
double MillisecondsOf(Work work) {
  const auto before = Clock::now();
  work();
  return std::chrono::duration<double, std::milli>(Clock::now() - before).count();
}

// ListByStore gives how many objects a provider's store finds; nothing if it fails.
std::optional<std::size_t> ListByStore(const Contender& contender, const std::string& uri) {
  const OpenSslPtr<OSSL_STORE_CTX> store(OSSL_STORE_open_ex(uri.c_str(), contender.library(), nullptr,
                                                            nullptr, nullptr, nullptr, nullptr, nullptr));
  if (store == nullptr) return std::nullopt;
  std::size_t objects = 0;
  while (OSSL_STORE_eof(store.get()) == 0) {
    const OpenSslPtr<OSSL_STORE_INFO> info(OSSL_STORE_load(store.get()));
    if (info != nullptr) ++objects;
  }
  return objects;
}

// Subject is one token that is listed.
struct Subject {
  std::size_t identities;
  std::string path;      // of the module for Signet and the peers
  std::string raw_path;  // of the module for the raw loop
  std::string uri;       // with the PIN
  std::string pin;
  std::function<std::uint64_t(std::string_view)> count;
  std::function<void()> reset;
};

void MeasureSignet(benchmark::State& state, const Subject& subject) {
  Settings settings;
  settings.modules = {subject.path};
  const IdentitySource source(settings);
  const auto list = [&] {
    const Listing listing = source.List(subject.uri);
    if (listing.identities.size() != subject.identities)
      throw std::runtime_error(fmt::format("{} identities are listed, and {} problems",
                                           listing.identities.size(), listing.problems.size()));
  };
  list();
  subject.reset();
  list();
  const auto each = static_cast<double>(subject.identities);
  Put(state, "calls", kSignet, static_cast<double>(subject.count("*")));
  Put(state, "attributes", kSignet, static_cast<double>(subject.count("C_GetAttributeValue")) / each);
  Put(state, "searches", kSignet, static_cast<double>(subject.count("C_FindObjectsInit")));
  std::vector<double> times;
  // What takes long is measured once.
  do {
    times.push_back(MillisecondsOf(list));
  } while (!Quick() && times.size() < 5 && times.back() < 1000);
  RawListing raw(subject.raw_path, subject.pin);
  std::vector<double> raw_times;
  for (int i = 0; i < (Quick() ? 1 : 5); ++i) raw_times.push_back(MillisecondsOf([&] { raw.Read(); }));
  Put(state, "time", kSignet, Median(times));
  Put(state, "ratio", kSignet, Median(times) / Median(raw_times));
  Put(state, "ratio", kBeside, Median(raw_times));
}

void MeasurePeers(benchmark::State& state, const Subject& subject) {
  for (const ContenderKind& kind : Installed()) {
    if (kind.name == kSignet || kind.via != ContenderKind::Via::kProvider) continue;
    try {
      const Contender contender(kind, subject.path);
      subject.reset();
      std::optional<std::size_t> objects;
      const double time = MillisecondsOf([&] { objects = ListByStore(contender, subject.uri); });
      if (objects.value_or(0) < subject.identities) continue;
      Put(state, "calls", kind.name, static_cast<double>(subject.count("*")));
      Put(state, "time", kind.name, time);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s: %s\n", std::string(kind.name).c_str(), error.what());
    }
  }
}

void Measure(benchmark::State& state, const Subject& subject) {
  for (auto _ : state) {
    try {
      MeasureSignet(state, subject);
      MeasurePeers(state, subject);
    } catch (const std::exception& error) {
      state.SkipWithError(error.what());
    }
  }
}

void ListInMemory(benchmark::State& state) {
  const std::size_t identities = Quick() ? 20 : static_cast<std::size_t>(state.range(0));
  testing::MemoryModule module;
  testing::MemoryModule other;
  People people;
  module.AddToken();
  other.AddToken();
  for (std::size_t i = 0; i < identities; ++i) {
    const testing::MemoryObjectOptions options{.id = IdOf(i), .label = fmt::format("key {}", i)};
    const testing::TestIdentity next = people.Next();
    module.AddIdentity(0, next, options);
    other.AddIdentity(0, next, options);
  }
  module.Record(false);
  other.Record(false);
  Measure(state, {.identities = identities,
                  .path = module.path(),
                  .raw_path = other.path(),
                  .uri = module.TokenUri(0, true),
                  .pin = "1234",
                  .count = [&](std::string_view function) { return module.Count(function); },
                  .reset = [&] { module.ResetCalls(); }});
}
BENCHMARK(ListInMemory)->Name("listing/memory")->Arg(50)->Arg(500)->Arg(5000)->Iterations(1);

// Create makes the objects through the wrapped module, in this process: a helper for each would take minutes.
void FillSoftHsm(const testing::SoftHsm& hsm, std::size_t identities) {
  const testing::WrappedModule wrapped(hsm);
  RawModule module(wrapped.path());
  module.LogIn(hsm.pin());
  const CK_SESSION_HANDLE session = module.OpenSession(true);
  const auto create = [&](testing::MemoryAttributes attributes) {
    std::vector<CK_ATTRIBUTE> parts;
    for (auto& [type, value] : attributes) parts.push_back({type, value.data(), value.size()});
    CK_OBJECT_HANDLE object = 0;
    const CK_RV rv = module.functions().C_CreateObject(session, parts.data(), parts.size(), &object);
    if (rv != CKR_OK) throw std::runtime_error(fmt::format("C_CreateObject gives {:#x}", rv));
  };
  People people;
  const auto key = testing::ReadPkcs8(people.first().private_key);
  BIGNUM* scalar = nullptr;
  EVP_PKEY_get_bn_param(key.get(), OSSL_PKEY_PARAM_PRIV_KEY, &scalar);
  const OpenSslPtr<BIGNUM> owned(scalar);
  std::string value(32, '\0');
  BN_bn2binpad(scalar, reinterpret_cast<unsigned char*>(value.data()), 32);
  const std::string yes(1, '\x01');
  const std::string no(1, '\0');
  for (std::size_t i = 0; i < identities; ++i) {
    const testing::TestIdentity next = people.Next();
    const testing::MemoryAttributes named = {
        {CKA_TOKEN, yes}, {CKA_ID, IdOf(i)}, {CKA_LABEL, fmt::format("key {}", i)}};
    testing::MemoryAttributes pair = testing::PublicAttributes(key.get());
    pair.erase(CKA_PUBLIC_KEY_INFO);
    pair.insert(named.begin(), named.end());
    testing::MemoryAttributes half = pair;
    half[CKA_CLASS] = testing::BytesOf(CK_OBJECT_CLASS{CKO_PUBLIC_KEY});
    half[CKA_PRIVATE] = no;
    create(half);
    half = pair;
    half.erase(CKA_EC_POINT);
    half[CKA_CLASS] = testing::BytesOf(CK_OBJECT_CLASS{CKO_PRIVATE_KEY});
    half[CKA_PRIVATE] = half[CKA_SENSITIVE] = half[CKA_SIGN] = yes;
    half[CKA_VALUE] = value;
    create(half);
    testing::MemoryAttributes certificate = named;
    certificate[CKA_CLASS] = testing::BytesOf(CK_OBJECT_CLASS{CKO_CERTIFICATE});
    certificate[CKA_CERTIFICATE_TYPE] = testing::BytesOf(CK_CERTIFICATE_TYPE{CKC_X_509});
    certificate[CKA_PRIVATE] = no;
    const auto der = next.certificate.der();
    const auto subject = next.certificate.subject_der();
    certificate[CKA_VALUE] = std::string(der.begin(), der.end());
    certificate[CKA_SUBJECT] = std::string(subject.begin(), subject.end());
    create(certificate);
  }
  module.functions().C_Finalize(nullptr);
}

void ListOnSoftHsm(benchmark::State& state) {
  const std::size_t identities = Quick() ? 20 : static_cast<std::size_t>(state.range(0));
  testing::SoftHsm hsm;
  FillSoftHsm(hsm, identities);
  testing::WrappedModule module(hsm);
  const testing::WrappedModule other(hsm);
  Measure(state, {.identities = identities,
                  .path = module.path(),
                  .raw_path = other.path(),
                  .uri = hsm.TokenUri(true),
                  .pin = hsm.pin(),
                  .count = [&](std::string_view function) { return module.Count(function); },
                  .reset = [&] { module.Reset(); }});
  // p11tool as a person calls it, its start included.
  try {
    bool worked = false;
    const double time = MillisecondsOf([&] {
      worked = testing::RunProgram({.argv = {"p11tool", "--provider", module.path(), "--login", "--set-pin",
                                             hsm.pin(), "--list-all", hsm.TokenUri()}})
                   .ok();
    });
    if (worked) Put(state, "p11tool", kBeside, time);
  } catch (const std::exception&) {
    // It is not installed.
  }
}
BENCHMARK(ListOnSoftHsm)->Name("listing/softhsm")->Arg(500)->Iterations(1);

}  // namespace
}  // namespace signet::bench
