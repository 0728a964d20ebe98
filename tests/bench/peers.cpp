// Other people's programs, driven as their manuals say and timed in the processor time that they use.

#include <arpa/inet.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/bench/rows.h"
#include "tests/bench/subjects.h"
#include "tests/support/command.h"
#include "uvpki/encoding.h"
#include "uvpki/files.h"

namespace uvpki::bench {

namespace {

using test::run_command;
using test::TempFolder;

constexpr int peer_rounds = 3;

bool is_installed(const char* program) {
    const bool found = run_command("/", std::string("command -v ") + program).exit_code == 0;
    if (!found) std::fprintf(stderr, "uvbench: %s is not installed (sh setup.sh bench): left out\n", program);
    return found;
}

[[noreturn]] void fail_peer(const std::string& what, const std::string& output) {
    fail(ErrorCode::unavailable, "bench.peer", what + ": " + output.substr(0, 300));
}

std::string run_or_fail(const std::filesystem::path& folder, const std::string& command) {
    const auto result = run_command(folder, command);
    if (result.exit_code != 0) fail_peer(command, result.output);
    return result.output;
}

/// Processor time of a command and everything that it starts.
double child_seconds(const std::filesystem::path& folder, const std::string& command) {
    const auto used = [] {
        rusage usage{};
        getrusage(RUSAGE_CHILDREN, &usage);
        const auto seconds = [](const timeval& t) {
            return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
        };
        return seconds(usage.ru_utime) + seconds(usage.ru_stime);
    };
    const double before = used();
    run_or_fail(folder, command);
    return used() - before;
}

/// Ours over theirs, both auditing as many ballots, in turn.
Row measure_belenios(const Effort& effort) {
    TempFolder folder;
    run_or_fail(folder.path(), "sh '" UVPKI_SOURCE "/tests/bench/belenios.sh' election " +
                                   std::to_string(effort.peer_ballots) + " 2>&1");
    const AuditSubjects subjects(effort.peer_ballots);
    std::vector<double> ours, theirs;
    for (int round = 0; round < peer_rounds; ++round) {
        const double start = thread_seconds();
        for (const auto& ballot : subjects.ballots) subjects.audit(ballot);
        ours.push_back(thread_seconds() - start);
        const double whole = child_seconds(folder / "election/full", "belenios-tool election verify");
        // What is not per ballot: starting, reading, checking the election itself.
        theirs.push_back(whole - child_seconds(folder / "election/empty", "belenios-tool election verify"));
    }
    const auto ballots = static_cast<double>(effort.peer_ballots);
    return {"audit_ballot_vs_belenios", ballots / median(ours), ballots / median(theirs), 30};
}

/// `cfssl serve` on one processor, on a port of this machine that was free a moment ago.
class SigningServer {
public:
    explicit SigningServer(const std::filesystem::path& folder) {
        port_ = free_port();
        save_file(folder / "csr.json", R"({"CN":"Bench CA","key":{"algo":"ecdsa","size":256}})");
        const auto made = Json::parse(run_or_fail(folder, "cfssl gencert -initca csr.json 2>/dev/null"));
        save_file(folder / "ca.pem", made.at("cert").get<std::string>());
        save_file(folder / "ca-key.pem", made.at("key").get<std::string>());
        save_file(folder / "config.json",
                  R"({"signing":{"default":{"expiry":"35040h","usages":["digital signature","client auth"]}}})");
        pid_ = fork();
        if (pid_ == 0) {
            const auto port = std::to_string(port_);
            if (chdir(folder.c_str()) != 0 || std::freopen("/dev/null", "w", stderr) == nullptr) _exit(126);
            setenv("GOMAXPROCS", "1", 1);
            execlp("cfssl", "cfssl", "serve", "-ca", "ca.pem", "-ca-key", "ca-key.pem", "-config", "config.json",
                   "-address", "127.0.0.1", "-port", port.c_str(), "-loglevel", "5", nullptr);
            _exit(127);
        }
        connect_to_it();
    }
    SigningServer(const SigningServer&) = delete;
    SigningServer& operator=(const SigningServer&) = delete;
    ~SigningServer() {
        if (socket_ >= 0) close(socket_);
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
    }

    /// One certificate for this request (JSON body); throws when the server answers anything but 200.
    void sign(const std::string& body) {
        const auto message =
            "POST /api/v1/cfssl/sign HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
            "Content-Length: " +
            std::to_string(body.size()) + "\r\n\r\n" + body;
        if (write(socket_, message.data(), message.size()) != static_cast<ssize_t>(message.size()))
            fail_peer("cfssl serve", "the connection broke");
        std::string answer;
        std::size_t whole = 0;
        char buffer[8192];
        while (whole == 0 || answer.size() < whole) {
            const auto got = read(socket_, buffer, sizeof buffer);
            if (got <= 0) fail_peer("cfssl serve", "the connection broke");
            answer.append(buffer, static_cast<std::size_t>(got));
            if (whole == 0) whole = size_of_answer(answer);
        }
        if (!answer.starts_with("HTTP/1.1 200")) fail_peer("cfssl serve", answer);
    }

    double seconds_used() const {
        clockid_t clock{};
        timespec time{};
        if (clock_getcpuclockid(pid_, &clock) != 0 || clock_gettime(clock, &time) != 0)
            fail_peer("cfssl serve", "its processor time cannot be read");
        return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
    }

private:
    static sockaddr_in local(std::uint16_t port) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return address;
    }

    static std::uint16_t free_port() {
        const int probe = socket(AF_INET, SOCK_STREAM, 0);
        auto address = local(0);
        socklen_t size = sizeof address;
        const bool good = bind(probe, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                          getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size) == 0;
        close(probe);
        if (!good) fail_peer("cfssl serve", "there is no free port");
        return ntohs(address.sin_port);
    }

    void connect_to_it() {
        const auto address = local(port_);
        for (int attempt = 0; attempt < 200; ++attempt) {
            socket_ = socket(AF_INET, SOCK_STREAM, 0);
            if (connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return;
            close(socket_);
            socket_ = -1;
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
        fail_peer("cfssl serve", "it does not answer");
    }

    /// Octets of head and body, or 0 while the head is not complete.
    static std::size_t size_of_answer(const std::string& answer) {
        const auto end = answer.find("\r\n\r\n");
        if (end == std::string::npos) return 0;
        const auto at = answer.find("Content-Length: ");
        if (at > end) fail_peer("cfssl serve", "an answer of unknown length");
        return end + 4 + std::stoul(answer.substr(at + 16));
    }

    std::uint16_t port_ = 0;
    pid_t pid_ = -1;
    int socket_ = -1;
};

Row measure_cfssl(const Effort& effort) {
    testing::TestPki pki;
    const IssueSubjects subjects(pki);
    std::vector<std::string> bodies;
    for (std::size_t i = 0; i < variety; ++i) {
        const auto request = x509::make_request(x509::PrivateKey::generate(x509::KeyType::ec_p256),
                                                testing::TestPki::name("Voter").encode());
        bodies.push_back(Json{{"certificate_request", to_pem("CERTIFICATE REQUEST", request)}}.dump());
    }
    TempFolder folder;
    SigningServer server(folder.path());
    for (const auto& body : bodies) server.sign(body);
    std::vector<double> ours, theirs;
    for (int round = 0; round < effort.rounds; ++round) {
        const double start = thread_seconds();
        for (const auto& request : subjects.requests) subjects.issue(request);
        ours.push_back(thread_seconds() - start);
        const double before = server.seconds_used();
        for (const auto& body : bodies) server.sign(body);
        theirs.push_back(server.seconds_used() - before);
    }
    return {"issue_vs_cfssl", variety / median(ours), variety / median(theirs), 0};
}

}  // namespace

std::vector<Row> measure_peers(const Effort& effort) {
    std::vector<Row> rows;
    if (is_installed("belenios-tool")) rows.push_back(measure_belenios(effort));
    if (is_installed("cfssl")) rows.push_back(measure_cfssl(effort));
    return rows;
}

}  // namespace uvpki::bench
