#pragma once

#include <signet/identity_source.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace signet::tool {

// TypedUri gives the URI that a user means: a plain path of a PKCS#12 file becomes pkcs12:PATH, attributes
// of PKCS#11 without their scheme (`token=demo;id=01`) get it, and our schemes become lower case. Other
// text remains unchanged, and the source rejects it.
std::string TypedUri(const std::string& typed);

// IsFileOfPkcs12 tells a file that is there and is named like a PKCS#12 file.
bool IsFileOfPkcs12(const std::string& word);

// NamesIdentity recognises arguments that can only name an identity: a URI of Signet's, or the name of a
// file.
bool NamesIdentity(const std::string& word);

// WithHexId gives the URI with an `id` that was typed as hexadecimal digits (id=01) read as those bytes
// (id=%01); nothing if there is none.
std::optional<std::string> WithHexId(std::string_view uri);

// ListTyped is IdentitySource::List; where nothing has the ID as RFC 7512 reads it, hexadecimal digits are
// used as the bytes that they represent.
Listing ListTyped(const IdentitySource& source, const std::string& uri);
// OpenTyped is the same for IdentitySource::Open.
Identity OpenTyped(const IdentitySource& source, const std::string& uri);

// Sorted are the words of a command line that takes one server and any number of identities, in any order.
struct Sorted {
  std::vector<std::string> servers;
  std::vector<std::string> identities;
};
Sorted SortWords(const std::vector<std::string>& words);

}  // namespace signet::tool
