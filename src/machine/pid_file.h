// -pidfile: a locked file with our process id, removed at exit.
#pragma once

#include <string>

#include "trapeze/base/fd.h"
#include "trapeze/base/result.h"

namespace trapeze::machine {

class PidFile {
public:
    // An empty path gives an object that does nothing. Fails when another process holds the file.
    static Result<PidFile> create(const std::string& path);
    PidFile(PidFile&&) noexcept = default;
    PidFile& operator=(PidFile&&) noexcept = default;
    ~PidFile();

private:
    PidFile(std::string path, Fd fd) : path_(std::move(path)), fd_(std::move(fd)) {}

    std::string path_;
    Fd fd_;
};

}  // namespace trapeze::machine
