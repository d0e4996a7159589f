# gdb against Linux with two CPUs: needs vmlinux as gdb's file, and the argument of `target remote` in $CONNECT. The
# kernel has no debug information, so what is looked at is spelled out.
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from checks import *  # noqa: E402,F403

settings()
connect = os.environ["CONNECT"]
check_not("connects", f"target remote {connect}", "error")
check("info threads", "info threads", r"Thread 1\.1 .*CPU#0.*Thread 1\.2 .*CPU#1 \[off\]")

# --- The MMU is off: no kernel address can be translated yet ---
check("virtual memory is not there", "x/1xw start_kernel", "Cannot access memory")
check("break start_kernel, nevertheless", "break *start_kernel", "Breakpoint 1 at")
check("stops there", "continue", r"Breakpoint 1, .*start_kernel")
check("in the kernel's address space", "print/x $pc", r"0xffff")
check("whose memory can be read now", "x/1i $pc", r"start_kernel")
check("the MMU is on", "print $SCTLR_EL1 & 1", "= 1")
check("a string in the kernel", "x/s (char *)&linux_banner", "Linux version 6")
run("delete")

# --- Breakpoints ---
check("break on a function", "break *rest_init", "Breakpoint 2 at")
check("stops", "continue", r"Breakpoint 2, .*rest_init")
check("where the kernel called it from", "x/1i $lr", "start_kernel")
run("delete")

# --- A variable ---
check("watch a variable", "watch *(int *)&system_state", "Hardware watchpoint 3")
check("it changes", "continue", r"Old value = 0.*New value = 1")
check("in rest_init", "info symbol $pc", r"rest_init|kernel_init|schedule")
run("delete")

# --- A trap ---
check("catch psci", "monitor catch psci", r"Catchpoint 1 \(psci\)")
check("the kernel turns on its second CPU", "continue", r"vCPU 0: Catchpoint 1: (HVC|SMC) #0 X0=0xc4000003 psci X1=0x1 ")
check("in the code for calls", "info symbol $pc", r"arm_smccc_(hvc|smc)")
check("system registers as a group", "info registers cp_regs", r"^TTBR1_EL1 +0x")
run("monitor catch delete")

# --- The second CPU ---
check("hbreak on the other CPU's way in", "hbreak *secondary_start_kernel", "Hardware assisted breakpoint 4")
check("stops", "continue", r"Thread 2 .*|secondary_start_kernel")
check("as thread 2", "thread", r"Current thread is 2")
check("info threads, both on", "info threads", r"Thread 1\.1 \(CPU#0 \[running\]\).*Thread 1\.2 \(CPU#1 \[running\]\)")
run("delete")
run("set scheduler-locking on")
pc = value("$pc")
run("stepi")
check_not("stepping one thread", "print $pc == " + hex(pc), "= 1")
run("thread 1")
before = value("$pc")
run("thread 2")
run("stepi 20")
run("thread 1")
check_value("leaves the other where it is", "$pc", before)
run("set scheduler-locking off")

# --- An exception from EL0, and EL0 itself ---
# Not a software breakpoint: the kernel patches the first instruction, for FEAT_DIT, once it knows all its CPUs.
check("break on the system call vector", "hbreak *el0t_64_sync", "Hardware assisted breakpoint 5 at")
check("stops", "continue", r"Breakpoint 5, .*el0t_64_sync")
check_value("it came from EL0", "$SPSR_EL1 & 0xf", 0)
check("it is in EL1", "info registers cpsr", "EL=1")
user = value("$ELR_EL1")
run("delete")
run("stepi 3")
check("stepping through the entry", "x/1i $pc", r"=> 0xffff")
check("hbreak in user space", f"hbreak *{user:#x}", "Hardware assisted breakpoint 6")
check("stops", "continue", "Breakpoint 6, ")
check_value("in EL0", "$cpsr & 0xf", 0)
check("whose code can be read", "x/1i $pc", r"=> 0x[0-9a-f]+:\s+\w+")
run("delete")
run("stepi")
check_not("and stepped", f"print $pc == {user:#x}", "= 1")

# --- Interrupting ---
check_text("Ctrl-C", continue_and_interrupt(3), "SIGINT")
check("the threads of an idle machine", "info threads", r"Thread 1\.1.*Thread 1\.2")
for n in (1, 2):
    run(f"thread {n}")
    pc = value("$pc")
    run("stepi")
    check_not(f"thread {n} can be stepped out of WFI", f"print $pc == {pc:#x}", "= 1")
check("the monitor", "monitor info status", r"paused \(debug\)")

# --- Coming and going ---
check("detach", "detach", "detached|Ending remote debugging")
check_not("reconnect", f"target remote {connect}", "error")
check_text("the machine goes on", continue_and_interrupt(1), "SIGINT")
check("breakpoints of before are gone", "info breakpoints", "No breakpoints")
check_not("disconnect", "disconnect", "error")
check_not("reconnect after that", f"target remote {connect}", "error")
check("registers are there", "print/x $TTBR1_EL1", r"= 0x[0-9a-f]{4,}")
check("kill", "kill", r"killed|Killed")
finish()
