# The commands of docs/debugging.md, section "gdb", as they are there, against Linux with two CPUs. Sourced into the gdb
# that the document's own command line has started and connected; the document is in $DOCUMENT.
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from checks import *  # noqa: E402,F403

settings()
with open(os.environ["DOCUMENT"]) as document:
    section = re.search(r"^## gdb$(.*?)^## ", document.read(), re.S | re.M).group(1)
table = re.findall(r"^\| .* \| (.*) \|$", section, re.M)[1:]
commands = {command for cell in table for command in re.findall("`(.*?)`", cell)}
unused = set(commands)
session = re.findall(r"^    \(gdb\) (.*)\n((?:    (?!\(gdb\)).*\n)*)", section, re.M)


# A command of the table: its output matches.
def recipe(command, expected=""):
    unused.discard(command)
    if verdict(f"{command} is in the document", command in commands, str(sorted(commands))):
        check(command, command, expected)


# The document's words, whatever the numbers.
def like(text):
    parts = re.split(r"0x[0-9a-f]+", "\n".join(line.strip() for line in text.splitlines()))
    return "0x[0-9a-f]+".join(re.escape(part) for part in parts)


check("connected", "info threads", r"Thread 1\.1 .*CPU#0.*Thread 1\.2 .*CPU#1 \[off\]")
recipe("break *start_kernel", "Breakpoint 1 at")
check("start_kernel", "continue", "Breakpoint 1, .*start_kernel")
recipe("print/x $SCTLR_EL1", "= 0x[0-9a-f]*[13579bdf]$")
recipe("info registers cp_regs", r"^TTBR1_EL1 +0x")
recipe("set var $TPIDRRO_EL0 = 0")
check_value("is written", "$TPIDRRO_EL0", 0)
recipe("maintenance packet Qqemu.PhyMemMode:1", 'received: "OK"')
check("physical memory", "x/1xw 0x40000000", r"^0x40000000:\s+0x")
recipe("maintenance packet Qqemu.PhyMemMode:0", 'received: "OK"')
check("no address of the kernel's", "x/1xw 0x40000000", "Cannot access memory")
recipe("monitor info status", r"VM status: paused \(debug\)")
run("delete")

# The variable goes from SYSTEM_BOOTING to SYSTEM_SCHEDULING, _FREEING_INITMEM, _RUNNING.
recipe("watch *(int *)&system_state", "Hardware watchpoint")
check("it changes", "continue", r"Old value = 0.*New value = 1")
run("delete")

verdict("there is a session in the document", len(session) == 2, str(session))
for command, output in session:
    check(f"(gdb) {command}", command, like(output))
for kind in ("hypercall", "hypercall 0xc4000003", "sdei", "trng", "sysreg", "sysreg ICC_SGI1R_EL1", "wfx"):
    check(f"catch {kind}", f"monitor catch {kind}", rf"Catchpoint [0-9]+ \({kind}\)")
for kind in ("unexpected", "mmio", "mmio 0x9000000"):
    check(f"catch {kind}", f"monitor catch {kind}", rf"Catchpoint [0-9]+ \({kind}\)")
check("catch lists them", "monitor catch", r"1\s+psci.*wfx.*mmio 0x9000000")
check_not("catch delete NUMBER", "monitor catch delete 1", "no|not")
check_not("it is gone", "monitor catch", r"\bpsci\b")
run("monitor catch delete")

recipe("awatch *(int *)&system_state", "Hardware access")
check("an access", "continue", "Value = |New value = ")
run("delete")
recipe("rwatch *(int *)&system_state", "Hardware read watchpoint")
check("a read", "continue", "Value = ")
run("delete")
recipe("hbreak *el0t_64_sync", "Hardware assisted breakpoint")
check("from user space", "continue", "el0t_64_sync")
recipe("print/x $ESR_EL1", "= 0x[0-9a-f]+$")
recipe("print/x $ELR_EL1", "= 0x[0-9a-f]+$")
recipe("set scheduler-locking on")
pc = value("$pc")
recipe("stepi")
check_not("a step", f"print $pc == {pc:#x}", "= 1")
run("set scheduler-locking off")
recipe("maintenance packet Qqemu.sstep=1", 'received: "OK"')
run("delete")

check("a reset", "monitor system_reset", "")
recipe("maintenance flush register-cache")
run("thread 1")
check_value("the machine starts again", "$pc", 0x40200000)
verdict("all commands of the document have been run", not unused, str(sorted(unused)))
check("kill", "kill", "killed|Killed")
finish()
