#include "pid_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

namespace trapeze::machine {

Result<PidFile> PidFile::create(const std::string& path) {
    if (path.empty()) return PidFile({}, Fd{});
    Fd fd(::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
    if (!fd.valid()) return fail_errno(errno, "could not create PID file '{}'", path);
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    if (fcntl(fd.get(), F_SETLK, &lock) != 0) {
        return fail("could not lock PID file '{}': another process holds it", path);
    }
    const std::string text = fmt::format("{}\n", getpid());
    if (ftruncate(fd.get(), 0) != 0 ||
        ::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
        return fail_errno(errno, "could not write PID file '{}'", path);
    }
    return PidFile(path, std::move(fd));
}

PidFile::~PidFile() {
    if (fd_.valid()) ::unlink(path_.c_str());
}

}  // namespace trapeze::machine
