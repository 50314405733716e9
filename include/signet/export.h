#pragma once

// SIGNET_EXPORT marks the public symbols of Signet's libraries; all other symbols are hidden.
#if defined(__GNUC__)
#define SIGNET_EXPORT __attribute__((visibility("default")))
#else
#define SIGNET_EXPORT
#endif
