// The parts of the library, for the API documentation; never compiled.

/// Bytes, encodings, errors, time, randomness and secrets: what everything stands on.
namespace uvpki {
/// Keys, certificates, requests, profiles, issuing, paths, revocation (RFC 5280, 2986, 6960).
namespace x509 {
/// Object identifiers as dotted text.
namespace oid {}
}  // namespace x509
/// SignedData and AuthEnvelopedData in the one form of this project (RFC 5652, 5083).
namespace cms {}
/// Time stamps (RFC 3161).
namespace timestamp {}
/// Blind signatures (RFC 9474).
namespace blind {}
/// The election key of m of n trustees, made without a dealer.
namespace threshold {}
/// The public log (RFC 9162, C2SP tiles and checkpoints).
namespace merkle {}
/// Exact counting of ranked and other ballots.
namespace count {}
/// The signed artefacts of an election.
namespace election {}
/// What clients ask of the services.
namespace api {}
}  // namespace uvpki
