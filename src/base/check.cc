#include "trapeze/base/check.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace trapeze {
namespace {
std::atomic<void (*)()> crash_hook{nullptr};
std::atomic<void (*)()> crash_report{nullptr};
}

void set_crash_hook(void (*hook)()) {
    crash_hook.store(hook);
}

void set_crash_report(void (*report)()) {
    crash_report.store(report);
}

void run_crash_hook() {
    if (auto* hook = crash_hook.exchange(nullptr)) hook();
    if (auto* report = crash_report.exchange(nullptr)) report();
}

void check_failed(const char* condition, const char* file, int line, std::string_view detail) {
    run_crash_hook();
    std::fprintf(stderr, "trapeze: internal error: %s:%d: CHECK(%s) failed%s%.*s\n", file, line, condition,
                 detail.empty() ? "" : ": ", static_cast<int>(detail.size()), detail.data());
    std::abort();
}

}  // namespace trapeze
