#include "uvpki/x509/ocsp.h"

#include <doctest/doctest.h>

#include "tests/support/command.h"
#include "tests/support/reason.h"
#include "tests/unit/x509/handmade.h"
#include "uvpki/encoding.h"
#include "uvpki/files.h"

using namespace uvpki;
using namespace uvpki::x509;
using namespace uvpki::testing;
using uvpki::test::reason_of;

namespace {

/// The registrar CA's responder, two voters of whom the second is revoked, and a request about both.
struct Desk {
    TestPki pki;
    PrivateKey responder_key = PrivateKey::generate(KeyType::ec_p256);
    Certificate responder_certificate = issue_responder(pki.registrar_issuer, responder_key);
    OcspResponder responder{pki.registrar_ca, responder_certificate, responder_key, pki.arc};
    Certificate good = pki.issue_leaf(Role::voter, PrivateKey::generate(KeyType::ec_p256));
    Certificate bad = pki.issue_leaf(Role::voter, PrivateKey::generate(KeyType::ec_p256));
    Time revoked_at = pki.clock.now() + Days{3};
    Bytes nonce = pki.random.bytes(ocsp_nonce_size);

    Desk() { pki.clock.advance(Days{5}); }

    Certificate issue_responder(const Issuer& issuer, const PrivateKey& key) {
        return issuer.issue(Role::ocsp, TestPki::request(key), {.subject = TestPki::name("OCSP")}, pki.store, pki.clock,
                            pki.random);
    }
    FindStatus find() const {
        return [this](ByteView serial) -> std::optional<KnownStatus> {
            if (equal(serial, good.serial())) return KnownStatus{};
            if (equal(serial, bad.serial()))
                return KnownStatus{RevokedEntry{.serial = to_bytes(serial),
                                                .revoked_at = revoked_at,
                                                .reason = RevocationReason::key_compromise,
                                                .invalid_since = revoked_at - Days{1}}};
            return std::nullopt;
        };
    }
    OcspCertId id(const Certificate& certificate, OcspHash hash = OcspHash::sha256) const {
        return make_ocsp_cert_id(pki.registrar_ca, certificate.serial(), hash);
    }
    Bytes ask(const std::vector<OcspCertId>& ids) const { return make_ocsp_request({ids, nonce}); }
    Bytes answer(const std::vector<OcspCertId>& ids) const { return responder.respond(ask(ids), find(), pki.clock); }
    OcspRules rules() const { return {.time = pki.clock.now(), .nonce = nonce}; }
    /// The reason why the response does not hold, or "".
    std::string refusal(const OcspResponse& response, const Certificate& about, const OcspRules& with) const {
        return reason_of([&] { verify_ocsp_response(response, about, pki.trust_without_crls(), with); });
    }
};

/// Signs the parts of a response anew with another key and certificate.
Bytes sign_again(const OcspResponse& response, const PrivateKey& key, const std::vector<Certificate>& certificates) {
    Bytes list;
    for (const auto& certificate : certificates)
        list.insert(list.end(), certificate.der().begin(), certificate.der().end());
    const auto basic =
        der::sequence({response.tbs, encode_algorithm(key.algorithm()), der::bit_string(key.sign(response.tbs)),
                       der::encode(der::context_constructed(0), der::sequence({list}))});
    return der::sequence({Bytes{0x0A, 0x01, 0x00},
                          der::encode(der::context_constructed(0),
                                      der::sequence({der::oid("1.3.6.1.5.5.7.48.1.1"), der::octet_string(basic)}))});
}

}  // namespace

TEST_CASE("a responder says good, revoked with reason and date, and unknown, and the answers verify") {
    Desk desk;
    const auto stranger = desk.pki.issue_leaf(Role::voter, PrivateKey::generate(KeyType::ec_p256));
    for (const auto hash : {OcspHash::sha1, OcspHash::sha256, OcspHash::sha384}) {
        const auto response = parse_ocsp_response(
            desk.answer({desk.id(desk.good, hash), desk.id(desk.bad, hash), desk.id(stranger, hash)}));
        CHECK(response.nonce == desk.nonce);
        CHECK(response.responder_key.size() == 20);
        const auto trust = desk.pki.trust();
        const auto good = verify_ocsp_response(response, desk.good, trust, desk.rules());
        CHECK(good.status() == OcspStatus::good);
        CHECK(good.responder() == desk.responder_certificate);
        CHECK(good.answer().this_update == desk.pki.clock.now());
        CHECK(good.answer().next_update == desk.pki.clock.now() + Seconds{3600});
        const auto bad = verify_ocsp_response(response, desk.bad, trust, desk.rules());
        CHECK(bad.status() == OcspStatus::revoked);
        CHECK(bad.answer().revoked_at == desk.revoked_at);
        CHECK(bad.answer().reason == RevocationReason::key_compromise);
        CHECK(bad.answer().invalid_since == desk.revoked_at - Days{1});
        CHECK(verify_ocsp_response(response, stranger, trust, desk.rules()).status() == OcspStatus::unknown);
    }
}

TEST_CASE("a responder may name itself by its name") {
    Desk desk;
    const OcspResponder by_name(desk.pki.registrar_ca, desk.responder_certificate, desk.responder_key, desk.pki.arc,
                                {.identity = OcspResponderOptions::Identity::name});
    const auto response =
        parse_ocsp_response(by_name.respond(desk.ask({desk.id(desk.good)}), desk.find(), desk.pki.clock));
    CHECK(equal(response.responder_name, desk.responder_certificate.subject()));
    CHECK(desk.refusal(response, desk.good, desk.rules()).empty());
}

TEST_CASE("errors are answered as RFC 6960 names them") {
    Desk desk;
    const auto status_of = [&](ByteView request, const FindStatus& find) {
        const auto response = desk.responder.respond(request, find, desk.pki.clock);
        CHECK(reason_of([&] { parse_ocsp_response(response); }) == "ocsp.status");
        return response;
    };
    CHECK(status_of(as_bytes("no request"), desk.find()) == make_ocsp_error(OcspError::malformed_request));
    CHECK(status_of(Bytes(max_ocsp_request_size + 1, 0x30), desk.find()) ==
          make_ocsp_error(OcspError::malformed_request));
    const auto elsewhere = make_ocsp_cert_id(desk.pki.issuing, desk.pki.registrar_ca.serial());
    CHECK(status_of(desk.ask({elsewhere}), desk.find()) == make_ocsp_error(OcspError::unauthorized));
    const FindStatus busy = [](ByteView) -> std::optional<KnownStatus> {
        fail(ErrorCode::unavailable, "store.busy", "the store is busy");
    };
    CHECK(status_of(desk.ask({desk.id(desk.good)}), busy) == make_ocsp_error(OcspError::try_later));
    const FindStatus broken = [](ByteView) -> std::optional<KnownStatus> {
        fail(ErrorCode::internal, "store.broken", "the store is broken");
    };
    CHECK(reason_of([&] { desk.responder.respond(desk.ask({desk.id(desk.good)}), broken, desk.pki.clock); }) ==
          "store.broken");
    // Among questions of ours one about another CA is unknown.
    const auto mixed = parse_ocsp_response(desk.answer({elsewhere, desk.id(desk.good)}));
    REQUIRE(mixed.answers.size() == 2);
    CHECK(mixed.answers[0].status == OcspStatus::unknown);
    CHECK(mixed.answers[1].status == OcspStatus::good);
    desk.pki.clock.advance(Days{26});
    CHECK(reason_of([&] { desk.answer({desk.id(desk.good)}); }) == "ocsp.responder.expired");
    for (const auto error : {OcspError::malformed_request, OcspError::internal_error, OcspError::try_later,
                             OcspError::sig_required, OcspError::unauthorized}) {
        try {
            parse_ocsp_response(make_ocsp_error(error));
            CHECK(false);
        } catch (const Error& refused) {
            CHECK(refused.message().find(ocsp_error_name(error)) != std::string::npos);
        }
    }
}

TEST_CASE("an answer is never good for longer than its responder's certificate") {
    Desk desk;
    desk.pki.clock.set(desk.responder_certificate.not_after() - Seconds{60});
    const auto response = parse_ocsp_response(desk.answer({desk.id(desk.good)}));
    CHECK(response.answers[0].next_update == desk.responder_certificate.not_after());
}

TEST_CASE("requests keep their limits: number of certificates, size, nonce, DER to the last byte") {
    Desk desk;
    const auto id = desk.id(desk.good);
    const std::vector<OcspCertId> most(max_ocsp_ids, id);
    CHECK(parse_ocsp_request(make_ocsp_request({most, desk.nonce})).ids.size() == max_ocsp_ids);
    auto more = most;
    more.push_back(id);
    CHECK(reason_of([&] { make_ocsp_request({more, {}}); }) == "ocsp.malformed");
    CHECK(reason_of([&] { make_ocsp_request({{}, {}}); }) == "ocsp.malformed");
    const auto request_of = [](const Bytes& list, const Bytes& rest) {
        return der::sequence({der::sequence({der::sequence({list}), rest})});
    };
    Bytes list;
    for (std::size_t i = 0; i <= max_ocsp_ids; ++i) {
        const auto single = der::sequence({id.encoding});
        list.insert(list.end(), single.begin(), single.end());
    }
    CHECK(reason_of([&] { parse_ocsp_request(request_of(list, {})); }) == "ocsp.malformed");
    CHECK(reason_of([&] { parse_ocsp_request(request_of({}, {})); }) == "ocsp.malformed");
    const auto one = der::sequence({id.encoding});
    CHECK(parse_ocsp_request(request_of(one, {})).nonce.empty());

    const auto with_nonce = [&](std::size_t size, Extension::Criticality criticality, const std::string& oid) {
        const Extension extension{oid, criticality, der::octet_string(Bytes(size, 7))};
        return request_of(one, der::encode(der::context_constructed(2), encode_extensions({extension})));
    };
    using Criticality = Extension::Criticality;
    const std::string nonce = "1.3.6.1.5.5.7.48.1.2";
    for (const std::size_t size : {1u, 16u, 32u, 128u})
        CHECK(parse_ocsp_request(with_nonce(size, Criticality::non_critical, nonce)).nonce.size() == size);
    for (const std::size_t size : {0u, 129u})
        CHECK(reason_of([&] { parse_ocsp_request(with_nonce(size, Criticality::non_critical, nonce)); }) ==
              "ocsp.nonce");
    CHECK(parse_ocsp_request(with_nonce(4, Criticality::non_critical, "1.2.3")).nonce.empty());
    CHECK(reason_of([&] { parse_ocsp_request(with_nonce(4, Criticality::critical, "1.2.3")); }) == "ocsp.extension");

    const auto request = desk.ask({id});
    for (std::size_t size = 0; size < request.size(); ++size)
        CHECK_FALSE(reason_of([&] { parse_ocsp_request(ByteView(request).first(size)); }).empty());
    CHECK(reason_of([&] { parse_ocsp_request(concat({request, Bytes{0}})); }) == "ocsp.malformed");
    // An encoded default version, an unknown hash algorithm and a hash of the wrong length.
    const auto version = der::encode(der::context_constructed(0), der::integer(0));
    CHECK(reason_of([&] {
              parse_ocsp_request(der::sequence({der::sequence({version, der::sequence({one})})}));
          }) == "ocsp.malformed");
    const auto strange = [&](std::string_view oid, std::size_t size) {
        const auto cert_id =
            der::sequence({der::sequence({der::oid(oid)}), der::octet_string(Bytes(size, 1)),
                           der::octet_string(Bytes(size, 1)), der::encode(der::Tag::integer, id.serial)});
        return request_of(der::sequence({cert_id}), {});
    };
    CHECK_FALSE(parse_ocsp_request(strange(oid::sha512, 64)).ids[0].hash.has_value());
    CHECK(reason_of([&] { parse_ocsp_request(strange(oid::sha256, 31)); }) == "ocsp.malformed");
}

TEST_CASE("a response that is cut, prolonged or has one byte changed never verifies") {
    Desk desk;
    const auto response = desk.answer({desk.id(desk.bad)});
    const auto trust = desk.pki.trust_without_crls();
    const auto holds = [&](ByteView der) {
        try {
            const auto verified = verify_ocsp_response(parse_ocsp_response(der), desk.bad, trust, desk.rules());
            return verified.status() == OcspStatus::revoked;
        } catch (const Error& error) {
            const bool refused =
                error.code() == ErrorCode::invalid_input || error.code() == ErrorCode::verification_failed;
            CHECK(refused);
            return false;
        }
    };
    CHECK(holds(response));
    for (std::size_t size = 0; size < response.size(); size += 7) CHECK_FALSE(holds(ByteView(response).first(size)));
    CHECK_FALSE(holds(concat({response, Bytes{0}})));
    for (std::size_t at = 0; at < response.size(); ++at) {
        auto changed = response;
        changed[at] ^= 0x01;
        CAPTURE(at);
        CHECK_FALSE(holds(changed));
    }
}

TEST_CASE("only a responder of the very CA counts") {
    Desk desk;
    const auto response = parse_ocsp_response(desk.answer({desk.id(desk.good)}));
    CHECK(desk.refusal(response, desk.good, desk.rules()).empty());

    // A responder of the issuing CA, honest about the registrar CA's voters in form, has no say over them.
    const auto key = PrivateKey::generate(KeyType::ec_p256);
    const auto of_issuing = desk.issue_responder(desk.pki.issuing_issuer, key);
    CHECK(reason_of([&] { OcspResponder(desk.pki.registrar_ca, of_issuing, key, desk.pki.arc); }) == "ocsp.responder");
    const OcspResponder foreign(desk.pki.issuing, of_issuing, key, desk.pki.arc,
                                {.identity = OcspResponderOptions::Identity::key});
    auto forged = response;
    forged.responder_key.clear();
    forged.responder_name = to_bytes(of_issuing.subject());
    forged.certificates = {of_issuing};
    forged.signature = key.sign(forged.tbs);
    CHECK(desk.refusal(forged, desk.good, desk.rules()) == "ocsp.responder");

    // A voter of the same CA is no responder, nor is the CA itself in our own form.
    const auto voter_key = PrivateKey::generate(KeyType::ec_p256);
    const auto voter = desk.pki.issue_leaf(Role::voter, voter_key);
    forged.responder_name = to_bytes(voter.subject());
    forged.certificates = {voter};
    forged.signature = voter_key.sign(forged.tbs);
    CHECK(desk.refusal(forged, desk.good, desk.rules()) == "x509.path.policy");
    CHECK(reason_of([&] { OcspResponder(desk.pki.registrar_ca, voter, voter_key, desk.pki.arc); }) == "ocsp.responder");

    // Another key, another certificate than the one that was signed with, none at all.
    CHECK(desk.refusal(parse_ocsp_response(sign_again(response, key, {desk.responder_certificate})), desk.good,
                       desk.rules()) == "ocsp.signature");
    CHECK(desk.refusal(parse_ocsp_response(sign_again(response, desk.responder_key, {of_issuing})), desk.good,
                       desk.rules()) == "ocsp.responder");
    CHECK(desk.refusal(parse_ocsp_response(sign_again(response, desk.responder_key, {voter})), desk.good,
                       desk.rules()) == "ocsp.responder");
    CHECK(reason_of([&] { OcspResponder(desk.pki.registrar_ca, desk.responder_certificate, key, desk.pki.arc); }) ==
          "ocsp.responder");
    // Without id-pkix-ocsp-nocheck somebody would have to ask about the responder.
    auto draft = testing::draft(desk.pki, Role::ocsp, key.public_key(), desk.pki.registrar_issuer);
    remove_extension(draft, oid::ocsp_nocheck);
    const auto unchecked = testing::sign(draft, desk.pki.registrar_ca_key);
    forged.responder_name = to_bytes(unchecked.subject());
    forged.certificates = {unchecked};
    forged.signature = key.sign(forged.tbs);
    CHECK(desk.refusal(forged, desk.good, desk.rules()) == "ocsp.responder");
}

TEST_CASE("the nonce, the certificate asked about and the time must fit") {
    Desk desk;
    const auto response = parse_ocsp_response(desk.answer({desk.id(desk.good)}));
    auto rules = desk.rules();
    rules.nonce = desk.pki.random.bytes(ocsp_nonce_size);
    CHECK(desk.refusal(response, desk.good, rules) == "ocsp.nonce");
    rules.nonce.clear();
    CHECK(desk.refusal(response, desk.good, rules).empty());
    const auto silent = parse_ocsp_response(
        desk.responder.respond(make_ocsp_request({{desk.id(desk.good)}, {}}), desk.find(), desk.pki.clock));
    CHECK(silent.nonce.empty());
    CHECK(desk.refusal(silent, desk.good, desk.rules()) == "ocsp.nonce");

    CHECK(desk.refusal(response, desk.bad, desk.rules()) == "ocsp.certificate");
    const auto twice = parse_ocsp_response(desk.answer({desk.id(desk.good), desk.id(desk.good, OcspHash::sha1)}));
    CHECK(desk.refusal(twice, desk.good, desk.rules()) == "ocsp.certificate");

    const auto at = [&](Seconds after) {
        auto later = desk.rules();
        later.time += after;
        return desk.refusal(response, desk.good, later);
    };
    CHECK(at(Seconds{3600}).empty());
    CHECK(at(Seconds{3600 + 300}).empty());
    CHECK(at(Seconds{3600 + 301}) == "ocsp.time");
    CHECK(at(Seconds{-300}).empty());
    CHECK(at(Seconds{-301}) == "ocsp.time");
    CHECK(at(Days{26}) == "x509.path.expired");
}

TEST_CASE("openssl reads and verifies our responses") {
    Desk desk;
    test::TempFolder folder;
    save_file(folder / "issuer.pem", desk.pki.registrar_ca.pem());
    save_file(folder / "chain.pem", desk.pki.root.pem() + desk.pki.issuing.pem() + desk.pki.registrar_ca.pem());
    save_file(folder / "good.pem", desk.good.pem());
    save_file(folder / "bad.pem", desk.bad.pem());
    const auto run = [&](const std::string& command) { return test::run_command(folder.path(), command); };
    const std::string attime = std::to_string(unix_seconds(desk.pki.clock.now()));
    for (const std::string hash : {"-sha1", "-sha256"}) {
        CAPTURE(hash);
        REQUIRE(
            run("openssl ocsp " + hash + " -issuer issuer.pem -cert good.pem -cert bad.pem -reqout q.der").exit_code ==
            0);
        const auto request = parse_ocsp_request(load_file(folder / "q.der"));
        CHECK(request.ids.size() == 2);
        CHECK(request.nonce.size() >= 16);
        save_file(folder / "r.der", desk.responder.respond(load_file(folder / "q.der"), desk.find(), desk.pki.clock));
        const auto answer = run("openssl ocsp " + hash +
                                " -no_nonce -reqin q.der -respin r.der -issuer issuer.pem -cert good.pem -cert bad.pem "
                                "-CAfile chain.pem -no-CApath -no-CAstore -attime " +
                                attime + " -validity_period 3000000000");
        CAPTURE(answer.output);
        CHECK(answer.exit_code == 0);
        CHECK(answer.output.find("Response verify OK") != std::string::npos);
        CHECK(answer.output.find("good.pem: good") != std::string::npos);
        CHECK(answer.output.find("bad.pem: revoked") != std::string::npos);
        CHECK(answer.output.find("Reason: keyCompromise") != std::string::npos);
        CHECK(answer.output.find("WARNING: no nonce") == std::string::npos);
    }
    // Another request's nonce is noticed by openssl too.
    REQUIRE(run("openssl ocsp -sha256 -issuer issuer.pem -cert good.pem -cert bad.pem -reqout other.der").exit_code ==
            0);
    CHECK(run("openssl ocsp -no_nonce -reqin other.der -respin r.der -issuer issuer.pem -CAfile chain.pem -attime " +
              attime)
              .output.find("Nonce Verify error") != std::string::npos);
    const auto text = run("openssl ocsp -respin r.der -noverify -resp_text").output;
    for (const auto* part :
         {"OCSP Nonce", "Archive Cutoff", "Responder Id", "ecdsa-with-SHA256", "OCSP No Check", "Invalidity Date"}) {
        CAPTURE(part);
        CHECK(text.find(part) != std::string::npos);
    }
}

TEST_CASE("we read and verify the responses of openssl's own responder") {
    Desk desk;
    desk.pki.clock.set(SystemClock().now());
    const auto key = PrivateKey::generate(KeyType::ec_p256);
    const auto responder = desk.issue_responder(desk.pki.registrar_issuer, key);
    const auto good = desk.pki.issue_leaf(Role::voter, PrivateKey::generate(KeyType::ec_p256));
    const auto bad = desk.pki.issue_leaf(Role::voter, PrivateKey::generate(KeyType::ec_p256));
    test::TempFolder folder;
    save_file(folder / "ca.pem", desk.pki.registrar_ca.pem());
    save_file(folder / "responder.pem", responder.pem());
    save_file(folder / "responder-key.pem", to_pem("PRIVATE KEY", key.to_pkcs8().view()), FileMode::secret);
    const auto upper = [](std::string hex) {
        for (auto& c : hex) c = static_cast<char>(std::toupper(c));
        return hex;
    };
    save_file(folder / "index.txt", "V\t350101000000Z\t\t" + upper(good.serial_hex()) + "\tunknown\t/CN=good\n" +
                                        "R\t350101000000Z\t260301120000Z,keyCompromise\t" + upper(bad.serial_hex()) +
                                        "\tunknown\t/CN=bad\n");
    for (const auto hash : {OcspHash::sha1, OcspHash::sha256}) {
        const auto id = [&](const Certificate& certificate) {
            return make_ocsp_cert_id(desk.pki.registrar_ca, certificate.serial(), hash);
        };
        save_file(folder / "q.der", make_ocsp_request({{id(good), id(bad), id(desk.good)}, desk.nonce}));
        const auto made = test::run_command(folder.path(),
                                            "openssl ocsp -index index.txt -CA ca.pem -rsigner responder.pem "
                                            "-rkey responder-key.pem -reqin q.der -respout r.der -ndays 1");
        CAPTURE(made.output);
        REQUIRE(made.exit_code == 0);
        const auto response = parse_ocsp_response(load_file(folder / "r.der"));
        const OcspRules rules{.time = SystemClock().now(), .nonce = desk.nonce};
        const auto trust = desk.pki.trust_without_crls();
        CHECK(verify_ocsp_response(response, good, trust, rules).status() == OcspStatus::good);
        const auto verified = verify_ocsp_response(response, bad, trust, rules);
        CHECK(verified.status() == OcspStatus::revoked);
        CHECK(verified.answer().reason == RevocationReason::key_compromise);
        CHECK(verified.answer().revoked_at == parse_rfc3339("2026-03-01T12:00:00Z"));
        CHECK(verify_ocsp_response(response, desk.good, trust, rules).status() == OcspStatus::unknown);
        CHECK(verify_foreign_ocsp_response(response, good.serial(), desk.pki.registrar_ca, rules).status() ==
              OcspStatus::good);
    }
}
