#include "uvpki/x509/path.h"
#include "tests/support/reason.h"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "tests/support/command.h"
#include "tests/unit/x509/handmade.h"
#include "uvpki/files.h"
#include "uvpki/x509/oids.h"

using namespace uvpki;
using namespace uvpki::x509;
using namespace uvpki::testing;
using Revocation = PathRules::Revocation;

namespace {

constexpr Time during_voting{Seconds{1'769'990'400}};  // 2026-02-02T00:00:00Z

struct Outcome {
    std::string reason;  ///< empty: verified
    std::string message;
};

Outcome verify(const TrustStore& trust, const Certificate& leaf, const PathRules& rules) {
    try {
        const auto path = trust.verify_path(leaf, rules);
        CHECK(path.leaf() == leaf);
        CHECK(path.anchor() == trust.root());
        CHECK(path.role() == rules.role);
        return {};
    } catch (const Error& error) {
        CHECK(error.code() == ErrorCode::verification_failed);
        return {error.reason(), error.message()};
    }
}

bool names_certificate(const Outcome& outcome, int index) {
    return outcome.message.starts_with("certificate " + std::to_string(index) + " (");
}

/// The openssl command's answer to the same question, without CRLs.
bool openssl_accepts(const TestPki& pki, const std::vector<Certificate>& intermediates, const Certificate& leaf,
                     Role role, Time time) {
    test::TempFolder folder;
    std::string bundle;
    for (const auto& certificate : intermediates) bundle += certificate.pem();
    save_file(folder / "root.pem", pki.root.pem());
    save_file(folder / "untrusted.pem", bundle);
    save_file(folder / "leaf.pem", leaf.pem());
    return test::run_command(
               folder.path(),
               "openssl verify -no-CApath -no-CAstore -CAfile root.pem -untrusted untrusted.pem -attime " +
                   std::to_string(unix_seconds(time)) + " -policy " + pki.arc.policy(static_cast<int>(role)) +
                   " -explicit_policy leaf.pem")
               .exit_code == 0;
}

struct Fixture {
    TestPki pki;
    PrivateKey key = PrivateKey::generate(KeyType::ec_p256);
    PrivateKey ca_key = PrivateKey::generate(KeyType::ec_p256);

    /// A leaf below a hand-made registrar CA, with both checked by us and by openssl.
    Outcome verify_below(const Certificate& ca, const std::function<void(ToBeSigned&)>& change_leaf = {},
                         Time time = during_voting) {
        const auto leaf = voter_below(ca, change_leaf);
        auto trust = pki.trust_without_crls();
        trust.add_intermediate(ca);
        const auto outcome =
            verify(trust, leaf, {.role = Role::voter, .time = time, .revocation = Revocation::ignored});
        CHECK(openssl_accepts(pki, {pki.issuing, pki.registrar_ca, ca}, leaf, Role::voter, time) ==
              outcome.reason.empty());
        return outcome;
    }

    Certificate registrar_ca(const std::function<void(ToBeSigned&)>& change) {
        auto tbs = draft(pki, Role::registrar_ca, ca_key.public_key(), pki.issuing_issuer);
        tbs.subject = TestPki::name("Handmade Registrar CA").encode();
        if (change) change(tbs);
        return sign(tbs, pki.issuing_key);
    }

    Certificate voter_below(const Certificate& ca, const std::function<void(ToBeSigned&)>& change) {
        auto tbs = draft(pki, Role::voter, key.public_key(), pki.registrar_issuer);
        tbs.issuer = to_bytes(ca.subject());
        extension_of(tbs, oid::authority_key_identifier).value =
            der::sequence({der::encode(der::context(0), ca.public_key().key_identifier())});
        if (change) change(tbs);
        return sign(tbs, ca_key);
    }
};

const Extension unknown_critical{"1.2.3.4", Extension::Criticality::critical, der::null()};

}  // namespace

TEST_CASE("every leaf verifies in its own role and in no other, as openssl says too") {
    TestPki pki;
    const auto trust = pki.trust();
    test::TempFolder folder;
    save_file(folder / "root.pem", pki.root.pem());
    save_file(folder / "untrusted.pem", pki.issuing.pem() + pki.registrar_ca.pem() + pki.ballot_ca.pem());
    std::string script, expected;
    for (const auto& profile : profiles()) {
        if (profile.kind == Profile::Kind::ca) continue;
        const auto leaf = pki.issue_leaf(profile.role, PrivateKey::generate(KeyType::ec_p256));
        const std::string name(profile.name);
        save_file(folder / (name + ".pem"), leaf.pem());
        const auto time = std::max(leaf.not_before(), pki.clock.now());
        for (const auto& other : profiles()) {
            CAPTURE(profile.name);
            CAPTURE(other.name);
            const auto outcome = verify(trust, leaf, {.role = other.role, .time = time});
            CHECK(outcome.reason == (other.role == profile.role ? "" : "x509.path.policy"));
            if (other.kind == Profile::Kind::ca) continue;
            script += "openssl verify -no-CApath -no-CAstore -CAfile root.pem -untrusted untrusted.pem -attime " +
                      std::to_string(unix_seconds(time)) + " -policy " + pki.arc.policy(static_cast<int>(other.role)) +
                      " -explicit_policy " + name + ".pem >/dev/null 2>&1; echo " + name + " as " +
                      std::string(other.name) + " $?\n";
            expected += name + " as " + std::string(other.name) + (other.role == profile.role ? " 0\n" : " 2\n");
        }
    }
    CHECK(test::run_command(folder.path(), script).output == expected);
}

TEST_CASE("CAs verify in their own role") {
    TestPki pki;
    const auto trust = pki.trust();
    const std::pair<Certificate, Role> cas[] = {{pki.root, Role::root},
                                                {pki.issuing, Role::issuing_ca},
                                                {pki.registrar_ca, Role::registrar_ca},
                                                {pki.ballot_ca, Role::ballot_ca}};
    for (const auto& [certificate, role] : cas)
        for (const auto& [other, other_role] : cas)
            CHECK(verify(trust, certificate, {.role = other_role, .time = pki.clock.now()}).reason ==
                  (role == other_role ? "" : "x509.path.policy"));
    CHECK(verify(trust, pki.issuing, {.role = Role::officer, .time = pki.clock.now()}).reason == "x509.path.policy");
}

TEST_CASE("a leaf verifies inside its validity, to the second") {
    TestPki pki;
    const auto ballot = pki.issue_leaf(Role::ballot, PrivateKey::generate(KeyType::ec_p256));
    const auto trust = pki.trust();
    const auto at = [&](Time time) { return verify(trust, ballot, {.role = Role::ballot, .time = time}); };
    CHECK(at(TestPki::voting_opens()).reason.empty());
    CHECK(at(TestPki::voting_closes()).reason.empty());
    const auto early = at(TestPki::voting_opens() - Seconds{1}), late = at(TestPki::voting_closes() + Seconds{1});
    CHECK(early.reason == "x509.path.not_yet_valid");
    CHECK(late.reason == "x509.path.expired");
    CHECK(names_certificate(early, 0));
    CHECK(names_certificate(late, 0));
    for (const auto time : {TestPki::voting_opens(), TestPki::voting_closes() + Seconds{1}})
        CHECK(openssl_accepts(pki, {pki.issuing, pki.ballot_ca}, ballot, Role::ballot, time) ==
              at(time).reason.empty());
}

TEST_CASE("a path with an expired intermediate is reported with its index") {
    Fixture f;
    const auto good = f.registrar_ca({});
    CHECK(f.verify_below(good).reason.empty());
    const auto short_lived = f.registrar_ca([](auto& tbs) { tbs.not_after = TestPki::start() + Days{1}; });
    const auto outcome = f.verify_below(short_lived);
    CHECK(outcome.reason == "x509.path.expired");
    CHECK(names_certificate(outcome, 1));
    CHECK(outcome.message.find("Handmade Registrar CA") != std::string::npos);
    CHECK(f.verify_below(short_lived, {}, TestPki::start() + Days{1} - Seconds{1}).reason.empty());
    const auto future = f.registrar_ca([](auto& tbs) { tbs.not_before = during_voting + Days{1}; });
    CHECK(f.verify_below(future).reason == "x509.path.not_yet_valid");
}

TEST_CASE("a certificate that is no CA issues nothing") {
    Fixture f;
    auto tbs = draft(f.pki, Role::voter, f.ca_key.public_key(), f.pki.registrar_issuer);
    const auto not_ca = sign(tbs, f.pki.registrar_ca_key);
    const auto outcome = f.verify_below(not_ca);
    CHECK(outcome.reason == "x509.path.ca");
    CHECK(names_certificate(outcome, 1));
    const auto without = f.registrar_ca([](auto& ca) { remove_extension(ca, oid::basic_constraints); });
    CHECK(f.verify_below(without).reason == "x509.path.ca");
}

TEST_CASE("a CA without keyCertSign issues nothing") {
    Fixture f;
    const auto ca = f.registrar_ca([](auto& tbs) {
        extension_of(tbs, oid::key_usage).value = encode_key_usage(static_cast<std::uint16_t>(KeyUsage::crl_sign));
    });
    CHECK(f.verify_below(ca).reason == "x509.path.key_usage");
}

TEST_CASE("a CA below a CA of path length 0 is refused") {
    Fixture f;
    auto tbs = draft(f.pki, Role::registrar_ca, f.ca_key.public_key(), f.pki.registrar_issuer);
    tbs.subject = TestPki::name("Sub-sub CA").encode();
    const auto outcome = f.verify_below(sign(tbs, f.pki.registrar_ca_key));
    CHECK(outcome.reason == "x509.path.length");
    CHECK(names_certificate(outcome, 3));
}

TEST_CASE("a registrar CA's leaf posing as an officer is refused, whatever it carries") {
    Fixture f;
    const auto officer_policy = [&](auto& tbs) {
        extension_of(tbs, oid::certificate_policies).value = encode_policies({f.pki.arc.policy(11)});
    };
    auto tbs = draft(f.pki, Role::officer, f.key.public_key(), f.pki.registrar_issuer);
    const auto posing = sign(tbs, f.pki.registrar_ca_key);
    const PathRules as_officer{.role = Role::officer, .time = during_voting, .revocation = Revocation::ignored};
    const auto outcome = verify(f.pki.trust(), posing, as_officer);
    CHECK(outcome.reason == "x509.path.policy");
    CHECK(names_certificate(outcome, 1));
    CHECK_FALSE(openssl_accepts(f.pki, {f.pki.issuing, f.pki.registrar_ca}, posing, Role::officer, during_voting));

    // A CA that carries the policy against its profile: openssl is content, the issuer's role is not the officers'.
    const auto generous = f.registrar_ca([&](auto& ca) {
        extension_of(ca, oid::certificate_policies).value =
            encode_policies({f.pki.arc.policy(5), f.pki.arc.policy(8), f.pki.arc.policy(11)});
    });
    const auto leaf = f.voter_below(generous, officer_policy);
    auto trust = f.pki.trust_without_crls();
    trust.add_intermediate(generous);
    CHECK(openssl_accepts(f.pki, {f.pki.issuing, generous}, leaf, Role::officer, during_voting));
    CHECK(verify(trust, leaf, as_officer).reason == "x509.path.policy");
}

TEST_CASE("a voter's leaf signed by the issuing CA, or with anyPolicy, is no voter's") {
    Fixture f;
    const PathRules as_voter{.role = Role::voter, .time = during_voting, .revocation = Revocation::ignored};
    const auto direct = sign(draft(f.pki, Role::voter, f.key.public_key(), f.pki.issuing_issuer), f.pki.issuing_key);
    CHECK(openssl_accepts(f.pki, {f.pki.issuing}, direct, Role::voter, during_voting));
    CHECK(verify(f.pki.trust(), direct, as_voter).reason == "x509.path.policy");
    auto tbs = draft(f.pki, Role::voter, f.key.public_key(), f.pki.registrar_issuer);
    extension_of(tbs, oid::certificate_policies).value = encode_policies({std::string(oid::any_policy)});
    CHECK(verify(f.pki.trust(), sign(tbs, f.pki.registrar_ca_key), as_voter).reason == "x509.path.policy");
}

TEST_CASE("an unknown critical extension is refused in leaf and CA, a non-critical one passed over") {
    Fixture f;
    const auto good = f.registrar_ca({});
    const auto add_critical = [](auto& tbs) { tbs.extensions.push_back(unknown_critical); };
    const auto add_plain = [](auto& tbs) {
        tbs.extensions.push_back({"1.2.3.4", Extension::Criticality::non_critical, der::null()});
    };
    CHECK(f.verify_below(good, add_plain).reason.empty());
    CHECK(f.verify_below(f.registrar_ca(add_plain)).reason.empty());
    const auto leaf = f.verify_below(good, add_critical);
    CHECK(leaf.reason == "x509.path.extension");
    CHECK(names_certificate(leaf, 0));
    const auto ca = f.verify_below(f.registrar_ca(add_critical));
    CHECK(ca.reason == "x509.path.extension");
    CHECK(names_certificate(ca, 1));
}

TEST_CASE("name constraints of a CA bind its leaves, critical or not") {
    Fixture f;
    const auto constrained = [&](unsigned side, const Bytes& name, Extension::Criticality criticality) {
        const auto directory = der::encode(der::context_constructed(4), name);
        const auto subtrees = der::encode(der::context_constructed(side), der::sequence({directory}));
        return f.registrar_ca([&](auto& tbs) {
            tbs.extensions.push_back({std::string(oid::name_constraints), criticality, der::sequence({subtrees})});
        });
    };
    const auto organization = der::sequence({der::encode(
        der::Tag::set, der::sequence({der::oid(oid::organization), der::utf8_string("TEST  election authority")}))});
    constexpr unsigned permitted = 0, excluded = 1;
    for (const auto criticality : {Extension::Criticality::critical, Extension::Criticality::non_critical}) {
        const auto out = f.verify_below(constrained(excluded, organization, criticality));
        CHECK(out.reason == "x509.path.name");
        CHECK(names_certificate(out, 0));
        CHECK(f.verify_below(constrained(permitted, organization, criticality)).reason == "");
        CHECK(f.verify_below(constrained(permitted, TestPki::name("x").encode(), criticality)).reason ==
              "x509.path.name");
        CHECK(f.verify_below(constrained(excluded, TestPki::name("x").encode(), criticality)).reason == "");
    }
}

TEST_CASE("constraints in a leaf, and policy mappings anywhere, are refused") {
    Fixture f;
    const auto policy = der::oid("1.2.3.4"), mapping = der::sequence({der::sequence({policy, der::oid("1.2.3.5")})});
    const auto add = [](std::string_view oid, const Bytes& value) {
        return [=](auto& tbs) {
            tbs.extensions.push_back({std::string(oid), Extension::Criticality::critical, value});
        };
    };
    const auto inhibit = add(oid::inhibit_any_policy, der::integer(0));
    CHECK(f.verify_below(f.registrar_ca(inhibit)).reason == "");
    // openssl passes both over: nothing in these paths is mapped.
    const auto verdict = [&](const Certificate& ca, const std::function<void(ToBeSigned&)>& change_leaf) {
        auto trust = f.pki.trust_without_crls();
        trust.add_intermediate(ca);
        return verify(trust, f.voter_below(ca, change_leaf),
                      {.role = Role::voter, .time = during_voting, .revocation = Revocation::ignored})
            .reason;
    };
    CHECK(verdict(f.registrar_ca({}), {}) == "");
    CHECK(verdict(f.registrar_ca({}), inhibit) == "x509.path.extension");
    CHECK(verdict(f.registrar_ca(add(oid::policy_mappings, mapping)), {}) == "x509.path.extension");
}

TEST_CASE("names that do not chain and unknown roots lead nowhere") {
    Fixture f;
    CHECK(f.verify_below(f.registrar_ca({}), [](auto& tbs) { tbs.issuer = TestPki::name("Nobody").encode(); }).reason ==
          "x509.path.issuer");
    TestPki other;
    const auto foreign = other.issue_leaf(Role::voter, f.key);
    CHECK(verify(f.pki.trust(), foreign, {.role = Role::voter, .time = during_voting}).reason == "x509.path.issuer");
    CHECK(verify(other.trust(), foreign, {.role = Role::voter, .time = during_voting}).reason.empty());
}

TEST_CASE("a wrong signature is reported with its index") {
    Fixture f;
    auto tbs = draft(f.pki, Role::voter, f.key.public_key(), f.pki.registrar_issuer);
    const auto outcome = verify(f.pki.trust(), sign(tbs, f.ca_key), {.role = Role::voter, .time = during_voting});
    CHECK(outcome.reason == "x509.path.signature");
    CHECK(names_certificate(outcome, 0));
    auto ca = draft(f.pki, Role::registrar_ca, f.ca_key.public_key(), f.pki.issuing_issuer);
    ca.subject = TestPki::name("Forged CA").encode();
    const auto below_forged = f.verify_below(sign(ca, f.key));
    CHECK(below_forged.reason == "x509.path.signature");
    CHECK(names_certificate(below_forged, 1));
}

TEST_CASE("no certificate with a byte changed verifies") {
    TestPki pki;
    const auto trust = pki.trust();
    const auto leaf = pki.issue_leaf(Role::voter, PrivateKey::generate(KeyType::ec_p256));
    const PathRules rules{.role = Role::voter, .time = during_voting};
    CHECK(trust.verify_path(leaf, rules).chain().size() == 4);
    for (std::size_t at = 0; at < leaf.der().size(); ++at) {
        auto changed = to_bytes(leaf.der());
        changed[at] ^= 0x01;
        CAPTURE(at);
        CHECK_THROWS_AS(trust.verify_path(Certificate::parse(changed), rules), Error);
    }
}

TEST_CASE("a revocation counts from its date on, for a compromise from the invalidity date on") {
    TestPki pki;
    const auto leaf = pki.issue_leaf(Role::voter, PrivateKey::generate(KeyType::ec_p256));
    const auto day = [](int n) { return TestPki::start() + Days{n}; };
    pki.clock.set(day(40));
    const auto verify_at = [&](const std::vector<RevokedEntry>& entries, Time time) {
        auto trust = pki.trust();
        trust.add_crl(pki.crl(pki.registrar_issuer, entries, 2));
        return verify(trust, leaf, {.role = Role::voter, .time = time}).reason;
    };
    RevokedEntry entry{.serial = to_bytes(leaf.serial()),
                       .revoked_at = day(20),
                       .reason = RevocationReason::superseded,
                       .invalid_since = day(10)};
    CHECK(verify_at({}, day(30)).empty());
    CHECK(verify_at({entry}, day(20) - Seconds{1}).empty());
    CHECK(verify_at({entry}, day(20)) == "x509.path.revoked");
    entry.reason = RevocationReason::key_compromise;
    CHECK(verify_at({entry}, day(10) - Seconds{1}).empty());
    CHECK(verify_at({entry}, day(10)) == "x509.path.revoked");
}

TEST_CASE("a revoked CA takes its leaves with it, and its index is named") {
    TestPki pki;
    const auto leaf = pki.issue_leaf(Role::voter, PrivateKey::generate(KeyType::ec_p256));
    auto trust = pki.trust();
    trust.add_crl(pki.crl(pki.issuing_issuer,
                          {{.serial = to_bytes(pki.registrar_ca.serial()), .revoked_at = pki.clock.now()}}, 2));
    const auto outcome = verify(trust, leaf, {.role = Role::voter, .time = pki.clock.now()});
    CHECK(outcome.reason == "x509.path.revoked");
    CHECK(names_certificate(outcome, 1));
}

TEST_CASE("CRLs are required, looked at or ignored as the rules say") {
    TestPki pki;
    const auto leaf = pki.issue_leaf(Role::voter, PrivateKey::generate(KeyType::ec_p256));
    const auto verify_with = [&](const TrustStore& trust, Revocation revocation) {
        return verify(trust, leaf, {.role = Role::voter, .time = pki.clock.now(), .revocation = revocation}).reason;
    };
    auto trust = pki.trust_without_crls();
    CHECK(verify_with(trust, Revocation::required) == "x509.path.crl_missing");
    CHECK(verify_with(trust, Revocation::if_listed).empty());
    trust.add_crl(
        pki.crl(pki.registrar_issuer, {{.serial = to_bytes(leaf.serial()), .revoked_at = pki.clock.now()}}, 3));
    CHECK(verify_with(trust, Revocation::required) == "x509.path.crl_missing");
    CHECK(verify_with(trust, Revocation::if_listed) == "x509.path.revoked");
    CHECK(verify_with(trust, Revocation::ignored).empty());
    // A list with a lower number is older and changes nothing; a newer one counts.
    trust.add_crl(pki.crl(pki.registrar_issuer, {}, 2));
    CHECK(verify_with(trust, Revocation::if_listed) == "x509.path.revoked");
    trust.add_crl(pki.crl(pki.registrar_issuer, {}, 4));
    CHECK(verify_with(trust, Revocation::if_listed).empty());
}

TEST_CASE("a CRL that no known CA signed is refused") {
    TestPki pki, other;
    auto trust = pki.trust_without_crls();
    const auto refusal = [&](const Crl& crl) { return test::reason_of([&] { trust.add_crl(crl); }); };
    CHECK(refusal(pki.crl(pki.registrar_issuer)).empty());
    CHECK(refusal(other.crl(other.registrar_issuer)) == "x509.path.crl");
    // The Ballot CA's key under the registrar CA's name: neither of them.
    auto tbs = draft(pki, Role::registrar_ca, pki.ballot_ca_key.public_key(), pki.issuing_issuer);
    tbs.subject = to_bytes(pki.registrar_ca.subject());
    const auto twin = sign(tbs, pki.issuing_key);
    CHECK(refusal(make_crl(twin, pki.ballot_ca_key, {}, {.this_update = pki.clock.now(), .next_update = pki.clock.now() + Days{1}})) ==
          "x509.path.crl");
}

TEST_CASE("only a self-signed root can be the anchor") {
    TestPki pki, other;
    const auto refusal = [&](const Certificate& root) { return test::reason_of([&] { TrustStore(root, pki.arc); }); };
    CHECK(refusal(pki.root).empty());
    CHECK(refusal(pki.issuing) == "x509.path.anchor");
    auto tbs = draft(pki, Role::root, pki.root_key.public_key(), pki.root_issuer);
    tbs.subject = tbs.issuer;
    CHECK(refusal(sign(tbs, pki.root_key)).empty());
    CHECK(refusal(sign(tbs, other.root_key)) == "x509.path.anchor");
}

TEST_CASE("two CAs of one name are told apart by their keys") {
    Fixture f;
    const auto twin = f.registrar_ca([&](auto& tbs) { tbs.subject = to_bytes(f.pki.registrar_ca.subject()); });
    auto trust = f.pki.trust_without_crls();
    trust.add_intermediate(twin);
    const PathRules rules{.role = Role::voter, .time = during_voting, .revocation = Revocation::ignored};
    const auto without_identifier = [](auto& tbs) { remove_extension(tbs, oid::authority_key_identifier); };
    CHECK(verify(trust, f.pki.issue_leaf(Role::voter, f.key), rules).reason.empty());
    CHECK(verify(trust, f.voter_below(twin, {}), rules).reason.empty());
    CHECK(verify(trust, f.voter_below(twin, without_identifier), rules).reason.empty());
}

TEST_CASE("several threads verify with one store") {
    TestPki pki;
    const auto trust = pki.trust();
    const auto voter = pki.issue_leaf(Role::voter, PrivateKey::generate(KeyType::ec_p256));
    const auto officer = pki.issue_leaf(Role::officer, PrivateKey::generate(KeyType::ec_p256));
    std::atomic<int> good{0};
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i < 20; ++i) {
                good += static_cast<int>(
                    trust.verify_path(voter, {.role = Role::voter, .time = during_voting}).chain().size());
                good += static_cast<int>(
                    trust.verify_path(officer, {.role = Role::officer, .time = during_voting}).chain().size());
            }
        });
    threads.clear();
    CHECK(good == 4 * 20 * (4 + 3));
}
