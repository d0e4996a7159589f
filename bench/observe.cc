// Starts a monitor and measures it from outside. Results are lines "NAME VALUE" on standard output.
//
// usage: observe start TEXT -- COMMAND...
//     first_ns    from just before exec to the first byte of output
//     text_ns     ... to the end of TEXT in the output
//     exits       KVM's count of exits by then
// usage: observe marks -- COMMAND...
//     exits       between each '<' and the '>' after it; other lines of the output are passed on
// usage: observe idle TEXT SECONDS RAM_MIB -- COMMAND...
//     exits.NAME  KVM's statistics of the VM, 2 seconds after TEXT
//     cpu_ticks   user and system time spent in the SECONDS that follow, in USER_HZ
//     idle_exits  exits in that time
//     rss_kib     resident memory without the guest's RAM, which is the mappings of at least RAM_MIB
//     rss_file_kib, rss_anon_kib: of this, mapped files and everything else
// The command is killed in the end. It is an error if TEXT does not come within 120 seconds.
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <map>
#include <optional>
#include <string>

namespace {

using u64 = std::uint64_t;

constexpr u64 kTimeoutNs = 120'000'000'000;

[[noreturn]] void die(const std::string& what) {
    std::fprintf(stderr, "observe: %s: %s\n", what.c_str(), std::strerror(errno));
    std::exit(1);
}

u64 now_ns() {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return static_cast<u64>(t.tv_sec) * 1'000'000'000u + static_cast<u64>(t.tv_nsec);
}

std::string read_file(const std::string& path) {
    std::string text;
    const int fd = open(path.c_str(), O_RDONLY);
    if (fd < 0) return text;
    char buffer[65536];
    ssize_t n;
    while ((n = read(fd, buffer, sizeof(buffer))) > 0) text.append(buffer, static_cast<std::size_t>(n));
    close(fd);
    return text;
}

void print(const std::string& name, u64 value) {
    std::printf("%s %llu\n", name.c_str(), static_cast<unsigned long long>(value));
}

class Child {
public:
    explicit Child(char** command) {
        int in[2];
        int out[2];
        if (pipe(in) != 0 || pipe(out) != 0) die("pipe");
        start_ = now_ns();
        pid_ = fork();
        if (pid_ < 0) die("fork");
        if (pid_ == 0) {
            dup2(in[0], 0);
            dup2(out[1], 1);
            for (const int fd : {in[0], in[1], out[0], out[1]}) close(fd);
            execv(command[0], command);
            die(command[0]);
        }
        // The child's standard input stays open, and empty.
        close(in[0]);
        close(out[1]);
        output_ = out[0];
    }
    ~Child() {
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    void wait_for(const char* text) {
        while (seen_.find(text) == std::string::npos) {
            pollfd p{output_, POLLIN, 0};
            if (now_ns() - start_ > kTimeoutNs || poll(&p, 1, 1000) < 0) give_up(text);
            if (p.revents == 0) continue;
            char buffer[4096];
            const ssize_t n = read(output_, buffer, sizeof(buffer));
            if (n <= 0) give_up(text);
            last_ = now_ns();
            if (first_ == 0) first_ = last_;
            seen_.append(buffer, static_cast<std::size_t>(n));
        }
    }
    // The next byte of output; nothing once the command has ended.
    std::optional<char> next() const {
        pollfd p{output_, POLLIN, 0};
        char c = 0;
        if (poll(&p, 1, static_cast<int>(kTimeoutNs / 1'000'000)) <= 0 || read(output_, &c, 1) != 1)
            return std::nullopt;
        return c;
    }
    // Keeps the pipe from filling up.
    void drain_for(u64 ns) const {
        const u64 end = now_ns() + ns;
        for (u64 t = now_ns(); t < end; t = now_ns()) {
            pollfd p{output_, POLLIN, 0};
            char buffer[4096];
            if (poll(&p, 1, static_cast<int>((end - t) / 1'000'000 + 1)) > 0 &&
                read(output_, buffer, sizeof(buffer)) <= 0)
                die("the command has ended");
        }
    }

    pid_t pid() const { return pid_; }
    u64 first_ns() const { return first_ - start_; }
    u64 text_ns() const { return last_ - start_; }

private:
    [[noreturn]] void give_up(const char* text) {
        std::fprintf(stderr, "observe: no \"%s\" in:\n%s\n", text, seen_.c_str());
        kill(pid_, SIGKILL);
        std::exit(1);
    }

    pid_t pid_ = -1;
    int output_ = -1;
    u64 start_ = 0;
    u64 first_ = 0;
    u64 last_ = 0;
    std::string seen_;
};

// The VM's directory is named PID-FD, and each statistic is a file with a number. Empty if there is no such VM.
std::map<std::string, u64> kvm_statistics(pid_t pid) {
    std::map<std::string, u64> statistics;
    const std::string root = "/sys/kernel/debug/kvm/";
    DIR* dir = opendir(root.c_str());
    if (dir == nullptr) return statistics;
    std::string vm;
    while (const dirent* entry = readdir(dir)) {
        if (std::string(entry->d_name).starts_with(std::to_string(pid) + "-"))
            vm = root + entry->d_name + "/";
    }
    closedir(dir);
    if (vm.empty()) return statistics;
    for (const char* name : {"exits", "hvc_exit_stat", "wfi_exit_stat", "wfe_exit_stat", "mmio_exit_user",
                             "mmio_exit_kernel", "signal_exits", "halt_wakeup"}) {
        const std::string text = read_file(vm + name);
        if (!text.empty()) statistics[name] = std::strtoull(text.c_str(), nullptr, 10);
    }
    return statistics;
}

// Fields 14 and 15 of /proc/PID/stat; the name in field 2 may contain spaces.
u64 cpu_ticks(pid_t pid) {
    const std::string stat = read_file("/proc/" + std::to_string(pid) + "/stat");
    const std::size_t after_name = stat.rfind(')');
    if (after_name == std::string::npos) die("/proc/PID/stat");
    unsigned long user = 0;
    unsigned long system = 0;
    if (std::sscanf(stat.c_str() + after_name + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                    &user, &system) != 2)
        die("/proc/PID/stat");
    return user + system;
}

// Sums "Rss:" of /proc/PID/smaps.
void print_memory(pid_t pid, u64 ram_kib) {
    const std::string smaps = read_file("/proc/" + std::to_string(pid) + "/smaps");
    u64 file = 0;
    u64 anonymous = 0;
    u64 size = 0;
    bool is_file = false;
    for (std::size_t at = 0; at < smaps.size();) {
        const std::size_t end = smaps.find('\n', at);
        const std::string line = smaps.substr(at, end - at);
        at = end + 1;
        unsigned long long begin_address = 0;
        unsigned long long end_address = 0;
        unsigned long inode = 0;
        unsigned long long value = 0;
        if (std::sscanf(line.c_str(), "%llx-%llx %*s %*s %*s %lu", &begin_address, &end_address, &inode) ==
            3) {
            size = (end_address - begin_address) >> 10;
            is_file = inode != 0;
        } else if (std::sscanf(line.c_str(), "Rss: %llu", &value) == 1 && size < ram_kib) {
            (is_file ? file : anonymous) += value;
        }
    }
    print("rss_kib", file + anonymous);
    print("rss_file_kib", file);
    print("rss_anon_kib", anonymous);
}

int start(const char* text, char** command) {
    Child child(command);
    child.wait_for(text);
    print("first_ns", child.first_ns());
    print("text_ns", child.text_ns());
    // Not the floor program's, which is over by now.
    if (const auto statistics = kvm_statistics(child.pid()); !statistics.empty())
        print("exits", statistics.at("exits"));
    return 0;
}

int marks(char** command) {
    Child child(command);
    u64 before = 0;
    std::string line;
    while (const auto c = child.next()) {
        if (*c == '<') {
            before = kvm_statistics(child.pid())["exits"];
        } else if (*c == '>') {
            print("exits", kvm_statistics(child.pid())["exits"] - before);
        } else if (*c != '\n') {
            if (*c != '\r') line += *c;
        } else {
            if (!line.empty()) std::printf("%s\n", line.c_str());
            line.clear();
        }
    }
    return 0;
}

int idle(const char* text, u64 seconds, u64 ram_mib, char** command) {
    constexpr u64 kSecond = 1'000'000'000;
    Child child(command);
    child.wait_for(text);
    child.drain_for(2 * kSecond);
    const auto before = kvm_statistics(child.pid());
    if (before.empty()) die("/sys/kernel/debug/kvm");
    const u64 ticks_before = cpu_ticks(child.pid());
    child.drain_for(seconds * kSecond);
    const u64 ticks = cpu_ticks(child.pid()) - ticks_before;
    auto after = kvm_statistics(child.pid());
    for (const auto& [name, value] : before) print("exits." + name, value);
    print("cpu_ticks", ticks);
    print("idle_exits", after["exits"] - before.at("exits"));
    print_memory(child.pid(), ram_mib << 10);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    signal(SIGPIPE, SIG_IGN);
    const auto is = [&](int at, const char* word) { return argc > at && std::strcmp(argv[at], word) == 0; };
    if (is(1, "start") && is(3, "--") && argc > 4) return start(argv[2], argv + 4);
    if (is(1, "marks") && is(2, "--") && argc > 3) return marks(argv + 3);
    if (is(1, "idle") && is(5, "--") && argc > 6)
        return idle(argv[2], std::strtoull(argv[3], nullptr, 10), std::strtoull(argv[4], nullptr, 10),
                    argv + 6);
    std::fprintf(
        stderr,
        "usage: observe start TEXT -- COMMAND... | observe marks -- COMMAND... | observe idle TEXT SECONDS "
        "RAM_MIB -- COMMAND...\n");
    return 2;
}
