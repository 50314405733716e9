#pragma once

// SIGNET_EXPORT marks what a library of Signet offers to programs; all else stays inside it.
#if defined(__GNUC__)
#define SIGNET_EXPORT __attribute__((visibility("default")))
#else
#define SIGNET_EXPORT
#endif
