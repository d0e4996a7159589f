#include "junit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <pugixml.hpp>
#include <set>

namespace trapeze::ci {
namespace {

using testing::HasSubstr;

TEST(Verdict, StatusesAreDistinctAndNobodyElses) {
    std::set<int> seen;
    std::set<std::string_view> names;
    for (const Verdict verdict :
         {Verdict::Matched, Verdict::GuestReset, Verdict::InternalError, Verdict::GuestPanic,
          Verdict::Timeout, Verdict::FailPattern, Verdict::GuestPowerOff, Verdict::Interrupted}) {
        const int status = exit_status(verdict);
        EXPECT_TRUE(seen.insert(status).second) << status;
        EXPECT_TRUE(names.insert(verdict_name(verdict)).second);
        if (verdict == Verdict::Matched) {
            EXPECT_EQ(status, 0);
        } else {
            EXPECT_GT(status, 2);
            EXPECT_LT(status, 124);
        }
    }
}

TEST(XmlText, KeepsWhatXmlHas) {
    EXPECT_EQ(xml_text("a\tb\nc <&>\"'"), "a\tb\nc <&>\"'");
    EXPECT_EQ(xml_text("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"), "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
}

TEST(XmlText, LeavesOutOrReplacesTheRest) {
    EXPECT_EQ(xml_text(std::string_view("a\0b\x1b[0m\r\x7f", 9)), "ab[0m");
    const std::string bad = "\xef\xbf\xbd";
    EXPECT_EQ(xml_text("\xff"), bad);
    EXPECT_EQ(xml_text("\xc3"), bad);                                // cut short
    EXPECT_EQ(xml_text("\xc0\x80"), bad + bad);                      // overlong
    EXPECT_EQ(xml_text("\xe0\x80\x80"), bad + bad + bad);            // overlong
    EXPECT_EQ(xml_text("\xed\xa0\x80"), bad + bad + bad);            // surrogate
    EXPECT_EQ(xml_text("\xef\xbf\xbf"), bad + bad + bad);            // U+FFFF
    EXPECT_EQ(xml_text("\xf4\x90\x80\x80"), bad + bad + bad + bad);  // beyond U+10FFFF
}

pugi::xml_node parse(pugi::xml_document& document, const std::string& text) {
    const auto result = document.load_buffer(text.data(), text.size());
    EXPECT_TRUE(result) << result.description() << "\n" << text;
    return document.child("testsuites").child("testsuite").child("testcase");
}

TEST(Junit, ASuccess) {
    pugi::xml_document document;
    const std::string text = junit_xml({.name = "boot",
                                        .verdict = Verdict::Matched,
                                        .message = "seen",
                                        .console = "hello\n",
                                        .duration_ns = 1'234'567'890});
    const auto node = parse(document, text);
    EXPECT_THAT(text, testing::StartsWith("<?xml version=\"1.0\" encoding=\"UTF-8\"?>"));
    EXPECT_STREQ(node.attribute("name").value(), "boot");
    EXPECT_STREQ(node.attribute("time").value(), "1.235");
    EXPECT_FALSE(node.child("failure"));
    EXPECT_FALSE(node.child("error"));
    EXPECT_STREQ(node.child("system-out").text().get(), "hello\n");
    EXPECT_STREQ(node.parent().attribute("failures").value(), "0");
    EXPECT_STREQ(node.parent().attribute("tests").value(), "1");
}

TEST(Junit, AFailureWithEverythingInIt) {
    std::string all;
    for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
    pugi::xml_document document;
    const auto node = parse(document, junit_xml({.name = "a<b>&" + all,
                                                 .verdict = Verdict::Timeout,
                                                 .message = "\"quoted\" ]]>" + all,
                                                 .details = "vCPU 0: " + all,
                                                 .console = "]]></system-out>" + all}));
    const auto failure = node.child("failure");
    EXPECT_STREQ(failure.attribute("type").value(), "timeout");
    EXPECT_THAT(failure.attribute("message").value(), HasSubstr("\"quoted\" ]]>"));
    EXPECT_THAT(failure.text().get(), HasSubstr("vCPU 0: "));
    EXPECT_THAT(node.child("system-out").text().get(), HasSubstr("]]></system-out>"));
    EXPECT_STREQ(node.parent().attribute("failures").value(), "1");
}

TEST(Junit, AnInternalErrorIsAnError) {
    pugi::xml_document document;
    const auto node =
        parse(document, junit_xml({.name = "x", .verdict = Verdict::InternalError, .message = "m"}));
    EXPECT_TRUE(node.child("error"));
    EXPECT_FALSE(node.child("failure"));
    EXPECT_STREQ(node.parent().attribute("errors").value(), "1");
    EXPECT_STREQ(node.parent().attribute("failures").value(), "0");
}

class ReplaceFile : public testing::Test {
protected:
    void SetUp() override {
        char name[] = "/tmp/ci-junit.XXXXXX";
        directory = mkdtemp(name);
        path = directory + "/result.xml";
    }
    void TearDown() override { std::filesystem::remove_all(directory); }
    std::size_t files() const {
        const std::filesystem::directory_iterator all(directory);
        return static_cast<std::size_t>(std::distance(begin(all), end(all)));
    }
    std::string content() const {
        std::ifstream in(path);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    std::string directory, path;
};

TEST_F(ReplaceFile, WritesAndReplaces) {
    ASSERT_TRUE(replace_file(path, "one"));
    ASSERT_TRUE(replace_file(path, "two"));
    EXPECT_EQ(content(), "two");
    EXPECT_EQ(files(), 1u);
    struct stat status {};
    ASSERT_EQ(stat(path.c_str(), &status), 0);
    EXPECT_EQ(
        status.st_mode & 0777u, 0644u & ~[] {
            const auto m = umask(0);
            umask(m);
            return m;
        }());
}

TEST_F(ReplaceFile, LeavesNothingWhenItFails) {
    std::filesystem::create_directory(path);
    std::ofstream(path + "/inside") << "x";
    EXPECT_FALSE(replace_file(path, "text"));
    EXPECT_EQ(files(), 1u);
    EXPECT_FALSE(replace_file(directory + "/missing/file", "text"));
}

TEST_F(ReplaceFile, PreparingRemovesAnOldResult) {
    EXPECT_TRUE(prepare_file(path));
    std::ofstream(path) << "old";
    EXPECT_TRUE(prepare_file(path));
    EXPECT_EQ(files(), 0u);
}

TEST_F(ReplaceFile, PreparingRefusesWhatCannotWork) {
    EXPECT_FALSE(prepare_file(directory));
    EXPECT_FALSE(prepare_file(directory + "/missing/file"));
    std::filesystem::create_symlink("/dev/null", path);
    EXPECT_FALSE(prepare_file(path));
    EXPECT_TRUE(std::filesystem::is_symlink(path));
}

}  // namespace
}  // namespace trapeze::ci
