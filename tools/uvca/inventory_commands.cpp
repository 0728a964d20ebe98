#include <nlohmann/json.hpp>

#include "tools/uvca/context.h"
#include "uvpki/csv.h"
#include "uvpki/encoding.h"
#include "uvpki/files.h"

namespace uvpki::uvca {

namespace {

constexpr int page = 1000;

ca::SearchOptions search_options(const InventoryArguments& arguments) {
    ca::SearchOptions options;
    if (!arguments.profile.empty()) options.role = x509::find_profile(arguments.profile).role;
    for (const auto state : {ca::CertificateState::good, ca::CertificateState::revoked, ca::CertificateState::expired})
        if (state_name(state) == arguments.state) options.state = state;
    if (!arguments.state.empty() && !options.state) fail_input("usage", "the state is one of good, revoked, expired");
    options.subject_contains = arguments.text;
    options.expires_before = time_from(arguments.expires_before);
    options.limit = arguments.limit;
    options.after_serial = arguments.after;
    return options;
}

std::string csv_row(const ca::InventoryEntry& entry) {
    const auto& certificate = entry.certificate;
    return format_csv_row(
        {certificate.serial_hex(), std::string(x509::profile_of(entry.role).name), state_name(entry.state),
         certificate.subject_text(), format_rfc3339(certificate.not_before()), format_rfc3339(certificate.not_after()),
         to_hex(certificate.fingerprint()), entry.renews,
         entry.revocation ? format_rfc3339(entry.revocation->revoked_at) : "",
         entry.revocation ? std::string(x509::revocation_reason_name(entry.revocation->reason)) : ""});
}

}  // namespace

ExitCode search(const InventoryArguments& arguments) {
    const auto options = search_options(arguments);
    const auto session = open_for_reading(arguments.common);
    const auto entries = session.authority.search(options);
    if (arguments.common.output == Output::json) {
        auto list = Json::array();
        for (const auto& entry : entries) list.push_back(entry_json(entry));
        print_json(list);
        return ExitCode::good;
    }
    std::vector<std::vector<std::string>> rows;
    for (const auto& entry : entries)
        rows.push_back({entry.certificate.serial_hex(), std::string(x509::profile_of(entry.role).name),
                        state_name(entry.state), format_rfc3339(entry.certificate.not_after()),
                        console::visible(entry.certificate.subject_text())});
    print(console::format_table({"serial", "profile", "state", "valid until", "subject"}, rows));
    if (static_cast<int>(entries.size()) == options.limit)
        print("There may be more: --after " + entries.back().certificate.serial_hex() + "\n");
    return ExitCode::good;
}

ExitCode show(const InventoryArguments& arguments) {
    const auto serial = serial_from(arguments.serial);
    const auto session = open_for_reading(arguments.common);
    const auto entry = session.authority.get(serial);
    auto json = entry_json(entry);
    json["alt_names"] = entry.certificate.alt_names();
    json["pem"] = entry.certificate.pem();
    std::string text;
    for (const auto& [name, value] : json.items())
        if (name != "pem" && !value.empty())
            text += name + std::string(16 - std::min<std::size_t>(name.size(), 15), ' ') +
                    console::visible(value.is_string() ? value.get<std::string>() : value.dump()) + "\n";
    report(arguments.common.output, text + entry.certificate.pem(), json);
    return ExitCode::good;
}

ExitCode export_inventory(const InventoryArguments& arguments) {
    if (arguments.format != "csv" && arguments.format != "json") fail_input("usage", "the format is csv or json");
    auto options = search_options(arguments);
    options.limit = page;
    const auto session = open_for_reading(arguments.common);
    std::string csv = format_csv_row({"serial", "profile", "state", "subject", "not_before", "not_after", "fingerprint",
                                      "renews", "revoked_at", "reason"});
    auto list = Json::array();
    std::int64_t count = 0;
    for (auto entries = session.authority.search(options); !entries.empty();
         entries = session.authority.search(options)) {
        for (const auto& entry : entries) {
            csv += csv_row(entry);
            if (arguments.format == "json") list.push_back(entry_json(entry));
            ++count;
        }
        options.after_serial = entries.back().certificate.serial_hex();
    }
    const auto text = arguments.format == "csv" ? csv : canonical_json(list) + "\n";
    if (arguments.out.empty()) {
        print(text);
        return ExitCode::good;
    }
    save_file(arguments.out, text);
    report(arguments.common.output, "Wrote " + std::to_string(count) + " certificates to " + arguments.out,
           {{"certificates", count}, {"out", arguments.out}});
    return ExitCode::good;
}

}  // namespace uvpki::uvca
