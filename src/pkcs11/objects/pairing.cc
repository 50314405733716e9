#include "pkcs11/objects/pairing.h"

#include "pkcs11/objects/key_parts.h"
#include "pkcs11/objects/public_part.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <unordered_map>

namespace signet::inline pkcs11 {
namespace {

using Indices = std::vector<std::size_t>;

std::string IdOf(const ObjectFacts& one) { return {one.id.begin(), one.id.end()}; }

// Both joins two texts so that no other two give the same; empty if one of them is.
std::string Both(const std::string& a, const std::string& b) {
  return a.empty() || b.empty() ? std::string() : std::to_string(a.size()) + ':' + a + b;
}

bool IsSilent(const ObjectFacts& key) { return key.material.empty(); }

bool MayBe(const ObjectFacts& a, const ObjectFacts& b) {
  return a.kind.empty() || b.kind.empty() || a.kind == b.kind;
}

// Index finds objects by one of their properties; an empty value does not count.
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

std::string LabelOf(const ObjectFacts& one) { return one.label; }
std::string OwnMaterial(const ObjectFacts& one) { return one.material; }
std::string SilentIdOf(const ObjectFacts& one) { return IsSilent(one) ? IdOf(one) : std::string(); }

// Completion finds the public key object of each private key that reveals nothing itself.
class Completion {
 public:
  explicit Completion(const TokenFacts& facts)
      : facts_(facts),
        public_by_id_(facts.public_keys, IdOf),
        public_by_label_(facts.public_keys, LabelOf),
        private_by_id_(facts.private_keys, IdOf),
        private_by_label_(facts.private_keys, LabelOf) {}

  std::string MaterialFor(const ObjectFacts& key) const {
    const std::string id = IdOf(key);
    const Indices& with_id = public_by_id_[id];
    if (with_id.empty()) return ByLabel(key);
    const Indices& rivals = private_by_id_[id];
    const std::string only = Only(key, with_id, rivals, [](const ObjectFacts&) { return true; });
    if (!only.empty() || key.label.empty()) return only;
    return Only(key, with_id, rivals, [&](const ObjectFacts& one) { return one.label == key.label; });
  }

 private:
  // Only gives the material of those public keys that fit, where it is one and `key` the only silent rival
  // for it. What another private key reveals to be its own is not `key`'s.
  template <class Fits>
  std::string Only(const ObjectFacts& key, const Indices& public_keys, const Indices& rivals,
                   Fits fits) const {
    std::set<std::string_view> others;
    std::size_t silent = 0;
    for (const std::size_t i : rivals) {
      const ObjectFacts& rival = facts_.private_keys[i];
      if (!IsSilent(rival)) others.insert(rival.material);
      if (IsSilent(rival) && MayBe(rival, key) && fits(rival)) ++silent;
    }
    std::set<std::string_view> materials;
    for (const std::size_t i : public_keys) {
      const ObjectFacts& one = facts_.public_keys[i];
      if (!IsSilent(one) && MayBe(one, key) && fits(one) && !others.contains(one.material))
        materials.insert(one.material);
    }
    return materials.size() == 1 && silent == 1 ? std::string(*materials.begin()) : std::string();
  }

  // A public key with the ID of another private key belongs to that one.
  std::string ByLabel(const ObjectFacts& key) const {
    const Indices& with_label = public_by_label_[key.label];
    if (with_label.size() != 1 || private_by_label_[key.label].size() != 1) return {};
    const ObjectFacts& public_key = facts_.public_keys[with_label.front()];
    const bool anothers = !private_by_id_[IdOf(public_key)].empty();
    return anothers || !MayBe(public_key, key) ? std::string() : public_key.material;
  }

  const TokenFacts& facts_;
  const Index public_by_id_, public_by_label_, private_by_id_, private_by_label_;
};

// Pairing holds what is looked up for each certificate.
class Pairing {
 public:
  explicit Pairing(const TokenFacts& facts)
      : facts_(facts),
        by_id_(facts.private_keys, IdOf),
        silent_by_id_(facts.private_keys, SilentIdOf),
        by_label_(facts.private_keys, LabelOf),
        by_material_(facts.private_keys, OwnMaterial),
        by_id_and_material_(facts.private_keys,
                            [](const ObjectFacts& one) { return Both(IdOf(one), one.material); }),
        certificates_by_label_(facts.certificates, LabelOf),
        pairs_(facts.certificates.size()),
        taken_(facts.private_keys.size(), false) {}

  std::vector<CertificateKey> Pairs() {
    for (std::size_t i = 0; i < pairs_.size(); ++i) ByKey(i);
    for (std::size_t i = 0; i < pairs_.size(); ++i) ById(i);
    for (std::size_t i = 0; i < pairs_.size(); ++i) ByLabel(i);
    return std::move(pairs_);
  }

 private:
  void Take(std::size_t certificate, std::size_t key, bool known) {
    pairs_[certificate].private_key = key;
    pairs_[certificate].known = known;
    taken_[key] = true;
  }

  void ByKey(std::size_t i) {
    const ObjectFacts& certificate = facts_.certificates[i];
    for (const Indices* found : {&by_id_and_material_[Both(IdOf(certificate), certificate.material)],
                                 &by_material_[certificate.material]}) {
      if (!found->empty()) return Take(i, found->front(), true);
    }
  }

  // Of several keys that reveal nothing, the label chooses, and then that no other certificate has it.
  void ById(std::size_t i) {
    if (pairs_[i].private_key) return;
    const ObjectFacts& certificate = facts_.certificates[i];
    Indices open;
    Indices with_label;
    for (const std::size_t key : silent_by_id_[IdOf(certificate)]) {
      if (!MayBe(facts_.private_keys[key], certificate)) continue;
      open.push_back(key);
      if (facts_.private_keys[key].label == certificate.label) with_label.push_back(key);
    }
    if (with_label.size() == 1) open = with_label;
    const auto free = std::ranges::find_if(open, [&](std::size_t key) { return !taken_[key]; });
    if (!open.empty()) return Take(i, free != open.end() ? *free : open.front(), false);
    pairs_[i].mismatch = !by_id_[IdOf(certificate)].empty();
  }

  // The label is the weakest sign: it counts where nothing else speaks, on either side.
  void ByLabel(std::size_t i) {
    if (pairs_[i].private_key || pairs_[i].mismatch) return;
    const ObjectFacts& certificate = facts_.certificates[i];
    const Indices& with_label = by_label_[certificate.label];
    if (with_label.size() != 1 || certificates_by_label_[certificate.label].size() != 1) return;
    const ObjectFacts& key = facts_.private_keys[with_label.front()];
    if (!taken_[with_label.front()] && IsSilent(key) && MayBe(key, certificate))
      Take(i, with_label.front(), false);
  }

  const TokenFacts& facts_;
  const Index by_id_, silent_by_id_, by_label_, by_material_, by_id_and_material_, certificates_by_label_;
  std::vector<CertificateKey> pairs_;
  std::vector<bool> taken_;
};

}  // namespace

ObjectFacts FactsOf(const StoredObject& key) {
  return {.id = key.id(), .label = key.label(), .material = MaterialOf(key), .kind = KindOf(key)};
}

ObjectFacts FactsOf(Bytes id, std::string label, std::span<const std::uint8_t> spki) {
  const auto parts = PartsOfSpki(spki);
  return {.id = std::move(id),
          .label = std::move(label),
          .material = MaterialOf(spki),
          .kind = parts ? parts->kind : std::string()};
}

void CompletePrivateKeys(TokenFacts& facts) {
  const Completion completion(facts);
  std::vector<std::string> materials;
  for (const ObjectFacts& key : facts.private_keys)
    materials.push_back(IsSilent(key) ? completion.MaterialFor(key) : key.material);
  for (std::size_t i = 0; i < materials.size(); ++i) facts.private_keys[i].material = std::move(materials[i]);
}

std::vector<CertificateKey> PairCertificates(const TokenFacts& facts) { return Pairing(facts).Pairs(); }

}  // namespace signet::inline pkcs11
