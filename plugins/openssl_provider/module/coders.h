#pragma once

#include "openssl_provider/module/forwarding.h"

// Decoders and encoders. libcrypto makes a context of each whenever a key is read or written, and tries each
// decoder on data of any kind. Therefore these contexts belong to signet.so, and the provider is opened only
// for data that it can use.
namespace signet::provider::module {

inline constexpr std::size_t kNewContextSlot = 0;   // of every coder's table
inline constexpr std::size_t kFreeContextSlot = 1;  // of every coder's table

// Lent is a context of the provider's for one call; null with an entry in the ERR queue.
class Lent {
 public:
  Lent(Context& context, Table table) noexcept : table_(table) {
    if (void* const provider = context.Provider())
      object_ = Theirs<void*(void*)>(table_, kNewContextSlot)(provider);
  }
  ~Lent() {
    if (object_ != nullptr) Theirs<void(void*)>(table_, kFreeContextSlot)(object_);
  }
  Lent(const Lent&) = delete;
  Lent& operator=(const Lent&) = delete;
  void* get() const noexcept { return object_; }

 private:
  const Table table_;
  void* object_ = nullptr;
};

// Concerns tells whether a decoder may have something to do with the data.
bool ConcernsPem(const Context& context, OSSL_CORE_BIO* in) noexcept;
bool ConcernsUri(const Context& context, OSSL_CORE_BIO* in) noexcept;
inline bool Concerns(Table decoder, const Context& context, OSSL_CORE_BIO* in) noexcept {
  if (decoder == Table::kPemDecoder) return ConcernsPem(context, in);
  if (decoder == Table::kUriDecoder) return ConcernsUri(context, in);
  return context.has_provider();  // the others read what it has written
}

template <Table, std::size_t, class>
struct NewDecoder {
  static void* Call(void* context) noexcept { return context; }
};
template <Table, std::size_t, class>
struct FreeDecoder {
  static void Call(void*) noexcept {}
};
template <Table, std::size_t, class>
struct AnySelection {
  static int Call(void*, int) noexcept { return 1; }
};

template <Table kTable, std::size_t kSlot, class Raw>
struct Decode;
template <Table kTable, std::size_t kSlot, class... Rest>
struct Decode<kTable, kSlot, int(void*, OSSL_CORE_BIO*, Rest...)> {
  static int Call(void* object, OSSL_CORE_BIO* in, Rest... rest) noexcept {
    auto& context = *static_cast<Context*>(object);
    if (!Concerns(kTable, context, in)) return 1;  // nothing found: libcrypto tries the next decoder
    const Lent lent(context, kTable);
    return lent.get() != nullptr
               ? Theirs<int(void*, OSSL_CORE_BIO*, Rest...)>(kTable, kSlot)(lent.get(), in, rest...)
               : 0;
  }
};

template <Table kTable, std::size_t kSlot, class Raw>
struct ExportDecoded;
template <Table kTable, std::size_t kSlot, class... Rest>
struct ExportDecoded<kTable, kSlot, int(void*, Rest...)> {
  static int Call(void* object, Rest... rest) noexcept {
    const Lent lent(*static_cast<Context*>(object), kTable);
    return lent.get() != nullptr ? Theirs<int(void*, Rest...)>(kTable, kSlot)(lent.get(), rest...) : 0;
  }
};

// Encoder is what libcrypto set on an encoder before it writes.
struct Encoder : FromLibc {
  explicit Encoder(Context& provider) noexcept : context(provider) {}
  bool SetParams(const OSSL_PARAM params[]) noexcept;
  // HandOver sets on `theirs` what was set on this one.
  bool HandOver(OSSL_FUNC_encoder_set_ctx_params_fn* set, void* theirs) const noexcept;

  Context& context;
  LibcPtr<char> cipher;
};

inline constexpr std::size_t kSetParamsSlot = 4;  // of an encoder's table that takes parameters

template <Table, std::size_t, class>
struct NewEncoder {
  static void* Call(void* context) noexcept {
    return std::unique_ptr<Encoder>(new Encoder(*static_cast<Context*>(context))).release();
  }
};
template <Table, std::size_t, class>
struct EndEncoder {
  static void Call(void* encoder) noexcept {
    const std::unique_ptr<Encoder> owned(static_cast<Encoder*>(encoder));
  }
};
template <Table, std::size_t, class>
struct TakeEncoderParams {
  static int Call(void* encoder, const OSSL_PARAM params[]) noexcept {
    return static_cast<Encoder*>(encoder)->SetParams(params) ? 1 : 0;
  }
};
template <Table kTable, std::size_t, class>
struct WritesIt {
  static int Call(void*, int selection) noexcept { return WritesSelection(kTable, selection) ? 1 : 0; }
};

template <Table kTable, std::size_t kSlot, class Raw>
struct Encode;
template <Table kTable, std::size_t kSlot, class... Rest>
struct Encode<kTable, kSlot, int(void*, Rest...)> {
  static int Call(void* object, Rest... rest) noexcept {
    const auto& encoder = *static_cast<Encoder*>(object);
    const Lent lent(encoder.context, kTable);
    if (lent.get() == nullptr) return 0;
    if (encoder.cipher != nullptr &&
        !encoder.HandOver(Theirs<OSSL_FUNC_encoder_set_ctx_params_fn>(kTable, kSetParamsSlot), lent.get()))
      return 0;
    return Theirs<int(void*, Rest...)>(kTable, kSlot)(lent.get(), rest...);
  }
};

}  // namespace signet::provider::module
