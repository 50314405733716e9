// Damaged files: cut, lengthened, and with bytes changed. The damage is the same in each run; --gtest_shuffle
// with
// --gtest_repeat=N brings other damage.
#include "pkcs12/corpus.h"
#include "pkcs12/file_fixture.h"
#include "pkcs12/scheme.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include <gtest/gtest.h>

namespace signet {
namespace {

using File = std::vector<std::uint8_t>;

class Mutation : public FileFixture {
 protected:
  void SetUp() override {
    settings_.pkcs12_max_iterations = 3000;
    settings_.pkcs12_max_total_iterations = 20'000;
  }

  std::size_t Below(std::size_t end) {
    return std::uniform_int_distribution<std::size_t>(0, end - 1)(random_);
  }

  File Damaged(File file) {
    for (std::size_t changes = 1 + Below(4); changes > 0 && !file.empty(); --changes) {
      const std::size_t at = Below(file.size());
      const auto where = file.begin() + static_cast<std::ptrdiff_t>(at);
      switch (Below(6)) {
        case 0:
          file.resize(at);
          break;
        case 1:
          file.erase(where);
          break;
        case 2:
          file.insert(where, static_cast<std::uint8_t>(Below(256)));
          break;
        case 3:
          *where = static_cast<std::uint8_t>(*where ^ 1U << Below(8));
          break;
        case 4:  // A length, a tag, or nearly.
          *where = File{0, 1, 0x7f, 0x80, 0x81, 0x84, 0xff, 0x30, 0x04, 0x24, 0xa0}[Below(11)];
          break;
        default:
          *where = static_cast<std::uint8_t>(Below(256));
      }
    }
    return file;
  }

  // EndsWell demands an error that is not ours to answer for, or an identity that can be asked.
  void EndsWell(const File& file, std::string_view rest) {
    Write(file);
    const Listing listing = List(rest);
    EXPECT_FALSE(listing.identities.empty() && listing.problems.empty());
    for (const signet::Problem& problem : listing.problems)
      EXPECT_NE(problem.error.code(), ErrorCode::kInternal) << problem.error.what();
    for (const Identity& identity : listing.identities) EXPECT_FALSE(identity.uri().empty());
    LoadPkcs12(Uri(rest), kWantAll, settings_, nullptr);
  }

  std::mt19937 random_{static_cast<unsigned>(::testing::UnitTest::GetInstance()->random_seed())};
};

TEST_F(Mutation, OpenFilesEndInAnErrorOrAnIdentity) {
  const testing::Pkcs12Options open{.key_cipher = "", .certificate_cipher = "", .mac_digest = ""};
  for (const char* kind : {"rsa:2048", "ec:P-256", "ed25519"}) {
    const File file = testing::MakePkcs12({pki_.Issue({.key = kind}), pki_.Issue({.key = kind})}, open);
    for (int i = 0; i < 100; ++i) EndsWell(Damaged(file), i % 2 == 0 ? "" : ";friendly-name=alice");
  }
}

TEST_F(Mutation, EncryptedFilesEndInAnErrorOrAnIdentity) {
  const auto alice = pki_.Issue({});
  const Scheme gcm{.name = "AES-256-GCM",
                   .cipher_oid = "2.16.840.1.101.3.4.1.46",
                   .cipher = "AES-256-GCM",
                   .key_size = 32,
                   .cipher_parameters = der::Sequence({der::Octets(Iv(12)), der::Integer(16)}),
                   .iv_size = 12,
                   .tag_size = 16};
  const File files[] = {FileUnder(gcm, alice, "secret"),
                        testing::MakePkcs12(alice, {.mac_digest = "", .iterations = 1}),
                        testing::MakePkcs12(alice, {.key_cipher = "PBE-SHA1-3DES",
                                                    .certificate_cipher = "PBE-SHA1-RC2-40",
                                                    .mac_digest = "",
                                                    .iterations = 1})};
  for (const File& file : files) {
    for (int i = 0; i < 100; ++i) EndsWell(Damaged(file), "?pin-value=secret");
  }
}

TEST_F(Mutation, FilesOfOthersEndInAnErrorOrAnIdentity) {
  std::vector<CorpusRow> rows = CorpusRows();
  if (rows.empty()) GTEST_SKIP() << "the PKCS#12 files of others are not here";
  for (int i = 0; i < 300; ++i) {
    const CorpusRow& row = rows[Below(rows.size())];
    SCOPED_TRACE(row.file);
    std::ifstream in(row.directory / "files" / row.file, std::ios::binary);
    const File file{std::istreambuf_iterator<char>(in), {}};
    const std::string uri = row.Uri();
    EndsWell(Damaged(file), uri.find('?') != std::string::npos ? uri.substr(uri.find('?')) : "");
  }
}

}  // namespace
}  // namespace signet
