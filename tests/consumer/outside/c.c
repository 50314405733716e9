#include <signet/signet.h>

#include <stdio.h>

int main(void) {
  signet_error *error = NULL;
  signet_source *source = signet_source_new(NULL, NULL, SIGNET_PROMPT_BY_PERSON, NULL, &error);
  signet_identity *identity = signet_source_open(source, "pkcs12:/nowhere.p12", &error);
  if (identity == NULL && error != NULL) puts("works");
  signet_error_free(error);
  signet_source_free(source);
  return 0;
}
