#pragma once

#include "openssl_provider/module/context.h"
#include "openssl_provider/module/library.h"

#include <utility>

// Functions of signet.so that go on to the provider's. Each has the type of the one that it represents, and
// gives `R{}`, which means failure to libcrypto, where libsignet.so cannot be opened.
namespace signet::provider::module {

// Theirs gives the provider's function in one row of a table; null before libsignet.so is open.
template <class Raw>
Raw* Theirs(Table table, std::size_t slot) noexcept {
  return reinterpret_cast<Raw*>(
      functions[static_cast<std::size_t>(table)][slot].load(std::memory_order_acquire));
}

// OfObject is for functions whose objects the provider has made, or that have no object at all.
template <Table kTable, std::size_t kSlot, class Raw>
struct OfObject;
template <Table kTable, std::size_t kSlot, class R, class... Arguments>
struct OfObject<kTable, kSlot, R(Arguments...)> {
  static R Call(Arguments... arguments) noexcept {
    auto* theirs = Theirs<R(Arguments...)>(kTable, kSlot);
    if (theirs == nullptr) [[unlikely]] {
      LibraryError ignored;
      OpenLibrary(ignored);
      theirs = Theirs<R(Arguments...)>(kTable, kSlot);
    }
    return theirs != nullptr ? theirs(arguments...) : R();
  }
};

// OfProvider is for functions whose first argument is the provider's context.
template <Table kTable, std::size_t kSlot, class Raw>
struct OfProvider;
template <Table kTable, std::size_t kSlot, class R, class... Rest>
struct OfProvider<kTable, kSlot, R(void*, Rest...)> {
  static R Call(void* context, Rest... rest) noexcept {
    void* const provider = static_cast<Context*>(context)->Provider();
    return provider != nullptr ? Theirs<R(void*, Rest...)>(kTable, kSlot)(provider, rest...) : R();
  }
};

// OfEither is for lists of parameters: an object, or null, and the provider's context.
template <Table kTable, std::size_t kSlot, class Raw>
struct OfEither;
template <Table kTable, std::size_t kSlot, class R>
struct OfEither<kTable, kSlot, R(void*, void*)> {
  static R Call(void* object, void* context) noexcept {
    void* const provider = static_cast<Context*>(context)->Provider();
    return provider != nullptr ? Theirs<R(void*, void*)>(kTable, kSlot)(object, provider) : R();
  }
};

// Row is a row of our tables; Way is one of the above, or one that answers itself.
template <int kFunction, class Raw, template <Table, std::size_t, class> class Way>
struct Row {
  static constexpr int kId = kFunction;
  template <Table kTable, std::size_t kSlot>
  static constexpr Raw* kAddress = &Way<kTable, kSlot, Raw>::Call;
};

template <class... Rows>
struct RowList {
  static_assert(sizeof...(Rows) <= kMostFunctions);
  template <Table kTable>
  static const OSSL_DISPATCH* Functions() noexcept {
    return Make<kTable>(std::index_sequence_for<Rows...>());
  }

 private:
  template <Table kTable, std::size_t... kSlots>
  static const OSSL_DISPATCH* Make(std::index_sequence<kSlots...>) noexcept {
    // The linker fills it in: libcrypto may ask from several threads at once.
    static const OSSL_DISPATCH rows[] = {
        {Rows::kId, reinterpret_cast<AnyFunction>(Rows::template kAddress<kTable, kSlots>)}..., {0, nullptr}};
    return rows;
  }
};

// Join is the rows of several lists in one: a row's slot is its place in the whole.
template <class... Lists>
struct Join;
template <class... Rows>
struct Join<RowList<Rows...>> {
  using List = RowList<Rows...>;
};
template <class... First, class... Second, class... More>
struct Join<RowList<First...>, RowList<Second...>, More...> : Join<RowList<First..., Second...>, More...> {};
template <class... Lists>
using Joined = typename Join<Lists...>::List;

}  // namespace signet::provider::module
