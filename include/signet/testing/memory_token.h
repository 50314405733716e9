#pragma once

#include <signet/export.h>
#include <signet/testing/temporary_directory.h>
#include <signet/testing/test_pki.h>
#include <signet/testing/wrapped_module.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace signet::testing {

// MemoryTokenOptions describe a token when it is made.
struct MemoryTokenOptions {
  std::string label = "memory";         // CK_TOKEN_INFO's, as are the next three
  std::string serial = "1";             // the URI names it
  std::string model = "memory";         // at most 16 bytes
  std::string manufacturer = "Signet";  // at most 32 bytes
  std::string pin = "1234";          // empty together with min_pin_length 0: a token whose user PIN is empty
  std::string so_pin = "12345678";   // the security officer's
  int tries = 3;                     // wrong PINs until the PIN is locked
  unsigned long min_pin_length = 4;  // bytes; C_SetPIN and C_InitPIN refuse what is shorter
  bool initialised = true;           // else it has neither PINs nor objects
  bool login_required = true;        // CKF_LOGIN_REQUIRED
  unsigned long flags_set = 0;       // CKF_..., added to CK_TOKEN_INFO's flags
};

// MemoryChanges are attributes (CKA_ types) of an object with changed values; an attribute without a value is
// absent.
using MemoryChanges = std::map<unsigned long, std::optional<std::string>>;

// MemoryObjectOptions determine how an identity is stored.
struct MemoryObjectOptions {
  std::string id = "\x01";                 // CKA_ID of all its objects
  std::string label = "key";               // CKA_LABEL of all its objects
  bool key = true;                         // store the private key
  bool certificate = true;                 // store the certificate
  bool public_key = true;                  // store the public key
  bool private_key_hidden = true;          // CKA_PRIVATE of the private key
  bool always_authenticate = false;        // CKA_ALWAYS_AUTHENTICATE of the private key
  MemoryChanges key_changes = {};          // of the private key
  MemoryChanges public_key_changes = {};   // of the public key
  MemoryChanges certificate_changes = {};  // of the certificate
};

// MemoryStored is one object that a token has now.
struct MemoryStored {
  unsigned long object_class = 0;  // CKO_...
  std::string id;                  // CKA_ID
  std::string label;               // CKA_LABEL
};

// MemoryBehaviour controls the module's responses. The defaults are those of a correct module.
struct MemoryBehaviour {
  // Gone is what a session says after its token was removed.
  enum class Gone { kSessionHandleInvalid, kDeviceRemoved, kTokenNotPresent };

  std::uint64_t find_at_most = 0;        // C_FindObjects gives so many at a time; 0: as many as are asked for
  std::optional<std::uint64_t> shuffle;  // objects are found in an order made from this number
  bool find_repeats = false;             // C_FindObjects restarts after the last object: no search ends
  bool nul_padding = false;              // texts of CK_TOKEN_INFO end with NULs instead of blanks
  unsigned long missing_attribute = 0;   // CKR_ code for an attribute that an object lacks; 0: TYPE_INVALID
  bool missing_is_empty = false;         // such an attribute is there, and empty, instead
  bool version_3 = false;            // C_GetInterface gives the functions of PKCS#11 3.0; set it before use
  bool long_sizes = false;           // queries for a length return more than necessary
  bool public_key_info = true;       // keys have CKA_PUBLIC_KEY_INFO
  unsigned long max_sessions = 0;    // 0: no limit
  bool refuse_read_only = false;     // CKR_SESSION_READ_WRITE_SO_EXISTS for read-only sessions
  bool refuse_read_write = false;    // CKR_TOKEN_WRITE_PROTECTED for read-write sessions
  Gone gone = Gone::kDeviceRemoved;  // what calls return after the token was removed
  std::vector<unsigned long> hidden_mechanisms = {};  // CKM_...: not listed, and refused
  std::vector<ModuleFault> faults = {};               // counted from Set
};

// Disturbances are drawn from `seed` before and after calls until `budget` of them have happened.
struct Disturbances {
  std::uint64_t seed = 0;         // equal seeds give equal disturbances for equal calls
  std::uint32_t per_mille = 100;  // of the calls
  std::uint32_t budget = 0;       // 0: unlimited
  bool codes = true;              // a code that the standard permits for the function
  bool any_code = false;          // any code of the standard instead
  bool logout = true;             // C_Logout by others
  bool removal = true;            // a token is removed and reinserted: sessions and handles become invalid
  bool swap = false;              // two tokens change places
  bool finalise = true;           // C_Finalize by others
  bool sessions = true;           // C_CloseAllSessions by others
  bool flags = false;             // CK_TOKEN_INFO shows other flags of the user's PIN and of the login
  bool pins = false;              // `codes` of C_Login may include wrong reports of a wrong PIN
};

// MemoryCall is one call to the module. `token` is the serial number of the call's token, or of the session's
// token; empty if there is none.
struct MemoryCall {
  std::string_view function;     // "C_Sign"
  unsigned long result = 0;      // CKR_...
  unsigned long slot = 0;        // that the call names, or its session's
  unsigned long session = 0;     // its handle; 0: none
  std::string token = {};        // serial number
  std::uint64_t action = 0;      // of the calling thread: MemoryModule::BeginAction
  unsigned long user_type = 0;   // C_Login, C_InitToken, C_SetPIN: whose PIN was sent
  std::string pin = {};          // the same: the PIN that the token has, as it was sent
  bool pin_right = false;        // the same: it is this token's PIN, or the token has none yet
  unsigned long flags = 0;       // the same: CK_TOKEN_INFO's flags in the thread's previous call
  std::string key = {};          // C_SignInit, C_Sign, C_Decrypt, C_DeriveKey: CKA_ID
  bool injected = false;         // `result` was scripted or random
  std::string disturbance = {};  // the event immediately before the call
};

// MemoryEvents counts events at tokens that the program did not cause.
struct MemoryEvents {
  std::uint64_t logouts = 0;        // a login ended
  std::uint64_t removals = 0;       // a token left its slot: its sessions and handles became invalid
  std::uint64_t renumberings = 0;   // its objects have other handles
  std::uint64_t finalisations = 0;  // C_Finalize: all sessions became invalid
};

// MemoryCauses contains the possible causes of an action's failure.
struct MemoryCauses {
  std::vector<unsigned long> injected;  // scripted or random codes for calls of the action
  MemoryEvents events;                  // during the action
  bool token_out = false;               // a token was in no slot when it began
};

// MemoryModule is an in-memory PKCS#11 2.40 or 3.0 module in a separate file with any number of slots and
// tokens: RSA, EC and Ed25519 keys with real signatures, PINs with tries, sessions, private objects. The
// test controls it in the same process; a forked child has a separate copy and must call C_Initialize again.
// Tokens and slots are numbered in the order of their creation. Thread-safe.
class SIGNET_EXPORT MemoryModule {
 public:
  MemoryModule();
  ~MemoryModule();
  MemoryModule(const MemoryModule&) = delete;
  MemoryModule& operator=(const MemoryModule&) = delete;

  // path is the file to load.
  const std::string& path() const noexcept { return path_; }

  // Clear removes all slots, tokens, faults and records. The module must not be in use.
  void Clear();
  // AddSlot makes an empty slot, and returns its number.
  std::size_t AddSlot();
  // AddToken makes a token in a new slot.
  std::size_t AddToken(const MemoryTokenOptions& options = {});
  // MakeToken makes a token that is in no slot.
  std::size_t MakeToken(const MemoryTokenOptions& options = {});
  // AddIdentity stores a key and its certificate on a token.
  void AddIdentity(std::size_t token, const TestIdentity& identity, const MemoryObjectOptions& options = {});
  // Token gives the token's options as they are now: C_InitToken, C_InitPIN and C_SetPIN change them.
  MemoryTokenOptions Token(std::size_t token) const;
  // Stored returns all token objects, regardless of the login.
  std::vector<MemoryStored> Stored(std::size_t token) const;
  // TokenUri and ObjectUri name a token and an object of it; with the PIN if `with_pin`.
  std::string TokenUri(std::size_t token, bool with_pin = false) const;
  std::string ObjectUri(std::size_t token, std::string_view id, bool with_pin = false) const;

  // Insert moves the token to the slot; a token that was in this slot is then in no slot. Sessions of a moved
  // token end, and its objects get new handles.
  void Insert(std::size_t token, std::size_t slot);
  // Remove takes a token out of its slot.
  void Remove(std::size_t token);
  // Swap exchanges the tokens of two slots.
  void Swap(std::size_t slot, std::size_t other);
  // LogOut ends the login to a token, as another program's C_Logout does.
  void LogOut(std::size_t token);
  // DropSessions ends all sessions of all tokens, FinaliseByOthers calls C_Finalize.
  void DropSessions();
  void FinaliseByOthers();
  // LoseService simulates a restart of the module's daemon: every call returns `code` until C_Finalize and
  // C_Initialize. With CKR_OK the module reports no token, and calls with a session return
  // DEVICE_REMOVED.
  void LoseService(unsigned long code);
  // SetFlags adds to the flags of CK_TOKEN_INFO. SetTries says how many are left; 0 locks the PIN.
  void SetFlags(std::size_t token, unsigned long flags);
  void SetTries(std::size_t token, int tries);
  // SetPin changes the PIN like a C_SetPIN of another program.
  void SetPin(std::size_t token, const std::string& pin);

  // Set changes the behaviour from the next call on, Disturb what happens at random.
  void Set(const MemoryBehaviour& behaviour);
  void Disturb(const Disturbances& disturbances);
  // Calm ends faults and disturbances.
  void Calm();
  // disturbed tells how many disturbances or faults have happened since they were set.
  std::uint64_t disturbed() const;
  // unsettled tells whether the effect of a disturbance persists: a token is removed, or has other flags.
  bool unsettled() const;
  // PermittedCodes gives what PKCS#11 2.40 lists for a function; AllCodes every code that 2.40 and 3.0
  // define.
  static std::vector<unsigned long> PermittedCodes(std::string_view function);
  static std::vector<unsigned long> AllCodes();

  // BeginAction numbers the calls that this thread makes from now on.
  void BeginAction(std::uint64_t action);
  // Causes returns the events since then, even if calls are not recorded.
  MemoryCauses Causes() const;
  // Record says whether calls are recorded (they are); counts are kept in any case.
  void Record(bool on);
  // Calls gives the recorded calls in the order in which they began.
  std::vector<MemoryCall> Calls() const;
  // Count says how often a function was called since ResetCalls; "*": all functions.
  std::uint64_t Count(std::string_view function) const;  // "*": all
  void ResetCalls();

 private:
  class Library;
  TemporaryDirectory directory_;
  std::string path_;
  std::unique_ptr<Library> library_;
};

}  // namespace signet::testing
