#!/usr/bin/env python3
"""Opens a trace file in a trace viewer and compares what that shows with the statistics of the same run.

usage: check.py CATAPULT TRACE.json STATISTICS.json [SCREENSHOT.png]

CATAPULT is a directory with trace_viewer_full.html and webcomponents.min.js. scripts/check-trace-viewer has one.
"""
import base64
import collections
import functools
import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
TIMEOUT = 300


class Browser:
    """Chromium without a window, by the DevTools protocol over a pipe: JSON texts that end with a zero byte."""

    def __init__(self, profile):
        to_read, self.to = os.pipe()
        self.source, from_write = os.pipe()

        def descriptors():  # where --remote-debugging-pipe expects them
            saved = os.dup(from_write)
            os.dup2(to_read, 3)
            os.dup2(saved, 4)

        self.log = open(os.path.join(profile, "log"), "w+")
        self.process = subprocess.Popen(
            ["chromium", "--headless", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--disable-quic"]
            + ["--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
            + ["--window-size=1600,900", f"--user-data-dir={profile}"],
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
            preexec_fn=descriptors,
            close_fds=False,
        )
        os.close(to_read)
        os.close(from_write)
        # Nothing here waits for ever: without the browser the pipe ends.
        self.timer = threading.Timer(TIMEOUT, self.process.kill)
        self.timer.start()
        self.buffer = b""
        self.calls = 0
        self.session = None

    def call(self, method, **params):
        self.calls += 1
        message = {"id": self.calls, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.calls:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    def receive(self):
        while b"\0" not in self.buffer:
            more = os.read(self.source, 1 << 16)
            if not more:
                self.log.seek(0)
                raise RuntimeError("the browser has ended or took too long:\n" + self.log.read()[-4000:])
            self.buffer += more
        text, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(text)

    def open(self, url):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Page.enable")
        self.call("Page.navigate", url=url)
        while self.receive().get("method") != "Page.loadEventFired":
            pass

    def evaluate(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"].get("exception", {}).get("description", str(result)))
        return result["result"].get("value")

    def close(self):
        self.timer.cancel()
        self.process.kill()
        self.process.wait()


class Files(http.server.BaseHTTPRequestHandler):
    """The named files and nothing else."""

    def __init__(self, files, *args):
        self.files = files
        super().__init__(*args)

    def do_GET(self):
        path = self.files.get(self.path)
        if path is None:
            return self.send_error(404)
        self.send_response(200)
        self.send_header("Content-Type", "application/json" if path.endswith(".json") else
                         "text/javascript" if path.endswith(".js") else "text/html; charset=utf-8")
        self.send_header("Content-Length", str(os.path.getsize(path)))
        self.end_headers()
        with open(path, "rb") as file:
            self.wfile.write(file.read())

    def log_message(self, *args):
        pass


def look(catapult, trace, screenshot):
    """What the viewer says about the trace."""
    files = {f"/{name}": os.path.join(catapult, name) for name in ("trace_viewer_full.html", "webcomponents.min.js")}
    files |= {"/": os.path.join(HERE, "page.html"), "/trace": trace}
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Files, files))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as profile:
        browser = Browser(profile)
        try:
            browser.open(f"http://127.0.0.1:{server.server_address[1]}/")
            seen = browser.evaluate("openTrace('/trace')")
            if screenshot:
                browser.evaluate("new Promise(resolve => setTimeout(resolve, 1000))")
                picture = browser.call("Page.captureScreenshot", format="png")["data"]
                with open(screenshot, "wb") as file:
                    file.write(base64.b64decode(picture))
            return seen
        finally:
            browser.close()
            server.shutdown()


# What a slice may be inside of, by category. Instants ("event") are slices without a length.
LIES_IN = collections.defaultdict(set, guest={""}, handling={""}, blocked={"handling"}, event={"", "handling"})


def check(seen, statistics):
    """Returns what is wrong, as lines."""
    wrong = [f"the viewer warns: {warning}" for warning in seen["warnings"]]

    def same(what, shown, expected):
        if shown != expected:
            wrong.append(f"{what}: the viewer shows {shown!r}, expected {expected!r}")

    tracks = {track["name"]: track for track in seen["tracks"]}
    names = [f"vCPU {row['vcpu']}" for row in statistics["vcpus"]]
    # A track on which nothing has happened is not shown.
    same("tracks", sorted(track["name"] for track in seen["tracks"] if track["name"] != "host threads"), sorted(names))
    same("order of the tracks", [track["sortIndex"] for name, track in tracks.items() if name in names],
         list(range(len(names))))
    totals = collections.defaultdict(lambda: [0, 0])
    for name, row in zip(names, statistics["vcpus"]):
        groups = tracks.get(name, {"groups": []})["groups"]
        counted = collections.defaultdict(lambda: [0, 0])
        for group in groups:
            kind, _, exit_class = group["category"].partition(",")
            title = group["title"]
            counted[kind][0] += group["count"]
            counted[kind][1] += group["duration"]
            same(f"{name}, {title}: slices without an end", group["unfinished"], 0)
            if not LIES_IN[kind].issuperset(parent.partition(",")[0] for parent in group["parents"]):
                wrong.append(f"{name}, {title}: lies in {group['parents']}")
            if abs(group["shownMilliseconds"] * 1e6 - group["duration"]) > group["count"]:
                wrong.append(f"{name}, {title}: sums differ: {group}")
            if kind == "handling":
                exit_name = title.split(" ", 1)[-1]
                for key in ((exit_class, exit_name), (exit_class,)):
                    totals[key][0] += group["count"]
                    totals[key][1] += group["duration"]
                if "event" not in group["arguments"]:
                    wrong.append(f"{name}, {title}: a click shows no event")
        same(f"{name}: stays in the guest", counted["guest"], [row["count"], row["guest"]])
        same(f"{name}: handling", counted["handling"], [row["count"], row["total"] + row["blocked"]])
        same(f"{name}: time asleep", counted["blocked"][1], row["blocked"])
    for row in statistics["exits"]:
        key = (row["class"], row["name"])
        same(" ".join(key), totals.pop(key, None), [row["count"], row["total"] + row["blocked"]])
    for row in statistics["classes"]:
        same(row["class"], totals.pop((row["class"],), None), [row["count"], row["total"] + row["blocked"]])
    same("what the statistics do not know", dict(totals), {})
    if not statistics["exits"]:
        wrong.append("there is nothing to compare")
    return wrong


def main(catapult, trace, statistics, screenshot=None):
    with open(statistics) as file:
        expected = json.load(file)
    with open(trace) as file:
        dropped = json.load(file)["otherData"]["dropped"]
    if dropped != "0":
        sys.exit(f"{dropped} records of the trace were dropped: there is nothing to compare with (buffer=SIZE helps)")
    seen = look(catapult, trace, screenshot)
    wrong = check(seen, expected)
    for line in wrong[:40]:
        print(line)
    if not wrong:
        slices = sum(group["count"] for track in seen["tracks"] for group in track["groups"])
        print(f"the viewer shows {len(seen['tracks'])} tracks with {slices} slices and instants; "
              f"{len(expected['exits'])} kinds of exits agree with the statistics in number and time")
    return 1 if wrong else 0


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
