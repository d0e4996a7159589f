#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <span>

#include "trapeze/base/event_loop.h"
#include "trapeze/base/log.h"
#include "trapeze/cli/command_line.h"
#include "trapeze/machine/machine.h"

namespace trapeze {
namespace {

Result<int> run_machine(const cli::RunMachine& request) {
    for (const std::string& warning : request.warnings) print_warning(warning);
    const auto more_warnings = TRY(cli::apply(request.diagnostics));
    for (const std::string& warning : more_warnings) print_warning(warning);
    if (!request.config.dump_dtb.empty()) {
        TRY(machine::dump_device_tree(request.config));
        return 0;
    }
    // The main thread's only: the others have names of their own. The kernel keeps 15 characters.
    if (!request.config.process_name.empty()) prctl(PR_SET_NAME, request.config.process_name.c_str());
    const auto loop = TRY(EventLoop::create());
    const auto machine = TRY(machine::Machine::create(request.config, *loop));
    return machine->run();
}

Result<int> run(std::span<const char* const> args) {
    const cli::ParsedCommandLine parsed = TRY(cli::parse(args));
    if (const auto* text = std::get_if<cli::PrintAndExit>(&parsed)) {
        std::fputs(text->text.c_str(), stdout);
        return text->status;
    }
    if (const auto* request = std::get_if<cli::RunMachine>(&parsed)) return run_machine(*request);
    std::fputs(machine::list_sysregs().c_str(), stdout);  // the one SpecialAction
    return 0;
}

// Started with a standard descriptor closed, we would open /dev/kvm or a log as number 0, 1 or 2, and the
// guest's output would go there.
void keep_standard_descriptors() {
    int fd = 0;
    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= 2);
    if (fd > 2) close(fd);
}

}  // namespace
}  // namespace trapeze

int main(int argc, char** argv) {
    trapeze::keep_standard_descriptors();
    // A reader of our output that goes away must not kill the guest.
    std::signal(SIGPIPE, SIG_IGN);
    const trapeze::Result<int> status = trapeze::run({argv + 1, argv + argc});
    if (status) return *status;
    trapeze::print_error(status.error().message());
    return 1;
}
