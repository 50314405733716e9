#pragma once

#include <signet/export.h>
#include <signet/testing/soft_hsm.h>
#include <signet/testing/temporary_directory.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace signet::testing {

// ModuleFault makes calls fail. Numbers are CKR_ codes of PKCS#11.
struct ModuleFault {
  std::string function;      // "C_Sign"; "*": any
  unsigned long result = 0;  // CKR_...
  std::uint64_t nth = 1;     // the first call that fails, counted from Set
  std::uint64_t times = 1;   // how many fail from there on; 0: all
  bool after = false;        // the call is executed and then reported as failed
};

// ModuleBehaviour contains the differences from the real module. The defaults change nothing.
struct ModuleBehaviour {
  // Label is how CK_TOKEN_INFO's label ends.
  enum class Label { kAsIs, kNulFilled, kGarbageAfterNul };
  // SignatureLength is what the module says that a signature's length is.
  enum class SignatureLength { kAsIs, kZero, kOneShort, kBeyondBuffer };
  // AlwaysAuthenticate is whether private keys ask for their PIN at every signature, and whether they say so.
  enum class AlwaysAuthenticate { kAsIs, kEnforced, kEnforcedAndHidden };

  std::uint64_t delay_us = 0;                           // every call takes this much longer
  std::map<std::string, std::uint64_t> delays_us = {};  // these functions take this long instead
  // These functions wait, 20 seconds at most, until MaxInFlight is this, or Set says otherwise: overlap that
  // does not depend on speed, and calls that hang.
  std::map<std::string, std::uint64_t> gather = {};
  std::vector<ModuleFault> faults = {};  // calls that fail
  // Token
  unsigned long token_flags_set = 0;    // CKF_..., put into CK_TOKEN_INFO
  unsigned long token_flags_clear = 0;  // taken out of it
  int pin_tries =
      0;  // the user's PIN locks after this number of wrong PINs, with the token's flags; 0: never
  std::string reader_pin = {};  // the PIN from the reader's PIN pad; sets CKF_PROTECTED_AUTHENTICATION_PATH
  std::string removed = {};     // label of the removed token; "*": all
  std::uint64_t max_sessions = 0;        // CKR_SESSION_COUNT beyond; 0: as the real one
  bool hide_session_limit = false;       // CK_TOKEN_INFO does not tell max_sessions
  bool unavailable_information = false;  // every count in CK_TOKEN_INFO is CK_UNAVAILABLE_INFORMATION
  Label label = Label::kAsIs;            // CK_TOKEN_INFO's
  std::string serial = {};               // CK_TOKEN_INFO's serial number instead of the real one
  // Module
  bool cant_lock = false;      // C_Initialize does not support locks: CKR_CANT_LOCK
  std::string init_args = {};  // C_Initialize's pReserved must be this text: else CKR_ARGUMENTS_BAD
  bool strict_fork = false;    // a forked child gets CKR_CRYPTOKI_NOT_INITIALIZED until it calls C_Initialize
  // Keys and objects
  AlwaysAuthenticate always_authenticate = AlwaysAuthenticate::kAsIs;
  std::string context_pin = {};                        // what C_Login(CKU_CONTEXT_SPECIFIC) takes
  std::vector<unsigned long> hidden_mechanisms = {};   // CKM_...: not listed, and refused
  std::vector<unsigned long> refused_mechanisms = {};  // CKM_...: listed, and refused
  // CKM_...: every key's CKA_ALLOWED_MECHANISMS; others are listed by the token, but rejected. Empty:
  // unchanged.
  std::vector<unsigned long> allowed_mechanisms = {};
  bool ecdsa_hashes = false;  // the token also has CKM_ECDSA_SHA1, _SHA224, _SHA256, _SHA384 and _SHA512
  // kBeyondBuffer is the length of decryptions and of CKA_VALUE too.
  SignatureLength signature_length = SignatureLength::kAsIs;
  bool corrupt_signature = false;  // one bit of each is wrong
  std::vector<unsigned long> failing_attributes =
      {};                          // CKA_...: CKR_ATTRIBUTE_TYPE_INVALID, the others are given
  bool single_attributes = false;  // C_GetAttributeValue takes one attribute at a time
  bool hide_public_keys = false;   // they are not found
  bool hide_certificates = false;  // they are not found
  bool hide_before_login = false;  // certificates and public keys too
  std::uint64_t find_at_most = 0;  // C_FindObjects gives so many at a time; 0: as many as are asked for
  std::uint64_t handle_shift =
      0;  // object handles are moved by this times 2^20: when it changes, old ones are invalid
};

// TracedCall is one call that reached the module. `session` is 0 for functions without one.
struct TracedCall {
  std::string function;       // "C_Sign"
  std::uint32_t process = 0;  // its process ID
  std::uint64_t session = 0;  // its handle
  unsigned long result = 0;   // CKR_...
};

// WrappedModule is a PKCS#11 module in a separate file that forwards to SoftHSM, counts every call, and
// misbehaves as configured, immediately and in every process that has loaded it. It has its own
// configuration, including SOFTHSM2_CONF, and its own instance of SoftHSM: programs need no environment, and
// several modules can be in one process. Only one thread may use the class; several threads may use the
// module.
class SIGNET_EXPORT WrappedModule {
 public:
  // WrappedModule wraps SoftHSM with the tokens of `hsm`.
  explicit WrappedModule(const SoftHsm& hsm, const ModuleBehaviour& behaviour = {});
  // WrappedModule wraps any module.
  explicit WrappedModule(const std::string& real_module, const ModuleBehaviour& behaviour = {});
  ~WrappedModule();
  WrappedModule(const WrappedModule&) = delete;
  WrappedModule& operator=(const WrappedModule&) = delete;

  // path is the file to load.
  const std::string& path() const noexcept { return path_; }

  // Set changes the behaviour from the next call on. It counts faults from here.
  void Set(const ModuleBehaviour& behaviour);
  const ModuleBehaviour& behaviour() const noexcept { return behaviour_; }
  // RemoveToken removes all tokens; ReturnToken reinserts them: earlier sessions and logins are invalid.
  void RemoveToken();
  void ReturnToken();
  // DropSessions makes all open sessions, and their login, invalid, as after a long idle time. LogOut ends
  // the login of every process, as another program's C_Logout does on some tokens.
  void DropSessions();
  void LogOut();

  // Count returns the number of calls of a function since the last Reset, in all processes; "*": of all
  // functions.
  std::uint64_t Count(std::string_view function) const;
  // Counts returns the numbers for all called functions.
  std::map<std::string, std::uint64_t> Counts() const;
  // Trace gives the calls in the order in which they began; the first 65536 since the last Reset.
  std::vector<TracedCall> Trace() const;
  // MaxInFlight is the maximum number of concurrent calls in the module.
  int MaxInFlight() const;
  // ResetPinTries forgets the wrong PINs that were counted, as a security officer does.
  void ResetPinTries();
  // Reset clears counts, trace and MaxInFlight.
  void Reset();

 private:
  class Shared;
  void WriteBehaviour();

  TemporaryDirectory directory_;
  std::string path_;
  std::string real_module_;
  std::string softhsm_config_;
  ModuleBehaviour behaviour_;
  std::uint64_t drops_ = 0;
  std::uint64_t logouts_ = 0;
  std::unique_ptr<Shared> shared_;
};

}  // namespace signet::testing
