# Debuggers that are killed, and connections that break: the guest goes on, and the next gdb finds it as it was. Needs
# the program as gdb's file, and the argument of `target remote` in $CONNECT.
import os
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from checks import *  # noqa: E402,F403

settings()
connect = os.environ["CONNECT"]
program = gdb.current_progspace().filename

# Runs in a gdb of its own until it kills itself.
VICTIM = """
import os, signal, threading
def die():
    os.kill(os.getpid(), signal.SIGKILL)
gdb.execute("set pagination off")
gdb.execute("target remote %s")
%s
"""


# A gdb that runs these lines of Python, which kill it at last; what it printed.
def victim(lines):
    script = VICTIM % (connect, "\n".join(lines))
    ended = subprocess.run(
        ["gdb-multiarch", "-nx", "-q", "-batch", "-ex", "python exec(%r)" % script, program],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=100,
    )
    verdict("it was killed", ended.returncode == -9, f"status {ended.returncode}: {ended.stdout}")
    return ended.stdout


def execute(*commands):
    return [f"gdb.execute({command!r})" for command in commands]


# What is in memory at the label, with no debugger in between.
def raw(label):
    return re.findall(r"0x([0-9a-f]{8})$", run(f"monitor xp/1xw {symbol(label):#x}"), re.M)


def check_untouched(when):
    for label, instruction in (("restart", "52800120"), ("power_off", "52800100"), ("secondary_loop", "91000694")):
        verdict(f"no breakpoint at {label}, {when}", raw(label) == [instruction], str(raw(label)))


def attach(when):
    check_not(f"attaches, {when}", f"target remote {connect}", "error")
    check_untouched(when)


def check_runs(when):
    count = value("$x20")
    check_text(f"the guest runs, {when}", continue_and_interrupt(), "SIGINT")
    verdict(f"and gets on, {when}", value("$x20") != count, hex(count))


BREAKPOINTS = execute("break *restart", "break *power_off", "break *secondary_loop", "hbreak *do_svc")

# Nothing is going to wake the guest from its WFI.
victim(
    execute("tbreak *trap_wfi", "continue", "set var $pc = after_wfi", "tbreak *after_turn_on", "continue")
    + execute("break *restart", "break *power_off", "hbreak *do_svc", "watch *(unsigned long *)&scratch")
    + ["threading.Timer(2, die).start()"]
    + execute("continue")
)
attach("killed while the guest ran")
run("thread 1")
check("it is where it would be without", "info symbol $pc", "forever")
check_runs("killed while the guest ran")
run("thread 1")
run("detach")

# The other CPU is in the middle of its loop, and both are held at a breakpoint.
text = victim(BREAKPOINTS + execute("continue", "info threads", "print/x $x20") + ["die()"])
stopped_at = re.search(r"\$1 = (0x[0-9a-f]+)", text)
verdict("it was at a breakpoint", stopped_at is not None and "secondary_loop" in text, text)
time.sleep(1)
attach("killed while it was stopped")
run("thread 2")
check_at("the guest has stayed there", "secondary_loop")
check_value("the whole time", "$x20", int(stopped_at.group(1), 16) if stopped_at else None)
check_runs("killed while it was stopped")
run("detach")

# A step of one CPU that holds the other, and never ends.
victim(
    execute("thread 2", "set scheduler-locking on")
    + ["threading.Timer(2, die).start()"]
    + execute("stepi 1000000000")
)
attach("killed while it stepped")
run("thread 1")
check_runs("killed while it stepped")
run("detach")

# Streams that end in the middle of a packet, with all that is unread thrown away or not.
host, port = connect.rsplit(":", 1)
for how in ("reset", "closed"):
    for pieces in (b"$m40", b"$Z0,40200000,4#6", b"$qXfer:features:read:target.xml:0,1000#", b"\x03$vCont;c#"):
        peer = socket.create_connection((host, int(port)))
        peer.sendall(b"$QStartNoAckMode#b0$?#3f$vCont;c#a8" + pieces)
        time.sleep(0.2)
        if how == "reset":
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.close()
attach("after broken connections")
check_runs("after broken connections")

# All of it still works.
run("thread 1")
check("a breakpoint", "break *restart", "Breakpoint")
check_not("to it", "set var *(unsigned long *)&finish = 1", "error")
check("is hit", "continue", r"Breakpoint .*restart")
run("delete")
run("set var $pc = power_off")
check("powering off is an exit", "continue", r"exited normally")
finish()
