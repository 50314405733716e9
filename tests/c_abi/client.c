/* A client in C11, compiled as such with all warnings: what the header promises to C. */
#include "c_abi/client.h"

#include <signet/signet.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool answer(const signet_pin_request *request, signet_pin *pin, void *data) {
  if (signet_pin_request_kind(request) != SIGNET_PIN_USER) return false;
  return signet_pin_set(pin, (const char *)data, strlen((const char *)data));
}

static int fail(signet_error *error, char *message, size_t capacity) {
  snprintf(message, capacity, "%s: %s", signet_error_name(error), signet_error_message(error));
  signet_error_free(error);
  return -1;
}

static int sign_with_all(const signet_identity *identity, signet_error **error) {
  uint16_t schemes[32];
  const size_t count = signet_identity_schemes(identity, schemes, 32, error);
  const size_t capacity = signet_identity_max_signature_size(identity);
  unsigned char *signature = (unsigned char *)malloc(capacity);
  int done = 0;
  for (size_t i = 0; *error == NULL && i < count; ++i) {
    const uint8_t message[] = "what is signed";
    if (signet_identity_sign(identity, schemes[i], message, sizeof message, signature, capacity, error) > 0) ++done;
  }
  free(signature);
  return done;
}

int client_signs(const char *module, const char *uri, const char *pin, char *message, size_t capacity) {
  signet_error *error = NULL;
  signet_settings *settings = signet_settings_new(&error);
  signet_source *source = NULL;
  signet_identity *identity = NULL;
  int done = 0;
  if (settings != NULL && signet_settings_set(settings, "pkcs11-module-path", module, &error)) {
    source = signet_source_new(settings, answer, SIGNET_PROMPT_BY_PERSON, (void *)(size_t)pin, &error);
  }
  if (source != NULL) identity = signet_source_open(source, uri, &error);
  if (identity != NULL && signet_identity_unlock(identity, &error)) done = sign_with_all(identity, &error);
  signet_identity_free(identity);
  signet_source_free(source);
  signet_settings_free(settings);
  return error != NULL ? fail(error, message, capacity) : done;
}
