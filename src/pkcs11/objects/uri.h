#pragma once

#include "pkcs11/module/cryptoki.h"
#include <signet/pin_source.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace signet::inline pkcs11 {

struct P11KitUriDeleter {
  void operator()(P11KitUri* uri) const noexcept { p11_kit_uri_free(uri); }
};
using P11KitUriPtr = std::unique_ptr<P11KitUri, P11KitUriDeleter>;

// Pkcs11Uri is a pkcs11: URI (RFC 7512), parsed strictly: an unknown or repeated attribute, or a value that
// cannot match, is an error. Extensions of libp11 and pkcs11-provider are accepted: query attributes in the
// path, `object-type`, a relative pin-source without `file:`, and vendor attributes (x-...), which are
// ignored. The PIN is never in a std::string.
class Pkcs11Uri {
 public:
  // Parse throws Error kBadUri that names the attribute and, for an unknown one, the nearest known.
  static Pkcs11Uri Parse(std::string_view text);

  // shown is the URI for messages: without pin-value and pin-source.
  const std::string& shown() const noexcept { return shown_; }
  // names_token tells whether the URI says which token it is about, by label or serial number.
  bool names_token() const noexcept { return names_token_; }
  bool names_serial() const noexcept { return names_serial_; }
  bool names_slot() const noexcept { return names_slot_; }        // slot-description, slot-manufacturer
  bool names_library() const noexcept { return names_library_; }  // library-*

  const std::optional<std::vector<std::uint8_t>>& id() const noexcept { return id_; }
  const std::optional<std::string>& object() const noexcept { return object_; }
  // object_class is CKO_PRIVATE_KEY and so on, from `type`.
  std::optional<CK_OBJECT_CLASS> object_class() const noexcept { return class_; }

  const std::string& module_path() const noexcept { return module_path_; }
  const std::string& module_name() const noexcept { return module_name_; }
  // pin is pin-value or pin-source; empty if the URI brings none.
  const PinSource& pin() const noexcept { return pin_; }

  bool Matches(const CK_TOKEN_INFO& token, CK_SLOT_ID slot) const;
  bool Matches(const CK_SLOT_INFO& slot) const;
  bool Matches(const CK_INFO& library) const;

 private:
  void ReadPath(std::string_view path);
  void ReadQuery(std::string_view query);
  void ReadQueryAttribute(std::string_view name, std::string_view raw);
  void ReadPathAttribute(std::string_view name, std::string_view raw);

  std::shared_ptr<P11KitUri> uri_;  // made of the path alone, and not changed any more
  std::string shown_;
  std::optional<std::vector<std::uint8_t>> id_;
  std::optional<std::string> object_;
  std::optional<CK_OBJECT_CLASS> class_;
  std::optional<CK_SLOT_ID> slot_id_;
  std::string module_path_;
  std::string module_name_;
  PinSource pin_;
  bool names_token_ = false;
  bool names_serial_ = false;
  bool names_slot_ = false;
  bool names_library_ = false;
};

// ObjectUri writes a URI for exactly one object: by token, by slot where `slot` is set, by CKA_ID where there
// is one, and by label where `with_label` or there is no ID.
std::string ObjectUri(const CK_TOKEN_INFO& token, const std::vector<std::uint8_t>& id,
                      const std::string& label, bool with_label, std::optional<CK_SLOT_ID> slot = {});

}  // namespace signet::inline pkcs11
