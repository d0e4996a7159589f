// Random command lines made of pieces that mean something: parsing always ends in an answer or in one
// printable line of bounded length.
#include <algorithm>
#include <random>

#include "command_line_test.h"
#include "option_table.h"

namespace trapeze::cli {
namespace {

constexpr int kLines = 20'000;
// A message repeats a few values of kShownLength bytes, each up to four times as long when escaped.
constexpr std::size_t kMaxMessage = 20 * kShownLength;

class Generator {
public:
    std::vector<std::string> line() {
        std::vector<std::string> words;
        if (below(2) == 0) words = {"-kernel", "Image"};
        for (std::size_t n = below(6); n > 0; --n) {
            words.push_back(below(10) == 0 ? noise() : "-" + option());
            if (below(8) != 0) words.push_back(argument());
        }
        return words;
    }

private:
    std::size_t below(std::size_t bound) { return random_() % bound; }

    std::string option() {
        const auto rows = below(6) == 0 ? refused_options() : options();
        return std::string(rows[below(rows.size())].name);
    }

    std::string piece() {
        static constexpr std::string_view kPieces[] = {"virt",        "type",       "gic-version",
                                                       "3",           "accel",      "kvm",
                                                       "trap-harder", "tcg",        "on",
                                                       "off",         "host",       "max",
                                                       "pmu",         "cortex-a57", "sve256",
                                                       "cpus",        "cores",      "maxcpus",
                                                       "4",           "512",        "4294967295",
                                                       "0xffff",      "1G",         "1.5T",
                                                       "size",        "stdio",      "mon:stdio",
                                                       "null",        "file:",      "chardev:",
                                                       "id",          "a",          "mux",
                                                       "signal",      "path",       "kernel-irqchip",
                                                       "unimp",       "trace:",     "help",
                                                       "?",           "none",       "guest",
                                                       "process",     "base",       "reboot",
                                                       "dumpdtb",     "acpi",       "chardev",
                                                       "enable",      "noserver",   "999999999999999999999"};
        return std::string(kPieces[below(std::size(kPieces))]);
    }

    std::string noise() {
        std::string text(below(below(20) == 0 ? 5000 : 12), ' ');
        // No zero bytes: an argument ends there.
        for (char& c : text) c = static_cast<char>(1 + below(255));
        return text;
    }

    std::string argument() {
        std::string text;
        static constexpr std::string_view kGlue[] = {",", "=", ":", ",,", ",=", "", "*"};
        for (std::size_t n = 1 + below(7); n > 0; --n) {
            text += below(12) == 0 ? noise() : piece();
            if (n > 1) text += below(2) == 0 ? kGlue[below(std::size(kGlue))] : (n % 2 != 0 ? "," : "=");
        }
        return text;
    }

    std::mt19937 random_{20'25};
};

bool is_one_line(const std::string& text) {
    return !text.empty() && std::ranges::none_of(text, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7f;
    });
}

TEST(Garbage, AlwaysAnAnswerOrOneLine) {
    Generator generator;
    int accepted = 0, refused = 0, answered = 0;
    for (int i = 0; i < kLines; ++i) {
        const auto words = generator.line();
        const auto parsed = parse_words(words);
        if (!parsed) {
            ++refused;
            const std::string& message = parsed.error().message();
            ASSERT_TRUE(is_one_line(message)) << i << ": " << message;
            ASSERT_LE(message.size(), kMaxMessage) << i;
            continue;
        }
        const auto* run = std::get_if<RunMachine>(&*parsed);
        if (run == nullptr) {
            ++answered;
            continue;
        }
        ++accepted;
        ASSERT_GE(run->config.vcpus, 1u);
        ASSERT_LE(run->config.vcpus, machine::kMaxVcpus);
        ASSERT_EQ(run->config.ram_bytes % 4096, 0u);
        ASSERT_GT(run->config.ram_bytes, 0u);
        ASSERT_FALSE(run->config.accels.empty());
        ASSERT_FALSE(run->config.kernel.empty() && run->config.dump_dtb.empty());
        for (const std::string& warning : run->warnings)
            ASSERT_TRUE(is_one_line(warning)) << i << ": " << warning;
    }
    // The generator reaches all three ends.
    EXPECT_GT(accepted, kLines / 50);
    EXPECT_GT(refused, kLines / 50);
    EXPECT_GT(answered, kLines / 50);
}

}  // namespace
}  // namespace trapeze::cli
