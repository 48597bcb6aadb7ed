"""A private Postfix: STARTTLS and AUTH on one loopback port, implicit TLS on another, one folder of its own.

Three verdicts in one transaction: ops@ and ops2@ are taken (and kept as mail), nobody@ gets 550, grey@ gets 450
(until `greylist(False)`). Needs root, as Postfix does.
"""
import email
import email.policy
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile

from daemon import SECRETS, until
from ports import free_ports

MAIN = """
compatibility_level = 3.6
queue_directory = {d}/queue
data_directory = {d}/data
mail_owner = postfix
setgid_group = postdrop
daemon_directory = /usr/lib/postfix/sbin
command_directory = /usr/sbin
shlib_directory = /usr/lib/postfix
meta_directory = /etc/postfix
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = pf.test
mydestination =
virtual_mailbox_domains = example.org
virtual_mailbox_base = {d}/mail
virtual_mailbox_maps = inline:{{{{ops@example.org=ops/}} {{ops2@example.org=ops2/}} {{grey@example.org=grey/}}}}
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
virtual_transport = virtual
mynetworks =
smtputf8_enable = no
smtpd_tls_cert_file = {d}/conf/cert.pem
smtpd_tls_key_file = {d}/conf/key.pem
smtpd_tls_security_level = encrypt
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = cyrus
smtpd_sasl_path = smtpd
cyrus_sasl_config_path = {d}/conf/sasl
smtpd_sasl_local_domain = pf.test
smtpd_recipient_restrictions = check_recipient_access pcre_or_texthash, permit_sasl_authenticated, reject
smtpd_client_restrictions =
smtpd_delay_reject = yes
smtpd_error_sleep_time = 0
smtpd_soft_error_limit = 1000
smtpd_hard_error_limit = 1000
in_flow_delay = 0
maillog_file = {log}
maillog_file_prefixes = /var, {d}
"""

MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
127.0.0.1:{implicit} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
127.0.0.1:{open} inet n - n - - smtpd -o smtpd_tls_security_level=none -o smtpd_sasl_auth_enable=no -o smtpd_recipient_restrictions=check_recipient_access,texthash:{d}/conf/grey,permit_auth_destination,reject
postlog unix-dgram n - n - 1 postlogd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
scache unix - - n - 1 scache
virtual unix - n n - - virtual
"""


class Postfix:
    user = "notifier@pf.test"
    password = SECRETS["smtp"]

    def __init__(self):
        for program, package in (("postfix", "postfix"), ("saslpasswd2", "sasl2-bin"), ("openssl", "openssl")):
            if not shutil.which(program):
                raise AssertionError(f"{program} is missing: apt-get install {package}")
        if os.geteuid() != 0:
            raise AssertionError("Postfix starts only as root: run the tests as root")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="notifier-postfix-", dir="/var/tmp"))
        self.folder.chmod(0o755)
        self.conf = self.folder / "conf"
        self.log = self.folder / "mail.log"
        self.port, self.implicit_port, self.open_port = free_ports(3)
        self.certificate = str(self.conf / "cert.pem")
        try:
            self._prepare()
            self._postfix("start")
            until(self._answers, "Postfix to greet")
        except BaseException:
            self.close()
            raise

    def _prepare(self):
        owner = pwd.getpwnam("postfix")
        for name in ("conf", "conf/sasl", "queue", "data", "mail"):
            (self.folder / name).mkdir()
        os.chown(self.folder / "data", owner.pw_uid, owner.pw_gid)
        os.chown(self.folder / "mail", owner.pw_uid, owner.pw_gid)
        where = {"d": self.folder, "log": self.log, "uid": owner.pw_uid, "gid": owner.pw_gid, "port": self.port,
                 "implicit": self.implicit_port, "open": self.open_port}
        main = MAIN.format(**where).replace("pcre_or_texthash", f"texthash:{self.conf}/grey")
        (self.conf / "main.cf").write_text(main)
        (self.conf / "master.cf").write_text(MASTER.format(**where))
        self.greylist(True, reload=False)
        (self.conf / "sasl/smtpd.conf").write_text(f"pwcheck_method: auxprop\nauxprop_plugin: sasldb\n"
                                                   f"sasldb_path: {self.conf}/sasldb2\nmech_list: PLAIN LOGIN\n")
        subprocess.run(["saslpasswd2", "-c", "-p", "-f", str(self.conf / "sasldb2"), "-u", "pf.test", "notifier"],
                       input=self.password, text=True, check=True, capture_output=True)
        os.chown(self.conf / "sasldb2", owner.pw_uid, owner.pw_gid)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                        "-keyout", str(self.conf / "key.pem"), "-out", self.certificate], check=True, capture_output=True)

    def _postfix(self, verb):
        done = subprocess.run(["postfix", "-c", str(self.conf), verb], capture_output=True, text=True, timeout=60,
                              env={"PATH": os.environ["PATH"], "MAIL_CONFIG": str(self.conf)})
        if done.returncode:
            raise AssertionError(f"postfix {verb}: {done.stdout}{done.stderr}{self.said()[-3000:]}")

    def _answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5) as connection:
                return connection.recv(100).startswith(b"220")
        except OSError:
            return False

    def greylist(self, on, reload=True):
        """450 for grey@, or not."""
        (self.conf / "grey").write_text("grey@example.org 450 4.7.1 greylisted, come back\n" if on else "none@example.org OK\n")
        if reload:
            self._postfix("reload")

    def said(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def sessions(self):
        """Log lines of smtpd that end a session: '... commands=...'."""
        return re.findall(r"disconnect from .*", self.said())

    def attempts(self, recipient):
        """How often this recipient was named: refused by the log, or queued."""
        refused = len(re.findall(rf"reject: RCPT .*to=<{re.escape(recipient)}>", self.said()))
        return refused + len(re.findall(rf"to=<{re.escape(recipient)}>.*status=sent", self.said()))

    def mails(self, recipient):
        folder = self.folder / "mail" / recipient.split("@")[0] / "new"
        if not folder.is_dir():
            return []
        found = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns)
        return [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in found]

    def wait_mails(self, recipient, count, select=lambda mail: True, deadline=30):
        return until(lambda: (lambda got: len(got) >= count and got)([m for m in self.mails(recipient) if select(m)]),
                     f"{count} mails for {recipient}: {self.said()[-1500:]}", deadline)

    def empty(self):
        shutil.rmtree(self.folder / "mail")
        (self.folder / "mail").mkdir()
        owner = pwd.getpwnam("postfix")
        os.chown(self.folder / "mail", owner.pw_uid, owner.pw_gid)

    def close(self):
        pidfile = self.folder / "queue/pid/master.pid"
        if pidfile.exists():
            pid = int(pidfile.read_text())
            try:
                os.kill(pid, signal.SIGTERM)
                until(lambda: not os.path.exists(f"/proc/{pid}"), "Postfix to end", 15)
            except ProcessLookupError:
                pass
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
