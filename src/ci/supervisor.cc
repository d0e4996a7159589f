#include "trapeze/ci/supervisor.h"

#include "console_supervisor.h"

namespace trapeze::ci {

Result<std::unique_ptr<Supervisor>> Supervisor::create(const Options& options, EventLoop& loop) {
    Patterns patterns = TRY(Patterns::compile(options));
    SymbolTable symbols;
    if (!options.symbols.empty()) {
        symbols = TRY(with_context(SymbolTable::load(options.symbols), "-ci symbols"));
    }
    if (!options.junit.empty()) TRY(with_context(prepare_file(options.junit), "-ci junit"));
    std::unique_ptr<chardev::Backend> log;
    if (!options.log.empty()) {
        log = TRY(with_context(chardev::open_file(loop, options.log, false), "-ci log"));
    }
    return std::make_unique<ConsoleSupervisor>(options, std::move(patterns), std::move(symbols),
                                               std::move(log), loop);
}

}  // namespace trapeze::ci
