#include "pkcs11/objects/pairing.h"

#include <unordered_map>

namespace signet {
namespace {

using Indices = std::vector<std::size_t>;

std::string Text(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

// Index finds objects by one of their facts; an empty one is none.
class Index {
 public:
  template <class KeyOf>
  Index(const std::vector<ObjectFacts>& objects, KeyOf key_of) {
    for (std::size_t i = 0; i < objects.size(); ++i) {
      std::string key = key_of(objects[i]);
      if (!key.empty()) found_[std::move(key)].push_back(i);
    }
  }
  const Indices& operator[](const std::string& key) const {
    static const Indices none;
    const auto found = key.empty() ? found_.end() : found_.find(key);
    return found != found_.end() ? found->second : none;
  }

 private:
  std::unordered_map<std::string, Indices> found_;
};

struct Indexed {
  explicit Indexed(const std::vector<ObjectFacts>& objects)
      : by_id(objects, [](const ObjectFacts& one) { return Text(one.id); }),
        by_label(objects, [](const ObjectFacts& one) { return one.label; }),
        by_material(objects, [](const ObjectFacts& one) { return one.material; }) {}
  Index by_id;
  Index by_label;
  Index by_material;
};

// Beside gives the public key object of a private key that reveals nothing itself. One with the CKA_ID of
// another private key belongs to that one.
std::optional<std::size_t> Beside(const ObjectFacts& key, const TokenFacts& facts, const Indexed& public_keys,
                                  const Indexed& private_keys) {
  const Indices& with_id = public_keys.by_id[Text(key.id)];
  if (with_id.size() == 1) return with_id.front();
  const Indices& with_label = public_keys.by_label[key.label];
  const bool unique = with_label.size() == 1 && private_keys.by_label[key.label].size() == 1;
  if (!with_id.empty() || !unique) return std::nullopt;
  const bool anothers = !private_keys.by_id[Text(facts.public_keys[with_label.front()].id)].empty();
  return anothers ? std::nullopt : std::optional(with_label.front());
}

}  // namespace

void CompletePrivateKeys(TokenFacts& facts) {
  const Indexed public_keys(facts.public_keys);
  const Indexed private_keys(facts.private_keys);
  for (ObjectFacts& key : facts.private_keys) {
    if (!key.material.empty()) continue;
    if (const auto beside = Beside(key, facts, public_keys, private_keys))
      key.material = facts.public_keys[*beside].material;
  }
}

std::vector<Pair> PairCertificates(const TokenFacts& facts) {
  const Indexed keys(facts.private_keys);
  const Indexed certificates(facts.certificates);
  std::vector<Pair> pairs(facts.certificates.size());
  std::vector<bool> taken(facts.private_keys.size(), false);
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const ObjectFacts& certificate = facts.certificates[i];
    Pair& pair = pairs[i];
    const auto take = [&](std::size_t key, bool known) {
      pair.private_key = key;
      pair.known = known;
    };
    const Indices& with_id = keys.by_id[Text(certificate.id)];
    for (const std::size_t key : with_id) {
      if (!pair.private_key && facts.private_keys[key].material == certificate.material) take(key, true);
    }
    for (const std::size_t key : keys.by_material[certificate.material]) {
      if (!pair.private_key) take(key, true);
    }
    for (const std::size_t key : with_id) {
      if (!pair.private_key && facts.private_keys[key].material.empty()) take(key, false);
    }
    pair.mismatch = !pair.private_key && !with_id.empty();
    if (pair.private_key) taken[*pair.private_key] = true;
  }
  // The label is the weakest sign: it counts where nothing else speaks, on either side.
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const ObjectFacts& certificate = facts.certificates[i];
    if (pairs[i].private_key || pairs[i].mismatch) continue;
    const Indices& with_label = keys.by_label[certificate.label];
    if (with_label.size() != 1 || certificates.by_label[certificate.label].size() != 1) continue;
    const std::size_t key = with_label.front();
    if (!taken[key] && facts.private_keys[key].material.empty()) pairs[i].private_key = key;
  }
  return pairs;
}

}  // namespace signet
