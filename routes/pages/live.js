"use strict";
// A page that says so shows what changed without being asked: on a word from the stream it reads itself again and takes
// over the new <main>. Only while it is looked at, at most every two seconds, and never under somebody's hands. Where it cannot, it
// says since when: "Nothing is firing" must not be believed of a page that nobody keeps true.
const main = document.querySelector("main[data-live]");
const root = document.currentScript.src;
const PAUSE_MS = 2000;
const CALM = 10;               // and at most a tenth of the time is spent reading: a storm makes a page slow to make
const SETTLED_MS = 1500;       // whoever only passes through opens no stream
const LOOK_ANYWAY_MS = 60000; // "for 12 min" grows by itself, and a stream may be refused
const ANSWER_MS = 30000;       // a daemon that hangs

if (main) {
  let stream = null, timer = 0, lookedAt = Date.now(), shownAt = lookedAt, pause = PAUSE_MS, isLooking = false, isMissed = false;
  const notice = document.createElement("p");
  notice.className = "message";
  notice.setAttribute("role", "alert");
  notice.hidden = true;
  main.before(notice);

  const tellStale = (why) => {
    const text = `As of ${inWords(new Date(shownAt))}, and it may be otherwise by now: ${why}.`;
    if (notice.hidden || notice.textContent !== text) notice.textContent = text; // said once to whoever hears the page
    notice.hidden = false;
  };

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

  const show = (text) => {
    const fresh = new DOMParser().parseFromString(text, "text/html").querySelector("main[data-live]");
    if (!fresh) return tellStale("the page is another one now; load it again");
    if (isTouched()) return soon();
    translateTimes(fresh);
    withFocusKept(() => main.replaceChildren(...fresh.childNodes));
    shownAt = lookedAt;
    notice.hidden = true;
  };

  const ask = async () => {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, signal: AbortSignal.timeout?.(ANSWER_MS) });
    const text = await answer.text();
    pause = Math.max(PAUSE_MS, CALM * (Date.now() - lookedAt));
    if (answer.ok) show(text);
    else tellStale(answer.status === 401 ? "you are not signed in any more; load the page again" : `notifier answered ${answer.status}`);
  };

  const look = async () => {
    timer = 0;
    lookedAt = Date.now();
    if (document.hidden) return;
    if (isTouched()) {
      if (lookedAt - shownAt > LOOK_ANYWAY_MS) tellStale("it stays as it is while something in it is unfolded, marked or filled in");
      return soon();
    }
    isLooking = true;
    await ask().catch(() => tellStale("notifier cannot be reached"));
    isLooking = false;
    if (isMissed) soon();
    isMissed = false;
  };

  const soon = () => {
    if (isLooking) isMissed = true;
    else if (!timer) timer = setTimeout(look, Math.max(pause - (Date.now() - lookedAt), 100));
  };

  // "ready" as well: something may have happened between the page and the stream. And "error": it may be gone.
  const listen = () => {
    stream = new EventSource(new URL("api/v1/stream", root));
    for (const kind of ["alert", "incident", "delivery", "channel", "silence", "reset", "ready", "error"]) stream.addEventListener(kind, soon);
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
