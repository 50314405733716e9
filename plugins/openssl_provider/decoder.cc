#include "openssl_provider/decoder.h"

#include "base/openssl_error.h"
#include "base/openssl_ptr.h"
#include "openssl_provider/dispatch.h"
#include "openssl_provider/key_loading.h"
#include "openssl_provider/object_params.h"
#include "openssl_provider/pem_uri.h"
#include "openssl_provider/private_key.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <openssl/pem.h>

namespace signet::provider {
namespace {

constexpr std::size_t kLargestUri = 16384;  // bytes of DER

// An empty-handed decoder has not failed: libcrypto continues to the next. A failure ends the search.
constexpr int kNotOurs = 1;

// A block that points to a key is handed on with a ticket behind its DER: libcrypto's store tries a block for
// what the program wants first, and again for anything, where the first try gave nothing. Only the first
// reader asks the token; the second, whose errors stay in the queue, repeats what the first failed with.
constexpr std::size_t kTicketSize = sizeof(std::uint64_t);

bool WantsPrivateKey(int selection) {
  return selection == 0 || (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0;
}

[[noreturn]] void ThrowDamaged() {
  throw Error({.code = ErrorCode::kMalformed,
               .detail = "the PEM block that should point to a key is damaged",
               .hint = "Write it again with `signet pem URI`."});
}

// DerOf undoes the base64 of one block.
Secret DerOf(const Secret& text) {
  const OpenSslErrorMark mark;
  const OpenSslPtr<BIO> pem(
      CheckOpenSsl(BIO_new_mem_buf(text.view().data(), static_cast<int>(text.size())), "BIO_new_mem_buf"));
  char* label = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
  if (PEM_read_bio(pem.get(), &label, &header, &data, &size) != 1) ThrowDamaged();
  const OpenSslPtr<char> owned_label(label);
  const OpenSslPtr<char> owned_header(header);
  const OpenSslPtr<unsigned char> owned_data(data);
  Secret der({reinterpret_cast<const char*>(data), static_cast<std::size_t>(size)});
  OPENSSL_cleanse(data, static_cast<std::size_t>(size));
  return der;
}

std::span<const std::uint8_t> BytesOf(const Secret& secret) {
  return {reinterpret_cast<const std::uint8_t*>(secret.view().data()), secret.size()};
}

int DecodePem(ProviderContext& provider, OSSL_CORE_BIO* in, int, OSSL_CALLBACK* callback, void* argument,
              OSSL_PASSPHRASE_CALLBACK*, void*) {
  const auto block = provider.core_bio().NextPemBlock(in, IsUriLabel);
  if (!block || !IsUriLabel(block->label)) return kNotOurs;
  const Secret der = DerOf(block->text);
  if (!UriInDer(BytesOf(der))) ThrowDamaged();
  const std::uint64_t ticket = provider.IssueTicket();
  Secret marked = Secret::OfSize(der.size() + kTicketSize);
  std::memcpy(marked.writable().data(), der.view().data(), der.size());
  std::memcpy(marked.writable().data() + der.size(), &ticket, kTicketSize);
  const int taken = OfferDer({.structure = kUriStructure}, BytesOf(marked), callback, argument);
  provider.EndTicket(ticket);
  return taken;
}

// TicketOf gives the number behind the DER, which is one only where `marked` came from DecodePem.
std::uint64_t TicketOf(const Secret& marked) {
  std::uint64_t ticket = 0;
  if (marked.size() < kTicketSize) return ticket;
  std::memcpy(&ticket, marked.view().data() + marked.size() - kTicketSize, kTicketSize);
  return ticket;
}

// OfferToken passes the key on to the decoder for its type, by the number under which it is deposited.
int OfferToken(ProviderContext& provider, std::shared_ptr<PrivateKey> key, OSSL_CALLBACK* callback,
               void* argument) {
  const auto row = std::ranges::find(KeyTypes(), key->type(), &KeyTypeRow::type);
  if (row == KeyTypes().end()) return kNotOurs;
  const std::uint64_t number = provider.Deposit(std::move(key));
  std::array<std::uint8_t, sizeof number> bytes;
  std::memcpy(bytes.data(), &number, sizeof number);
  const int taken =
      OfferDer({.type = row->openssl_name, .structure = kKeyStructure}, bytes, callback, argument);
  provider.Withdraw(number);  // where nobody took it
  return taken;
}

struct Asked {
  int selection;
  OSSL_CALLBACK* callback;
  void* argument;
  OSSL_PASSPHRASE_CALLBACK* passphrase;
  void* passphrase_argument;
};

int OfferWhatIsNamed(ProviderContext& provider, std::string_view uri, const Asked& asked) {
  const auto& [selection, callback, argument, passphrase, passphrase_argument] = asked;
  if (!WantsPrivateKey(selection) || (selection == 0 && NamesPublicKey(uri))) {
    const PublicKey public_key = LoadPublicKey(provider, uri);
    return OfferDer({.structure = "SubjectPublicKeyInfo"}, public_key.spki(), callback, argument);
  }
  CheckPinSources(provider, uri);
  auto key = LoadKey(provider, uri, passphrase, passphrase_argument);
  if (const auto pkcs8 = key->ExportPkcs8()) {
    return OfferDer({.structure = "PrivateKeyInfo"}, BytesOf(*pkcs8), callback, argument);
  }
  return OfferToken(provider, std::move(key), callback, argument);
}

int DecodeUri(ProviderContext& provider, OSSL_CORE_BIO* in, int selection, OSSL_CALLBACK* callback,
              void* argument, OSSL_PASSPHRASE_CALLBACK* passphrase, void* passphrase_argument) {
  constexpr int kKeyPair = OSSL_KEYMGMT_SELECT_KEYPAIR;
  if (selection != 0 && (selection & kKeyPair) == 0) return kNotOurs;
  const auto der = provider.core_bio().ReadAll(in, kLargestUri);
  const auto uri = der ? UriInDer(BytesOf(*der)) : std::nullopt;
  if (!uri) return kNotOurs;
  const std::uint64_t number = TicketOf(*der);
  const auto ticket = provider.UseTicket(number);
  // DER without a ticket and without a selection: the same bytes are tried again for what is wanted.
  if ((!ticket || ticket->used) && selection == 0) {
    if (ticket && ticket->failure) throw Error(*ticket->failure);
    return kNotOurs;
  }
  try {
    return OfferWhatIsNamed(provider, uri->view(),
                            {selection, callback, argument, passphrase, passphrase_argument});
  } catch (const Error& error) {
    provider.FailTicket(number, error);
    throw;
  }
}

template <KeyType kType>
int DecodeKey(ProviderContext& provider, OSSL_CORE_BIO* in, int, OSSL_CALLBACK* callback, void* argument,
              OSSL_PASSPHRASE_CALLBACK*, void*) {
  std::uint64_t number = 0;
  const auto bytes = provider.core_bio().ReadAll(in, sizeof number);
  if (!bytes || bytes->size() != sizeof number) return kNotOurs;
  std::memcpy(&number, bytes->view().data(), sizeof number);
  auto key = provider.Withdraw(number);
  if (key == nullptr || key->type() != kType) return kNotOurs;
  auto data = std::make_shared<const KeyData>(std::move(key));
  return OfferReference(std::make_unique<KeyReference>(provider, std::move(data), true), callback, argument);
}

void* NewContext(ProviderContext& provider) { return &provider; }
void FreeContext(void*) noexcept {}

int DoesSelection(void*, int) noexcept { return 1; }

// ExportObject is asked where another provider's keymgmt should take the key.
int ExportObject(ProviderContext& provider, const void*, std::size_t, OSSL_CALLBACK*, void*) {
  provider.errors().Raise(kReasonPrivateKeyStays);
  return 0;
}

template <auto kDecode>
const OSSL_DISPATCH* Functions() noexcept {
  static const OSSL_DISPATCH table[] = {
      Entry<OSSL_FUNC_DECODER_NEWCTX, OSSL_FUNC_decoder_newctx_fn, NewContext>(),
      PlainEntry<OSSL_FUNC_DECODER_FREECTX, OSSL_FUNC_decoder_freectx_fn, FreeContext>(),
      PlainEntry<OSSL_FUNC_DECODER_DOES_SELECTION, OSSL_FUNC_decoder_does_selection_fn, DoesSelection>(),
      Entry<OSSL_FUNC_DECODER_DECODE, OSSL_FUNC_decoder_decode_fn, kDecode>(),
      Entry<OSSL_FUNC_DECODER_EXPORT_OBJECT, OSSL_FUNC_decoder_export_object_fn, ExportObject>(),
      kEndOfTable,
  };
  return table;
}

struct TableRow {
  KeyType type;
  const OSSL_DISPATCH* (*table)() noexcept;
};

constexpr TableRow kTables[] = {
    {KeyType::kRsa, Functions<DecodeKey<KeyType::kRsa>>},
    {KeyType::kRsaPss, Functions<DecodeKey<KeyType::kRsaPss>>},
    {KeyType::kEc, Functions<DecodeKey<KeyType::kEc>>},
    {KeyType::kEd25519, Functions<DecodeKey<KeyType::kEd25519>>},
    {KeyType::kEd448, Functions<DecodeKey<KeyType::kEd448>>},
};

}  // namespace

const OSSL_DISPATCH* PemDecoderFunctions() noexcept { return Functions<DecodePem>(); }
const OSSL_DISPATCH* UriDecoderFunctions() noexcept { return Functions<DecodeUri>(); }

const OSSL_DISPATCH* KeyDecoderFunctions(KeyType type) noexcept {
  for (const TableRow& row : kTables) {
    if (row.type == type) return row.table();
  }
  return nullptr;
}

}  // namespace signet::provider
