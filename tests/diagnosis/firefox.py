"""firefox.py PORT [--trust=PEM] URL...: prints what Firefox shows instead of each page, in one line, with
the text behind "Advanced". PORT is for Marionette."""
import json, os, socket, subprocess, sys, tempfile, time

SHOWN = """let text = ""; (function walk(node) {
  for (const child of node.childNodes) child.nodeType == Node.TEXT_NODE ? text += child.data + " " : walk(child);
  if (node.shadowRoot) walk(node.shadowRoot); })(document.body);
  for (const read of [() => document.getNetErrorInfo(), () => document.getFailedCertSecurityInfo()])
    try { text += " " + read().errorCodeString; } catch (none) {}
  return text;"""


class Marionette:
    def __init__(self, port):
        for _ in range(600):
            try:
                self.socket = socket.create_connection(("127.0.0.1", port))
                break
            except OSError:
                time.sleep(0.1)
        self.file = self.socket.makefile("rb")
        self.receive()

    def receive(self):
        length = b""
        while not length.endswith(b":"):
            length += self.file.read(1)
        return json.loads(self.file.read(int(length[:-1])))

    def call(self, name, **parameters):
        message = json.dumps([0, 1, name, parameters]).encode()
        self.socket.sendall(b"%d:%s" % (len(message), message))
        return self.receive()[3]


with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
    with open(profile + "/user.js", "w") as settings:
        settings.write('user_pref("marionette.port", %s);\n' % sys.argv[1])
    urls = sys.argv[2:]
    if urls[0].startswith("--trust="):
        subprocess.run(["certutil", "-N", "-d", "sql:" + profile, "--empty-password"], check=True)
        subprocess.run(["certutil", "-A", "-d", "sql:" + profile, "-n", "trusted", "-t", "C,,",
                        "-i", urls.pop(0)[len("--trust="):]], check=True)
    browser = subprocess.Popen(
        ["firefox-esr", "--headless", "--marionette", "--no-remote", "--profile", profile],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "HOME": profile})
    try:
        marionette = Marionette(int(sys.argv[1]))
        marionette.call("WebDriver:NewSession")
        for url in urls:
            marionette.call("WebDriver:Navigate", url=url)
            shown = marionette.call("WebDriver:ExecuteScript", script=SHOWN, args=[], sandbox="system")
            print(" ".join(shown["value"].split()), flush=True)
    finally:
        browser.kill()
        browser.wait()
