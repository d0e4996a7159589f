// Numbering and target description.
#include "gdb/registers.h"

#include <fmt/core.h>

#include <algorithm>

namespace trapeze::debug::gdb {
namespace {

namespace r = arch::reg;

// Writes the description and numbers the registers as they come.
class Writer {
public:
    explicit Writer(RegisterLayout& layout) : layout_(layout) {
        layout_.xml =
            "<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n"
            "<target version=\"1.0\">\n<architecture>aarch64</architecture>\n";
    }
    void begin(std::string_view feature) { layout_.xml += fmt::format("<feature name=\"{}\">\n", feature); }
    void end() { layout_.xml += "</feature>\n"; }
    void finish() { layout_.xml += "</target>\n"; }
    void text(std::string_view text) { layout_.xml += text; }

    void add(std::string_view name, std::size_t bytes, std::string_view attributes, RegisterInfo info) {
        info.bytes = bytes;
        layout_.xml += fmt::format("<reg name=\"{}\" bitsize=\"{}\" regnum=\"{}\" {}/>\n", name, bytes * 8,
                                   layout_.registers.size(), attributes);
        layout_.registers.push_back(info);
    }

private:
    RegisterLayout& layout_;
};

struct FlagField {
    const char* name;
    unsigned low;
    unsigned high;
};
constexpr FlagField kCpsrFields[] = {
    {"SP", 0, 0},    {"EL", 2, 3},   {"nRW", 4, 4},     {"F", 6, 6},      {"I", 7, 7},
    {"A", 8, 8},     {"D", 9, 9},    {"BTYPE", 10, 11}, {"SSBS", 12, 12}, {"ALLINT", 13, 13},
    {"IL", 20, 20},  {"SS", 21, 21}, {"PAN", 22, 22},   {"UAO", 23, 23},  {"DIT", 24, 24},
    {"TCO", 25, 25}, {"V", 28, 28},  {"C", 29, 29},     {"Z", 30, 30},    {"N", 31, 31},
};

std::string flags_type(std::string_view id, std::span<const FlagField> fields) {
    std::string text = fmt::format("<flags id=\"{}\" size=\"4\">\n", id);
    for (const FlagField& f : fields) {
        text += fmt::format("<field name=\"{}\" start=\"{}\" end=\"{}\"/>\n", f.name, f.low, f.high);
    }
    return text + "</flags>\n";
}

// Views of a vector register by element: "<prefix>v" as a union.
std::string vector_types(std::string_view prefix, unsigned bytes) {
    struct Element {
        const char* suffix;
        const char* type;
        unsigned bytes;
    };
    static constexpr Element kElements[] = {
        {"df", "ieee_double", 8}, {"du", "uint64", 8}, {"ds", "int64", 8},  {"sf", "ieee_single", 4},
        {"su", "uint32", 4},      {"ss", "int32", 4},  {"hu", "uint16", 2}, {"hs", "int16", 2},
        {"bu", "uint8", 1},       {"bs", "int8", 1},
    };
    std::string text;
    for (const Element& e : kElements) {
        text += fmt::format("<vector id=\"{}{}\" type=\"{}\" count=\"{}\"/>\n", prefix, e.suffix, e.type,
                            bytes / e.bytes);
    }
    // One field per element size; its views by type below that.
    for (const char size : {'d', 's', 'h', 'b'}) {
        text += fmt::format("<union id=\"{}{}\">\n", prefix, size);
        if (size == 'd' || size == 's')
            text += fmt::format("<field name=\"f\" type=\"{}{}f\"/>\n", prefix, size);
        text += fmt::format(
            "<field name=\"u\" type=\"{0}{1}u\"/>\n<field name=\"s\" type=\"{0}{1}s\"/>\n</union>\n", prefix,
            size);
    }
    text += fmt::format("<union id=\"{}v\">\n", prefix);
    for (const char size : {'d', 's', 'h', 'b'}) {
        text += fmt::format("<field name=\"{0}\" type=\"{1}{0}\"/>\n", size, prefix);
    }
    return text + "</union>\n";
}

void add_core(Writer& w) {
    w.begin("org.gnu.gdb.aarch64.core");
    w.text(flags_type("cpsr_flags", kCpsrFields));
    for (unsigned n = 0; n < 31; ++n) {
        w.add(fmt::format("x{}", n), 8, "type=\"uint64\"", {RegisterClass::Core, n, {}, 0});
    }
    w.add("sp", 8, "type=\"data_ptr\"", {RegisterClass::Core, kSpNumber, {}, 0});
    w.add("pc", 8, "type=\"code_ptr\"", {RegisterClass::Core, kPcNumber, {}, 0});
    w.add("cpsr", 4, "type=\"cpsr_flags\"", {RegisterClass::Core, kCpsrNumber, {}, 0});
    w.end();
}

void add_fp_status(Writer& w) {
    w.add("fpsr", 4, "type=\"int\" group=\"float\"", {RegisterClass::Fpsr, 0, {}, 0});
    w.add("fpcr", 4, "type=\"int\" group=\"float\"", {RegisterClass::Fpcr, 0, {}, 0});
}

void add_fpu(Writer& w) {
    w.begin("org.gnu.gdb.aarch64.fpu");
    w.text(vector_types("vec", 16));
    for (unsigned n = 0; n < 32; ++n) {
        w.add(fmt::format("v{}", n), 16, "type=\"vecv\"", {RegisterClass::V, n, {}, 0});
    }
    add_fp_status(w);
    w.end();
}

// Stands in for the fpu feature: gdb makes the V registers out of Z.
void add_sve(Writer& w, unsigned length) {
    w.begin("org.gnu.gdb.aarch64.sve");
    w.text(vector_types("sve", length));
    w.text(fmt::format("<vector id=\"svep\" type=\"uint8\" count=\"{}\"/>\n", length / 8));
    for (unsigned n = 0; n < 32; ++n) {
        w.add(fmt::format("z{}", n), length, "type=\"svev\"", {RegisterClass::Z, n, {}, 0});
    }
    add_fp_status(w);
    for (unsigned n = 0; n < 16; ++n) {
        w.add(fmt::format("p{}", n), length / 8, "type=\"svep\"", {RegisterClass::P, n, {}, 0});
    }
    w.add("ffr", length / 8, "type=\"svep\" group=\"vector\"", {RegisterClass::Ffr, 0, {}, 0});
    w.add("vg", 8, "type=\"int\"", {RegisterClass::Vg, 0, {}, 0});
    w.end();
}

// The second version has masks for both halves of the address space; with only one, gdb would take a kernel's
// return addresses apart as if they were user ones.
void add_pauth(Writer& w) {
    constexpr const char* kNames[] = {"pauth_dmask", "pauth_cmask", "pauth_dmask_high", "pauth_cmask_high"};
    w.begin("org.gnu.gdb.aarch64.pauth_v2");
    for (unsigned n = 0; n < 4; ++n) {
        w.add(kNames[n], 8, n % 2 == 0 ? "type=\"data_ptr\"" : "type=\"code_ptr\"",
              {RegisterClass::PauthMask, n, {}, 0});
    }
    w.end();
}

// The name of QEMU's feature, which scripts know. Not saved around a call of a guest function from gdb.
void add_system(Writer& w, std::span<const arch::SysReg> registers) {
    w.begin("org.qemu.gdb.arm.sys.regs");
    for (const arch::SysReg reg : registers) {
        w.add(arch::sysreg_to_string(reg), 8, "type=\"uint64\" group=\"cp_regs\" save-restore=\"no\"",
              {RegisterClass::System, 0, reg, 0});
    }
    w.end();
}

}  // namespace

RegisterLayout make_register_layout(const RegisterInputs& inputs) {
    RegisterLayout layout;
    Writer w(layout);
    add_core(w);
    if (inputs.vector_length != 0) {
        add_sve(w, inputs.vector_length);
    } else {
        add_fpu(w);
    }
    if (inputs.pauth) add_pauth(w);
    if (!inputs.system.empty()) add_system(w, inputs.system);
    w.finish();
    return layout;
}

std::vector<arch::SysReg> readable_system_registers() {
    // Reading acknowledges an interrupt, empties a channel or uses up randomness. FPCR and FPSR are
    // elsewhere.
    static constexpr arch::SysReg kExcluded[] = {
        r::ICC_IAR0_EL1, r::ICC_IAR1_EL1, r::ICC_NMIAR1_EL1, r::DBGDTR_EL0, r::DBGDTRRX_EL0,
        r::RNDR,         r::RNDRRS,       r::FPCR,           r::FPSR,
    };
    std::vector<arch::SysReg> list;
    for (const arch::NamedSysReg& known : arch::kNamedSysRegs) {
        const arch::SysReg reg = known.reg;
        if (reg.op0() < 2 || reg.op1() > 3) continue;    // instructions; EL2 and EL3
        if (reg.op0() == 2 && reg.op1() == 1) continue;  // trace unit
        if (std::ranges::find(kExcluded, reg) == std::end(kExcluded)) list.push_back(reg);
    }
    list.push_back(r::SP_EL1);  // which only EL2 can name
    return list;
}

}  // namespace trapeze::debug::gdb
