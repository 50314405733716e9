#ifndef SIGNET_TESTS_C_ABI_CLIENT_H
#define SIGNET_TESTS_C_ABI_CLIENT_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* client_signs opens `uri` with the settings of the user and one module, unlocks it, and signs once with each
 * of its schemes. It returns how many signatures there were, and -1 with what went wrong in `message`. */
int client_signs(const char* module, const char* uri, const char* pin, char* message, size_t capacity);

#ifdef __cplusplus
}
#endif

#endif
