# Helpers of the gdb scripts here. Sourced into gdb; a line "pass NAME" or "FAIL NAME ..." for each check.
import os
import re
import signal
import sys
import tempfile
import threading

import gdb

passed = 0
failed = 0


# What the command prints. What gdb says about a stop goes past gdb.execute(to_string=True), so the descriptor itself is
# redirected.
def run(command):
    gdb.flush()
    sys.stdout.flush()
    text = ""
    with tempfile.TemporaryFile("w+") as file:
        standard = os.dup(1)
        os.dup2(file.fileno(), 1)
        try:
            text = gdb.execute(command, to_string=True)
        except gdb.error as error:
            text = f"error: {error}\n"
        except KeyboardInterrupt:
            text = "interrupted in gdb\n"
        finally:
            gdb.flush()
            os.dup2(standard, 1)
            os.close(standard)
        file.seek(0)
        return file.read() + text


def verdict(name, good, text):
    global passed, failed
    if good:
        passed += 1
        print(f"pass {name}", flush=True)
    else:
        failed += 1
        print(f"FAIL {name}: gdb says {text!r}", flush=True)
    return good


# The command's output matches the regular expression.
def check(name, command, expected):
    text = run(command)
    return verdict(name, re.search(expected, text, re.S | re.M) is not None, text)


def check_text(name, text, expected):
    return verdict(name, re.search(expected, text, re.S | re.M) is not None, text)


def check_not(name, command, unexpected):
    text = run(command)
    return verdict(name, re.search(unexpected, text, re.S | re.M) is None, text)


def value(expression):
    return int(gdb.parse_and_eval(expression)) & 0xFFFFFFFFFFFFFFFF


def symbol(name):
    return value(f"(unsigned long)&{name}")


# The current thread is at the symbol.
def check_at(name, label, offset=0):
    want = symbol(label) + offset
    pc = value("$pc")
    return verdict(name, pc == want, f"pc {pc:#x}, {label} {want:#x}")


def check_value(name, expression, want):
    try:
        have = value(expression)
    except gdb.error as error:
        return verdict(name, False, str(error))
    return verdict(name, have == want, f"{expression} = {have:#x}, not {want:#x}")


# Continues, and presses Ctrl-C after a while.
def continue_and_interrupt(seconds=1.0):
    timer = threading.Timer(seconds, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    text = run("continue")
    timer.cancel()
    return text


def settings():
    for line in ("pagination off", "confirm off", "width 0", "height 0", "remotetimeout 60", "tcp connect-timeout 60"):
        gdb.execute(f"set {line}")


def finish():
    print(f"summary {passed} passed, {failed} failed", flush=True)
    gdb.execute("quit " + ("1" if failed else "0"))
