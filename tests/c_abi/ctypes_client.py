"""A client of the C interface in Python: opens an identity of a token and signs. Arguments: library, module, URI."""
import ctypes
import sys

library, module, uri = sys.argv[1:]
signet = ctypes.CDLL(library)
for name in ("signet_error_name", "signet_error_message", "signet_identity_subject"):
    getattr(signet, name).restype = ctypes.c_char_p
    getattr(signet, name).argtypes = [ctypes.c_void_p]
for name in ("signet_settings_new", "signet_source_new", "signet_source_open"):
    getattr(signet, name).restype = ctypes.c_void_p
signet.signet_settings_set.restype = ctypes.c_bool
for name in ("signet_identity_max_signature_size", "signet_identity_schemes", "signet_identity_sign"):
    getattr(signet, name).restype = ctypes.c_size_t


def checked(result, error):
    if error:
        message = signet.signet_error_message(error).decode()
        signet.signet_error_free(error)
        sys.exit(message)
    return result


def pointer(value):
    return ctypes.c_void_p(value)


error = ctypes.c_void_p()
settings = pointer(checked(signet.signet_settings_new(ctypes.byref(error)), error))
checked(signet.signet_settings_set(settings, b"pkcs11-module-path", module.encode(), ctypes.byref(error)), error)
source = pointer(checked(signet.signet_source_new(settings, None, 1, None, ctypes.byref(error)), error))
identity = pointer(checked(signet.signet_source_open(source, uri.encode(), ctypes.byref(error)), error))
print(signet.signet_identity_subject(identity).decode())

schemes = (ctypes.c_uint16 * 16)()
count = checked(signet.signet_identity_schemes(identity, schemes, ctypes.c_size_t(16), ctypes.byref(error)), error)
for scheme in schemes[:count]:
    room = signet.signet_identity_max_signature_size(identity)
    signature = (ctypes.c_uint8 * room)()
    size = signet.signet_identity_sign(identity, ctypes.c_uint16(scheme), b"message", ctypes.c_size_t(7), signature,
                                       ctypes.c_size_t(room), ctypes.byref(error))
    checked(size, error)
    print(f"signed with {scheme:#06x}: {size} bytes")

nothing = signet.signet_source_open(source, b"pkcs11:object=nobody", ctypes.byref(error))
print(signet.signet_error_name(error).decode())
signet.signet_error_free(error)
for free, thing in (("identity", identity), ("source", source), ("settings", settings)):
    getattr(signet, f"signet_{free}_free")(thing)
