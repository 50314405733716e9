// Fetches a page from a server that asks for a client certificate, with libcurl.
//   curl_client HOST PORT CA.pem IDENTITY-URI...
#include <signet/identity_source.h>
#include <signet/openssl_tls.h>

#include <iostream>
#include <memory>
#include <vector>

#include <curl/curl.h>

// The data of curl's callback: the identities, and the result of the selection.
struct Login {
  signet::IdentitySet identities;
  std::optional<signet::Choice> choice;
};

// curl calls this for each SSL_CTX that it makes.
CURLcode Prepare(CURL*, void* context, void* user) try {
  Login& login = *static_cast<Login*>(user);
  signet::openssl::SelectorOptions options;
  options.on_choice = [&login](const signet::Choice& choice) { login.choice = choice; };
  signet::openssl::UseSelector(static_cast<SSL_CTX*>(context), login.identities, options);
  return CURLE_OK;
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return CURLE_SSL_CONNECT_ERROR;
}

int main(int argc, char** argv) try {
  if (argc < 5) throw std::invalid_argument("usage: curl_client HOST PORT CA.pem IDENTITY-URI...");
  const signet::IdentitySource source;
  std::vector<signet::Identity> identities;
  for (int i = 4; i < argc; ++i) identities.push_back(source.Open(argv[i]));
  Login login{signet::IdentitySet(std::move(identities)), {}};

  const std::unique_ptr<CURL, void (*)(CURL*)> curl(curl_easy_init(), curl_easy_cleanup);
  const std::string url = "https://" + std::string(argv[1]) + ":" + argv[2] + "/";
  char reason[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_HEADER, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_CAINFO, argv[3]);
  curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, reason);
  curl_easy_setopt(curl.get(), CURLOPT_SSL_CTX_FUNCTION, &Prepare);
  curl_easy_setopt(curl.get(), CURLOPT_SSL_CTX_DATA, &login);

  const CURLcode result = curl_easy_perform(curl.get());
  if (result == CURLE_OK) return 0;
  std::cerr << (*reason != '\0' ? reason : curl_easy_strerror(result)) << "\n";
  if (!login.choice) return 1;  // the server did not ask
  for (const auto& considered : login.choice->considered()) {
    for (const signet::Reason& why : considered.reasons)
      std::cerr << considered.identity.uri() << ": " << why.text << "\n";
  }
  return 1;
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
