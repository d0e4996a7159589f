#include "junit.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <pugixml.hpp>

#include "trapeze/base/fd.h"

namespace trapeze::ci {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

// The UTF-8 sequence at the front of `text`, or 0 if there is none ("Table 3-7. Well-Formed UTF-8 Byte
// Sequences" of the Unicode Standard).
std::size_t sequence_length(std::string_view text) {
    const auto byte = [text](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
    };
    const auto continues = [&byte](std::size_t i) { return (byte(i) & 0xc0) == 0x80; };
    const unsigned first = byte(0);
    if (first < 0x80) return 1;
    if (first >= 0xc2 && first <= 0xdf) return continues(1) ? 2 : 0;
    if (first >= 0xe0 && first <= 0xef) {
        if (!continues(1) || !continues(2)) return 0;
        const bool overlong = first == 0xe0 && byte(1) < 0xa0;
        const bool surrogate = first == 0xed && byte(1) >= 0xa0;
        const bool noncharacter = first == 0xef && byte(1) == 0xbf && byte(2) >= 0xbe;
        return overlong || surrogate || noncharacter ? 0 : 3;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        if (!continues(1) || !continues(2) || !continues(3)) return 0;
        const bool overlong = first == 0xf0 && byte(1) < 0x90;
        const bool beyond = first == 0xf4 && byte(1) >= 0x90;
        return overlong || beyond ? 0 : 4;
    }
    return 0;
}

void set_text(pugi::xml_node parent, const char* name, const std::string& text) {
    if (!text.empty()) parent.append_child(name).text().set(xml_text(text).c_str());
}

void set_counts(pugi::xml_node node, bool failure, bool error, const std::string& time) {
    node.append_attribute("name") = "trapeze";
    node.append_attribute("tests") = 1;
    node.append_attribute("failures") = failure ? 1 : 0;
    node.append_attribute("errors") = error ? 1 : 0;
    node.append_attribute("time") = time.c_str();
}

struct StringWriter final : pugi::xml_writer {
    void write(const void* data, std::size_t size) override {
        text.append(static_cast<const char*>(data), size);
    }
    std::string text;
};

Result<> write_all(int fd, std::string_view content) {
    while (!content.empty()) {
        const ssize_t written = ::write(fd, content.data(), content.size());
        if (written < 0 && errno != EINTR) return fail_errno(errno, "could not write");
        if (written > 0) content.remove_prefix(static_cast<std::size_t>(written));
    }
    if (fsync(fd) != 0) return fail_errno(errno, "could not write");
    return {};
}

mode_t default_mode() {
    const mode_t mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

}  // namespace

std::string xml_text(std::string_view text) {
    std::string result;
    result.reserve(text.size());
    while (!text.empty()) {
        const std::size_t length = sequence_length(text);
        const auto first = static_cast<unsigned char>(text.front());
        const bool control = (first < 0x20 && first != '\t' && first != '\n') || first == 0x7f;
        if (length == 0) {
            result += kReplacement;
        } else if (!control) {
            result += text.substr(0, length);
        }
        text.remove_prefix(length == 0 ? 1 : length);
    }
    return result;
}

std::string junit_xml(const JunitCase& test) {
    const bool error = test.verdict == Verdict::InternalError || test.verdict == Verdict::Interrupted;
    const bool failure = !error && test.verdict != Verdict::Matched;
    const std::string time = fmt::format("{:.3f}", static_cast<double>(test.duration_ns) / 1e9);

    pugi::xml_document document;
    auto declaration = document.append_child(pugi::node_declaration);
    declaration.append_attribute("version") = "1.0";
    declaration.append_attribute("encoding") = "UTF-8";
    auto suites = document.append_child("testsuites");
    set_counts(suites, failure, error, time);
    auto suite = suites.append_child("testsuite");
    set_counts(suite, failure, error, time);
    auto node = suite.append_child("testcase");
    node.append_attribute("classname") = "trapeze";
    node.append_attribute("name") = xml_text(test.name).c_str();
    node.append_attribute("time") = time.c_str();
    if (failure || error) {
        auto result = node.append_child(failure ? "failure" : "error");
        result.append_attribute("type") = std::string(verdict_name(test.verdict)).c_str();
        result.append_attribute("message") = xml_text(test.message).c_str();
        result.text().set(xml_text(test.details.empty() ? test.message : test.details).c_str());
    }
    set_text(node, "system-out", test.console);

    StringWriter writer;
    document.save(writer, "  ", pugi::format_default, pugi::encoding_utf8);
    return writer.text;
}

Result<> prepare_file(const std::string& path) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) == 0) {
        if (!S_ISREG(status.st_mode)) return fail("'{}' is not a regular file", path);
        if (::unlink(path.c_str()) != 0) return fail_errno(errno, "could not replace '{}'", path);
    }
    const std::size_t slash = path.rfind('/');
    const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    if (::access(directory.c_str(), W_OK | X_OK) != 0)
        return fail_errno(errno, "could not create '{}'", path);
    return {};
}

Result<> replace_file(const std::string& path, std::string_view content) {
    std::string temporary = path + ".XXXXXX";
    Fd fd(::mkostemp(temporary.data(), O_CLOEXEC));
    if (!fd.valid()) return fail_errno(errno, "could not create '{}'", path);
    Result<> result = write_all(fd.get(), content);
    if (result && ::fchmod(fd.get(), default_mode()) != 0) result = fail_errno(errno, "could not write");
    if (result && ::rename(temporary.c_str(), path.c_str()) != 0) {
        result = fail_errno(errno, "could not rename");
    }
    if (!result) ::unlink(temporary.c_str());
    return with_context(std::move(result), fmt::format("'{}'", path));
}

}  // namespace trapeze::ci
