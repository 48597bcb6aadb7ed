"use strict";
// The reader's own time zone and language, and the foot says which; without script the page says UTC.
const day = (at) => at.toLocaleDateString();
const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;

// Of today without the date.
const inWords = (at) => day(at) === day(new Date())
  ? at.toLocaleTimeString(undefined, { timeStyle: "medium" })
  : at.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });

function translateTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    time.title = time.dateTime.replace("T", " ").replace(/(\.\d+)?Z$/, " UTC");
    time.textContent = inWords(at);
  }
}

translateTimes(document);
if (zone !== "UTC") document.getElementById("zone").textContent = `Times are those of ${zone || "where you are"}, your browser's time zone; hover shows UTC.`;
// A page left open over night: what was today's is yesterday's.
document.addEventListener("visibilitychange", () => translateTimes(document));
