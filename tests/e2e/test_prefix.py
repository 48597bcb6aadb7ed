"""A path in server.public_url goes before everything we link to, and requests come with it or without; and pages of others
that read the API of Alertmanager."""
import re
import shutil
import subprocess

from daemon import ADMIN, alert, config, console, hook

PREFIX = "/notifier"
AMTOOL = shutil.which("amtool")
LINKS = re.compile(r'(?:href|src|action)="(/[^"]*)"')


def prefixed(sink, **more):
    return config(hook(sink), server={"public_url": f"https://alerts.example.org{PREFIX}/"}, **more)


def test_links_of_pages_carry_the_prefix_and_lead_somewhere(start, sink):
    d = start(prefixed(sink))
    d.fire(alert("Prefixed", annotations={"summary": 'a stranger\'s <a href="/elsewhere"> stays as it is'}))
    sink.wait_taken()
    d.wait_at_rest()
    seen, ahead = set(), ["/", "/history", "/deliveries", "/channels", "/silences", "/silences/new", "/routes"]
    while ahead:
        path = ahead.pop()
        if path in seen:
            continue
        seen.add(path)
        bare, reply = d.get(path), d.get(PREFIX + path)
        assert bare.status == reply.status == 200, (path, bare, reply)
        if not reply.headers["content-type"].startswith("text/html"):
            continue
        links = [link.replace("&amp;", "&") for link in LINKS.findall(reply.text)]
        assert links and all(link.startswith(PREFIX + "/") for link in links), (path, links)
        assert [link.split("?")[0] for link in LINKS.findall(bare.text)] == [link.split("?")[0] for link in LINKS.findall(reply.text)], path
        ahead += [link.removeprefix(PREFIX) for link in links if f'action="{link}"' not in reply.text and len(seen) + len(ahead) < 200]
    assert any(path.startswith("/alerts/") for path in seen) and "/style.css" in seen and "/live.js" in seen, seen
    assert 'href=&#34;/elsewhere&#34;' in d.get("/").text, "a stranger's link is text, and untouched"


def test_what_is_served_and_what_is_not(start, sink):
    d = start(prefixed(sink))
    for path in (PREFIX, PREFIX + "/", PREFIX + "?x=1", PREFIX + "/-/healthy", "/-/healthy", PREFIX + "/metrics", PREFIX + "/api/v1/alerts"):
        assert d.get(path).status == 200, path
    for path in (PREFIX + "x", PREFIX + PREFIX, PREFIX + "/nosuch", "/other/"):
        assert d.get(path).status == 404, path
    assert d.post(b'{"receiver":"n","status":"firing","alerts":[]}', path=PREFIX + "/api/v1/webhook/grafana").status == 200


def test_amtool_under_a_prefix(start, sink):
    assert AMTOOL, "amtool is missing: apt-get install prometheus-alertmanager"
    d = start(prefixed(sink))

    def amtool(*arguments):
        done = subprocess.run([AMTOOL, f"--alertmanager.url={d.url}{PREFIX}", *arguments], capture_output=True, text=True, timeout=60,
                              cwd=d.folder, env={"PATH": "/usr/bin:/bin", "HOME": str(d.folder)})
        assert done.returncode == 0, done
        return done.stdout

    amtool("alert", "add", "Prefixed", "host=web-1")
    sink.wait(lambda: any("Prefixed" in m.text for m in sink.taken))
    assert "Prefixed" in amtool("alert", "query")
    silence = amtool("silence", "add", "host=web-1", "--comment", "c", "--author", "a", "--duration", "1h").strip()
    assert silence in amtool("silence", "query")


def test_a_form_leads_back_under_the_prefix(start, sink):
    d = start(prefixed(sink))
    page = d.get(f"{PREFIX}/silences/new?matcher=host%3Dweb-1")
    assert f'action="{PREFIX}/silences' in page.text, page
    reply = d.post("matcher=host%3D%22web-1%22&for=2h&comment=work&id=&starts=", path=PREFIX + "/silences",
                   headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert reply.status == 303, reply
    assert reply.headers["location"].startswith(PREFIX + "/silences"), reply.headers
    assert d.get(reply.headers["location"]).status == 200


ORIGIN = {"Origin": "https://karma.example.org"}


def test_pages_of_others_may_read_the_alertmanager_api_where_people_are_known(start, sink):
    d = start(prefixed(sink, auth={"tokens": [{"name": "admin", "token": ADMIN, "role": "admin"}]}))
    for prefix in ("", PREFIX):
        asked = d.call("OPTIONS", prefix + "/api/v2/alerts", token=False, headers={
            **ORIGIN, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"})
        assert asked.status == 200, asked
        given = d.get(prefix + "/api/v2/alerts", headers={**ORIGIN, "Authorization": f"Bearer {ADMIN}"})
        assert given.status == 200, given
        for reply in (asked, given):
            assert reply.headers["access-control-allow-origin"] == "*"
            assert reply.headers["access-control-allow-methods"] == "GET, POST, DELETE, OPTIONS"
            assert reply.headers["access-control-allow-headers"] == "Accept, Authorization, Content-Type, Origin"
            assert "access-control-allow-credentials" not in reply.headers
    assert d.get("/api/v2/alerts", headers=ORIGIN).status == 401
    own = d.call("OPTIONS", "/api/v1/alerts", headers=ORIGIN)
    assert own.status == 204 and "access-control-allow-origin" not in own.headers, "only what Alertmanager has"


def test_without_people_no_page_of_others_reads_anything(start):
    d = start(config(console()))
    reply = d.call("OPTIONS", "/api/v2/alerts", headers=ORIGIN)
    assert reply.status == 200 and "access-control-allow-origin" not in reply.headers
    assert d.get("/api/v2/alerts", headers=ORIGIN).status == 403


def test_commands_under_a_prefix(start, sink):
    """What a person behind a proxy has is the address with its path, with a slash at its end or without."""
    d = start(prefixed(sink))
    for url in (d.url + PREFIX, d.url + PREFIX + "/"):
        def cli(*arguments, code=0):
            done = d.cli(*arguments, env={"NOTIFIER_URL": url})
            assert done.returncode == code, done
            return done.stdout

        cli("send", "--title", "Prefixed by a script", "--severity", "critical")
        sink.wait(lambda: any("Prefixed by a script" in message.text for message in sink.taken))
        d.wait_at_rest()
        assert "Prefixed" in cli("alerts") and "Prefixed" in cli("history", "--output", "csv") and "hook" in cli("deliveries", "list")
        made = cli("silence", "add", "a=b", "--duration", "1h", "--comment", "work").strip()
        assert made.split()[-1] in cli("silence", "list")
        cli("why", d.items("/api/v1/alerts")[0]["id"])
        cli("route", "show")
        assert "no notifier answers" not in d.cli("alerts", env={"NOTIFIER_URL": d.url + "/elsewhere"}).stderr
    assert d.cli("alerts", env={"NOTIFIER_URL": d.url + "/elsewhere"}).returncode == 1


def test_a_path_that_cannot_be_served_is_a_mistake(make):
    d = make(config(console(), server={"public_url": "https://alerts.example.org/on call"}))
    done = d.cli("check-config", str(d.path))
    assert done.returncode == 2 and '" " may not stand there' in done.stderr + done.stdout, done
    assert any(part.startswith(f"{d.path}:") and part.split(":")[1].isdigit() for part in (done.stderr + done.stdout).splitlines()), done
