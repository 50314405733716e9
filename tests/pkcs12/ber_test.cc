#include "pkcs12/ber.h"

#include "pkcs12/der.h"
#include <signet/error.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet {
namespace {

using der::Value;

template <class Read>
void ExpectMalformed(const Value& bytes, Read read) {
  try {
    BerReader reader(bytes);
    read(reader);
    ADD_FAILURE() << "it was read";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kMalformed);
  }
}

TEST(Ber, BothFormsOfLengthAreRead) {
  const Value inner = der::Integer(7);
  for (const Value& outer : {der::Sequence({inner}), der::Indefinite(0x30, {inner})}) {
    BerReader reader(outer);
    EXPECT_EQ(reader.Enter(BerTag::kSequence, "x").Unsigned("y"), 7u);
    EXPECT_TRUE(reader.done());
  }
}

TEST(Ber, IndefiniteLengthsNest) {
  const Value bytes = der::Indefinite(0x30, {der::Indefinite(0x30, {der::Integer(1)}), der::Integer(2)});
  BerReader outer = BerReader(bytes).Enter(BerTag::kSequence, "x");
  EXPECT_EQ(outer.Enter(BerTag::kSequence, "y").Unsigned("z"), 1u);
  EXPECT_EQ(outer.Unsigned("z"), 2u);
  EXPECT_TRUE(outer.done());
}

TEST(Ber, SegmentsOfAStringAreJoined) {
  const Value a = der::Octets(Value{1, 2});
  const Value b = der::Octets(Value{3});
  const Value bytes = der::Indefinite(0x24, {a, der::Tlv(0x24, {b, a})});
  BerReader reader(bytes);
  EXPECT_THAT(reader.Octets("x").bytes, ::testing::ElementsAre(1, 2, 3, 1, 2));
}

TEST(Ber, DepthIsBounded) {
  Value bytes = der::Octets(Value{1});
  for (int i = 0; i < 100; ++i) bytes = der::Indefinite(0x24, {bytes});
  ExpectMalformed(bytes, [](BerReader& reader) { reader.Octets("x"); });
  bytes = der::Octets(Value{1});
  for (int i = 0; i < 100; ++i) bytes = der::Tlv(0x24, {bytes});
  ExpectMalformed(bytes, [](BerReader& reader) { reader.Octets("x"); });
}

TEST(Ber, NumbersAreNeverMistaken) {
  EXPECT_EQ(BerReader(der::Integer(0x8000000000000000)).Unsigned("x"), 0x8000000000000000u);
  EXPECT_EQ(BerReader(Value{2, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0}).Unsigned("x"), UINT64_MAX);
  ExpectMalformed({2, 1, 0x80}, [](BerReader& reader) { reader.Unsigned("x"); });
  ExpectMalformed({2, 0}, [](BerReader& reader) { reader.Unsigned("x"); });
}

TEST(Ber, OidsAreWrittenWithDots) {
  for (const char* oid : {"1.2.840.113549.1.7.1", "2.16.840.1.101.3.4.2.1", "0.9.2342", "2.999.3"}) {
    EXPECT_EQ(BerReader(der::Oid(oid)).Oid("x"), oid);
  }
  ExpectMalformed({6, 0}, [](BerReader& reader) { reader.Oid("x"); });
  ExpectMalformed({6, 2, 0x2a, 0x86}, [](BerReader& reader) { reader.Oid("x"); });
  ExpectMalformed({6, 12, 0x2a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
                  [](BerReader& reader) { reader.Oid("x"); });
}

TEST(Ber, EveryTruncationIsDetected) {
  const Value whole = der::Sequence({der::Octets(Value(200, 1)), der::Indefinite(0x30, {der::Integer(1)})});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    ExpectMalformed({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)},
                    [](BerReader& reader) { reader.Enter(BerTag::kSequence, "x"); });
  }
  const Value open = der::Indefinite(0x30, {der::Integer(1)});
  for (std::size_t size = 0; size < open.size(); ++size) {
    ExpectMalformed({open.begin(), open.begin() + static_cast<std::ptrdiff_t>(size)},
                    [](BerReader& reader) { reader.Enter(BerTag::kSequence, "x"); });
  }
}

TEST(Ber, LengthsThatNoFileHasAreRefused) {
  ExpectMalformed({0x30, 0x89, 1, 0, 0, 0, 0, 0, 0, 0, 0}, [](BerReader& reader) { reader.Next("x"); });
  ExpectMalformed({0x30, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0},
                  [](BerReader& reader) { reader.Next("x"); });
  ExpectMalformed({0x04, 0x80, 0, 0}, [](BerReader& reader) { reader.Next("x"); });
  ExpectMalformed({0x1f, 0x81, 0, 0}, [](BerReader& reader) { reader.Next("x"); });
}

}  // namespace
}  // namespace signet
