"use strict";
// The reader's own time zone and language; without script the page says UTC.
const day = (at) => at.toLocaleDateString();

function translateTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    time.title = time.dateTime.replace("T", " ").replace(/(\.\d+)?Z$/, " UTC");
    time.textContent = day(at) === day(new Date())
      ? at.toLocaleTimeString(undefined, { timeStyle: "medium" })
      : at.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
  }
}

translateTimes(document);
