"use strict";
// A page that says so shows what changed without being asked: on a word from the stream it reads itself again and takes
// over the new <main>. Only while it is looked at, at most every two seconds, and never under somebody's hands.
const main = document.querySelector("main[data-live]");
const root = document.currentScript.src;
const PAUSE_MS = 2000;
const CALM = 10;               // and at most a tenth of the time is spent reading: a storm makes a page slow to make
const SETTLED_MS = 1500;       // whoever only passes through opens no stream
const LOOK_ANYWAY_MS = 60000; // "for 12 min" grows by itself, and a stream may be refused

if (main) {
  let stream = null, timer = 0, lookedAt = Date.now(), pause = PAUSE_MS;

  const isTouched = () => {
    const focused = document.activeElement;
    return main.querySelector("details[open]") || !getSelection().isCollapsed ||
      (main.contains(focused) && focused.matches("input, select, textarea, button"));
  };

  // The link somebody stands on is there again, most times.
  const withFocusKept = (change) => {
    const focused = document.activeElement;
    const href = main.contains(focused) && focused.getAttribute("href");
    change();
    if (href) {
      const again = [...main.querySelectorAll("a[href]")].find((link) => link.getAttribute("href") === href);
      if (again) again.focus({ preventScroll: true });
    }
  };

  const look = async () => {
    timer = 0;
    lookedAt = Date.now();
    if (document.hidden) return;
    if (isTouched()) return soon();
    try {
      const answer = await fetch(location.href);
      if (!answer.ok) return;
      const text = await answer.text();
      pause = Math.max(PAUSE_MS, CALM * (Date.now() - lookedAt));
      const page = new DOMParser().parseFromString(text, "text/html");
      const fresh = page.querySelector("main[data-live]");
      if (!fresh) return;
      if (isTouched()) return soon();
      translateTimes(fresh);
      withFocusKept(() => main.replaceChildren(...fresh.childNodes));
    } catch { /* the daemon restarts; the next look finds it */ }
  };

  const soon = () => {
    if (!timer) timer = setTimeout(look, Math.max(pause - (Date.now() - lookedAt), 100));
  };

  // "ready" as well: something may have happened between the page and the stream.
  const listen = () => {
    stream = new EventSource(new URL("api/v1/stream", root));
    for (const kind of ["alert", "incident", "delivery", "channel", "silence", "reset", "ready"]) stream.addEventListener(kind, soon);
  };

  // A browser has few connections to one host: a hidden page holds none. A stream that was refused is tried again.
  const follow = () => {
    if (stream && (document.hidden || stream.readyState === EventSource.CLOSED)) {
      stream.close();
      stream = null;
    }
    if (!document.hidden && !stream) listen();
  };

  const anyway = () => {
    if (document.hidden || Date.now() - lookedAt < LOOK_ANYWAY_MS) return;
    follow();
    soon();
  };

  document.addEventListener("visibilitychange", () => {
    follow();
    if (!document.hidden) soon();
  });
  addEventListener("pagehide", () => stream && stream.close());
  setInterval(anyway, LOOK_ANYWAY_MS / 4);
  setTimeout(follow, SETTLED_MS);
}
