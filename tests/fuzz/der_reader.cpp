#include "uvpki/openssl/der.h"
#include "tests/fuzz/expect.h"
#include "tests/fuzz/reference.h"
#include "tests/fuzz/targets.h"
#include "uvpki/x509/name.h"

namespace uvpki::fuzz {

namespace {

/// Reads one value with every method that fits its tag and writes it again.
Bytes written_again(const der::Element& element, int depth) {
    if (depth > 64) fail_input("der.depth", "too deep");
    const auto tag = static_cast<unsigned>(element.tag);
    if (tag & 0x20) {
        Bytes content;
        for (der::Reader reader(element.content); !reader.empty();) {
            const auto part = written_again(reader.any(), depth + 1);
            content.insert(content.end(), part.begin(), part.end());
        }
        return der::encode(element.tag, content);
    }
    der::Reader reader(element.encoding);
    switch (element.tag) {
        case der::Tag::integer:
            return der::encode(element.tag, reader.integer("integer"));
        case der::Tag::boolean:
            return reader.boolean("boolean") ? der::boolean_true() : to_bytes(element.encoding);
        case der::Tag::null:
            reader.null("null");
            return der::null();
        case der::Tag::oid:
            return der::oid(der::oid_to_text(reader.oid("oid")));
        case der::Tag::utc_time:
            return der::time(reader.time("time"));
        case der::Tag::generalized_time:
            return der::generalized_time(reader.time("time"));
        default:
            return der::encode(element.tag, element.content);
    }
}

}  // namespace

bool der_reader(ByteView input) {
    refusal([&] { return x509::name_text(input); });
    const auto again = accepted([&] {
        der::Reader reader(input);
        const auto element = reader.any();
        reader.finish("input");
        return written_again(element, 0);
    });
    if (!again) return false;
    require_same(*again, input, "T17: accepted DER is written as it was read");
    return true;
}

}  // namespace uvpki::fuzz
