// Watches the registers of processes, one on each CPU, until SIGTERM comes: nobody but the process itself
// changes them, whatever interrupts it. In the guest's initramfs as /bin/registers.
//
// usage: registers [plant]    plant: something else does change one, which has to be noticed
//
// Prints "registers ok N", with the number of times that they were looked at on each CPU, or what differed.
// Exit status: 1 if something did.
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

struct Registers {
    std::uint64_t x[31];
    std::uint64_t nzcv;
    std::uint64_t v[32][2];
};
static_assert(sizeof(Registers) == 8 * 32 + 16 * 32);

extern "C" void hold_registers(Registers* registers);
constexpr std::uint64_t kHoldBytes = 4 * 8192;  // about, and not more

// Shared by the parent and all children.
struct Shared {
    volatile bool stop;
    volatile unsigned long rounds[CPU_SETSIZE];
};

// Different in each register and each round (an odd factor makes all bits change).
std::uint64_t pattern(std::uint64_t round, unsigned n) {
    return (round * 128 + n + 1) * 0x9e37'79b9'7f4a'7c15;
}

void fill(Registers& registers, std::uint64_t round) {
    for (unsigned n = 0; n < 31; ++n) registers.x[n] = pattern(round, n);
    registers.nzcv = (pattern(round, 31) >> 60) << 28;
    for (unsigned n = 0; n < 64; ++n) registers.v[n / 2][n % 2] = pattern(round, 32 + n);
}

// The exit status.
int watch(unsigned cpu, Shared& shared) {
    Registers expected;
    for (std::uint64_t round = 0; !shared.stop; ++round) {
        fill(expected, round);
        Registers found = expected;
        hold_registers(&found);
        shared.rounds[cpu] = round + 1;
        if (std::memcmp(&found, &expected, sizeof(found)) == 0) continue;

        const auto compare = [&](const std::string& name, std::uint64_t is, std::uint64_t was) {
            if (is == was) return;
            std::printf("registers: CPU %u, round %lu: %s is %#lx, not %#lx\n", cpu,
                        static_cast<unsigned long>(round), name.c_str(), static_cast<unsigned long>(is),
                        static_cast<unsigned long>(was));
        };
        for (unsigned n = 0; n < 31; ++n) compare("X" + std::to_string(n), found.x[n], expected.x[n]);
        compare("NZCV", found.nzcv, expected.nzcv);
        for (unsigned n = 0; n < 32; ++n) {
            compare("the low half of V" + std::to_string(n), found.v[n][0], expected.v[n][0]);
            compare("the high half of V" + std::to_string(n), found.v[n][1], expected.v[n][1]);
        }
        return 1;
    }
    return 0;
}

// Interrupts the process every now and then, and changes a register, which matters only in hold_registers.
void plant_fault() {
    struct sigaction action {};
    action.sa_sigaction = [](int, siginfo_t*, void* context) {
        mcontext_t& machine = static_cast<ucontext_t*>(context)->uc_mcontext;
        const auto begin = reinterpret_cast<std::uint64_t>(&hold_registers);
        if (machine.pc > begin && machine.pc < begin + kHoldBytes) machine.regs[17] ^= 1;
    };
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGALRM, &action, nullptr);
    const itimerval often{.it_interval = {.tv_sec = 0, .tv_usec = 1000},
                          .it_value = {.tv_sec = 0, .tv_usec = 1000}};
    setitimer(ITIMER_REAL, &often, nullptr);
}

[[noreturn]] void run_child(unsigned cpu, Shared& shared, bool plant) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    if (sched_setaffinity(0, sizeof(one), &one) != 0) {
        std::perror("registers: sched_setaffinity");
        std::exit(1);
    }
    if (plant) plant_fault();
    const int status = watch(cpu, shared);
    std::exit(status);  // flushes what was printed
}

}  // namespace

int main(int argc, char** argv) {
    const bool plant = argc > 1 && argv[1] == std::string("plant");
    void* memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    cpu_set_t cpus;
    if (memory == MAP_FAILED || sched_getaffinity(0, sizeof(cpus), &cpus) != 0) return 1;
    Shared& shared = *static_cast<Shared*>(memory);

    sigset_t term;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, nullptr);
    for (unsigned cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (CPU_ISSET(cpu, &cpus) && fork() == 0) run_child(cpu, shared, plant);
    }
    int signal = 0;
    sigwait(&term, &signal);
    shared.stop = true;

    bool ok = true;
    for (int status = 0; wait(&status) > 0;) ok &= status == 0;
    unsigned long least = ~0ul;
    for (unsigned cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (CPU_ISSET(cpu, &cpus) && shared.rounds[cpu] < least) least = shared.rounds[cpu];
    }
    if (!ok || least == 0) {
        std::printf("registers: failed\n");
        return 1;
    }
    std::printf("registers ok %lu\n", least);
    return 0;
}
