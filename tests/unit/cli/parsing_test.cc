// The pieces: messages, scalar values, key=value lists.
#include <gtest/gtest.h>

#include "key_value.h"
#include "text.h"
#include "values.h"

namespace trapeze::cli {
namespace {

TEST(Text, ShowKeepsOneLine) {
    EXPECT_EQ(show("plain"), "plain");
    EXPECT_EQ(show("a\nb\x1b[31m\x7f"), "a\\x0ab\\x1b[31m\\x7f");
    EXPECT_EQ(show("caf\xc3\xa9"), "caf\xc3\xa9");
}

TEST(Text, ShowCutsLongValuesButNotACharacter) {
    const std::string exact(kShownLength, 'x');
    EXPECT_EQ(show(exact), exact);
    EXPECT_EQ(show(exact + "y"), exact + "...");
    const std::string before(kShownLength - 1, 'x');
    EXPECT_EQ(show(before + "\xc3\xa9z"), before + "...");
    // Nothing but continuation bytes: not UTF-8, still cut.
    EXPECT_EQ(show(std::string(300, '\x80')), "...");
}

TEST(Text, EditDistance) {
    EXPECT_EQ(edit_distance("", ""), 0u);
    EXPECT_EQ(edit_distance("", "abc"), 3u);
    EXPECT_EQ(edit_distance("abc", ""), 3u);
    EXPECT_EQ(edit_distance("kernel", "kernal"), 1u);
    EXPECT_EQ(edit_distance("serail", "serial"), 1u);
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

TEST(Text, HintNeedsALikeness) {
    const std::string_view known[] = {"kernel", "initrd", "m"};
    EXPECT_EQ(hint("kernal", known), " (did you mean 'kernel'?)");
    EXPECT_EQ(hint("foo", known), "");
    EXPECT_EQ(hint("x", known), "");
    EXPECT_EQ(hint("", known), "");
    EXPECT_EQ(hint(std::string(100'000, 'k'), known), "");
}

TEST(Text, NotSupportedAgreesInNumber) {
    EXPECT_EQ(not_supported("migration"), "migration is not supported yet by this version");
    EXPECT_EQ(not_supported("block devices"), "block devices are not supported yet by this version");
}

TEST(Values, Bool) {
    for (const char* text : {"on", "yes", "true", "y"}) EXPECT_TRUE(parse_bool(text).value()) << text;
    for (const char* text : {"off", "no", "false", "n"}) EXPECT_FALSE(parse_bool(text).value()) << text;
    for (const char* text : {"", "ON", "1", "auto", "onn"}) EXPECT_FALSE(parse_bool(text)) << text;
    EXPECT_EQ(parse_on_off_auto("auto").value(), machine::OnOffAuto::Auto);
    EXPECT_EQ(parse_on_off_auto("on").value(), machine::OnOffAuto::On);
    EXPECT_EQ(parse_on_off_auto("off").value(), machine::OnOffAuto::Off);
    EXPECT_EQ(parse_on_off_auto("maybe").error().message(), "must be on, off or auto");
}

TEST(Values, Number) {
    EXPECT_EQ(parse_number("1", 1, 31).value(), 1u);
    EXPECT_EQ(parse_number("0x1f", 1, 31).value(), 31u);
    for (const char* text :
         {"", "0", "32", "-1", "+1", " 1", "1 ", "1x", "0x", "0x20", "18446744073709551616"}) {
        EXPECT_FALSE(parse_number(text, 1, 31)) << text;
    }
    EXPECT_EQ(parse_number("99", 1, 31).error().message(), "must be a number from 1 to 31");
}

TEST(Values, Size) {
    constexpr u64 kMiB = 1 << 20;
    EXPECT_EQ(parse_size("512", kMiB).value(), 512 * kMiB);
    EXPECT_EQ(parse_size("512b", kMiB).value(), 512u);
    EXPECT_EQ(parse_size("4k", kMiB).value(), 4096u);
    EXPECT_EQ(parse_size("4K", kMiB).value(), 4096u);
    EXPECT_EQ(parse_size("3m", kMiB).value(), 3 * kMiB);
    EXPECT_EQ(parse_size("2G", kMiB).value(), 2048 * kMiB);
    EXPECT_EQ(parse_size("1T", kMiB).value(), u64{1} << 40);
    EXPECT_EQ(parse_size("1.5G", kMiB).value(), 1536 * kMiB);
    EXPECT_EQ(parse_size("0.25", kMiB).value(), kMiB / 4);
    EXPECT_EQ(parse_size("16777215T", kMiB).value(), u64{16777215} << 40);
    for (const char* text : {"", "G", "-1", "+1", "4GB", "4 G", "1.", ".5", "1..5", "0x10", "1P", "16777216T",
                             "99999999999999999999", "1.0000000001G", "18446744073709551615"}) {
        EXPECT_FALSE(parse_size(text, kMiB)) << text;
    }
}

std::string flat(std::string_view text, std::string_view implied) {
    const auto items = split_key_values(text, implied);
    if (!items) return "error: " + items.error().message();
    std::string out;
    for (const KeyValue& item : *items) {
        out +=
            fmt::format("[{}{}{}={}]", item.bare ? "b:" : "", item.implied ? "i:" : "", item.key, item.value);
    }
    return out;
}

TEST(KeyValues, Grammar) {
    EXPECT_EQ(flat("virt,gic-version=3", "type"), "[i:type=virt][gic-version=3]");
    EXPECT_EQ(flat("type=virt,acpi=off", "type"), "[type=virt][acpi=off]");
    EXPECT_EQ(flat("socket,server,nowait", "backend"), "[i:backend=socket][b:server=on][b:nowait=on]");
    EXPECT_EQ(flat("readonly,id=a", ""), "[b:readonly=on][id=a]");
    EXPECT_EQ(flat("a=1,a=2", ""), "[a=1][a=2]");
    EXPECT_EQ(flat("path=x=y", ""), "[path=x=y]");
    EXPECT_EQ(flat("path=", ""), "[path=]");
    EXPECT_EQ(flat("", "type"), "");
    EXPECT_EQ(flat("virt,", "type"), "[i:type=virt]");
}

TEST(KeyValues, DoubledCommaIsAComma) {
    EXPECT_EQ(flat("path=a,,b,id=c", ""), "[path=a,b][id=c]");
    EXPECT_EQ(flat("one,,two,x=1", "guest"), "[i:guest=one,two][x=1]");
    EXPECT_EQ(flat("path=a,,,id=c", ""), "[path=a,][id=c]");
    EXPECT_EQ(flat("path=,,", ""), "[path=,]");
}

TEST(KeyValues, KeysAreNeverEmpty) {
    EXPECT_EQ(flat("=x", "type"), "error: a key is missing before '=x'");
    EXPECT_EQ(flat("virt,=x", "type"), "error: a key is missing before '=x'");
    EXPECT_EQ(flat(",x=1", ""), "error: a key is missing before ',x=1'");
}

TEST(KeyValues, Help) {
    EXPECT_TRUE(wants_help(split_key_values("help", "type").value()));
    EXPECT_TRUE(wants_help(split_key_values("?", "type").value()));
    EXPECT_TRUE(wants_help(split_key_values("virt,?", "type").value()));
    EXPECT_TRUE(wants_help(split_key_values("virt,help", "type").value()));
    EXPECT_FALSE(wants_help(split_key_values("type=help", "type").value()));
    EXPECT_FALSE(wants_help(split_key_values("virt,kernel=help", "type").value()));
}

struct Target {
    bool wait = true;
    bool notify = false;
};

Result<void> set_wait(Target& target, const KeyArgument& argument) {
    target.wait = TRY(parse_bool(argument.value));
    return {};
}
Result<void> set_notify(Target& target, const KeyArgument& argument) {
    target.notify = TRY(parse_bool(argument.value));
    return {};
}
constexpr KeyRow<Target> kRows[] = {{"wait", "on|off", set_wait, ""}, {"notify", "on|off", set_notify, ""}};

Result<Target> apply_to_target(std::string_view text) {
    Target target;
    const auto items = TRY(split_key_values(text, {}));
    TRY(apply_keys<Target>("opt", kRows, items, target));
    return target;
}

TEST(KeyValues, BareNoMeansOff) {
    EXPECT_FALSE(apply_to_target("nowait").value().wait);
    // A key of its own that happens to start with "no".
    EXPECT_TRUE(apply_to_target("notify").value().notify);
    EXPECT_FALSE(apply_to_target("nowait=on"));
}

TEST(KeyValues, ErrorsNameOptionKeyAndValue) {
    EXPECT_EQ(apply_to_target("wait=maybe").error().message(), "-opt wait=maybe: must be on or off");
    EXPECT_EQ(apply_to_target("wiat=on").error().message(),
              "-opt wiat=on: unknown key 'wiat' (did you mean 'wait'?)");
    EXPECT_EQ(apply_to_target("zzzzz").error().message(), "-opt zzzzz: unknown key 'zzzzz'");
}

}  // namespace
}  // namespace trapeze::cli
