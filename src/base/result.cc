#include "trapeze/base/result.h"

#include <cstring>

namespace trapeze {

Error Error::from_errno(std::string message, int number) {
    char buffer[128];
    return Error(fmt::format("{}: {}", message, strerror_r(number, buffer, sizeof(buffer))));
}

}  // namespace trapeze
