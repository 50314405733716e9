#include "pkcs11/token/availability.h"

#include "pkcs11/module/rv.h"

#include <sys/stat.h>
#include <unistd.h>

namespace signet::inline pkcs11 {

Reach Reach::Now() noexcept {
  struct stat root {};
  if (stat("/", &root) != 0) return {};
  return {.device = root.st_dev, .root = root.st_ino, .user = geteuid()};
}

void Availability::Failed(const Error& error) {
  if (StalenessOf(error) == Staleness::kUnknown) {
    in_a_row_ = true;
    troubled_ = true;
  }
  const ErrorCode code = error.code();
  if (code != ErrorCode::kTokenAbsent && code != ErrorCode::kPinLocked && code != ErrorCode::kPinFinalTry)
    return;
  const Lock lock(mutex_);
  trouble_ = error;
  until_ = Clock::now() + kTroubleTime;
  troubled_ = true;
}

void Availability::ForgetAbsence() noexcept {
  const Lock lock(mutex_);
  if (trouble_ && trouble_->code() == ErrorCode::kTokenAbsent) trouble_.reset();
  in_a_row_ = false;
  troubled_ = false;
}

void Availability::PinWorks() {
  const Lock lock(mutex_);
  trouble_.reset();
}

std::optional<Error> Availability::Trouble() const {
  const Lock lock(mutex_);
  return trouble_ && Clock::now() < until_ ? trouble_ : std::nullopt;
}

}  // namespace signet::inline pkcs11
