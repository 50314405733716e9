#include <signet/gnutls.h>

#include <stdio.h>

int main(void) {
  gnutls_privkey_t key = NULL;
  if (!signet_gnutls_privkey(NULL, &key, NULL) && key == NULL) puts("works");
  return 0;
}
