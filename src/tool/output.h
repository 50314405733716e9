#pragma once

#include <signet/identity_source.h>

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace signet::tool {

using Json = nlohmann::ordered_json;

// Iso8601 writes "2026-01-31T12:00:00Z".
std::string Iso8601(TimePoint time);

// WithoutPin cuts the query off a URI that a user typed: it may hold the PIN.
std::string WithoutPin(std::string_view uri);

// LabelOf gives the identity's CKA_LABEL or friendly name; empty for none.
std::string LabelOf(const Identity& identity);

// StatusOf gives the exit status for an error: kWrongUsage for what was typed wrongly, else kFailed.
int StatusOf(const Error& error);

// ListingJson is the document of `list --json` and `show --json`.
Json ListingJson(const Listing& listing, TimePoint now);
// ErrorJson gives what went wrong: "what", "detail", "hint", and the call and code where they are known.
Json ErrorJson(const Error& error);

// PrintJson writes one document to stdout, its control characters escaped; bytes that are no UTF-8 are
// replaced.
enum class Layout { kIndented, kLine };
void PrintJson(const Json& document, Layout layout = Layout::kIndented);
// PrintError says on stderr what, why and the hint.
void PrintError(const Error& error);

}  // namespace signet::tool
