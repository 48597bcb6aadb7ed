#!/usr/bin/python3
"""Every dashboard as a picture, drawn from its own queries over the seeded thirty days: `make draw-dashboards`.

    draw.py FOLDER      writes FOLDER/UID-RANGE.html, and .png beside it where chromium is

For eyes, before a change of panels goes out: is there something in each panel, and does it make sense? The grid, units,
words, thresholds and kinds are those of the model; the looks are not Grafana's.
"""
import datetime
import html
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import dashboards_read as read
import seed
import server

CELL, ROW = 56, 38  # pixels of a column and a row of the grid
COLOURS = ("#73bf69", "#5794f2", "#f2cc0c", "#ff9830", "#f2495c", "#b877d9", "#8ab8ff", "#c0d8ff", "#96d98d", "#fade2a")
NAMED = {"green": "#299c46", "red": "#c4162a", "orange": "#e0752d", "blue": "#1f60c4"}
RANGES = {"day": 86400, "30d": 30 * 86400}
PICTURE_SECONDS = 60


def shown(value, unit):
    """A number as Grafana writes it, roughly."""
    if value is None:
        return "–"
    if isinstance(value, (str, bool)):
        return str(value)
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if unit in ("bytes", "mbytes"):
        value = value * 2**20 if unit == "mbytes" else value
        for name in ("B", "KiB", "MiB", "GiB"):
            if abs(value) < 1024:
                break
            value /= 1024
        else:
            name = "TiB"
        return f"{value:.4g} {name}"
    if unit in ("s", "dtdurations", "m", "h"):
        seconds = value * {"m": 60, "h": 3600}.get(unit, 1)
        for name, length in (("d", 86400), ("h", 3600), ("min", 60)):
            if abs(seconds) >= length:
                return f"{seconds / length:.3g} {name}"
        return f"{seconds:.3g} s"
    if unit == "dateTimeFromNow":
        return f"{(time.time() - value / 1000) / 3600:.1f} h ago"
    if unit == "dateTimeAsLocal":
        return str(value)
    return f"{value:,.4g}" + {"percent": " %", "ms": " ms"}.get(unit, "") if abs(value) < 10000 else f"{value:,.0f}"


class Panel:
    """A panel's model and what its queries answered."""

    def __init__(self, board, model, connection, start, end):
        self.model, self.start, self.end = model, start, end
        defaults = model["fieldConfig"]["defaults"]
        self.unit, self.steps = defaults["unit"], defaults["thresholds"]["steps"]
        self.low, self.high = defaults.get("min"), defaults.get("max")
        self.words = {float(value): word for mapping in defaults["mappings"] for value, word in mapping["options"].items()}
        self.answers = []
        for target in model.get("targets", []):
            with connection.cursor() as cursor:
                cursor.execute(read.sql_of(board, model, target, start, end))
                self.answers.append(server.Answer(cursor))

    def colour(self, value):
        if value in self.words:
            return NAMED[self.words[value]["color"]]
        return NAMED.get(next((step["color"] for step in reversed(self.steps) if step["value"] is None or value >= step["value"]), "green"))

    def series(self):
        """name -> [(second, value)] of each curve."""
        found = {}
        for answer in self.answers:
            at = answer.names.index("time")
            numbers = [index for index, kind in enumerate(answer.types) if kind in read.NUMBERS]
            texts = [index for index, kind in enumerate(answer.types) if kind in read.TEXT]
            for row in answer.rows:
                second = row[at].replace(tzinfo=datetime.timezone.utc).timestamp()
                for index in numbers:
                    name = " ".join(str(row[text]) for text in texts) or answer.names[index]
                    found.setdefault(name, []).append((second, row[index]))
        return found

    def draw(self, width, height):
        kind = self.model["type"]
        if kind == "alertlist":
            return "<p class=none>Grafana's own list</p>"
        if kind == "table":
            return self.table()
        series = self.series()
        if not any(value is not None for points in series.values() for _, value in points):
            return "<p class=none>NO DATA</p>"
        return {"timeseries": self.curves, "state-timeline": self.spans, "stat": self.tiles, "bargauge": self.bars}[kind](series, width, height)

    def newest(self, series):
        return {name: next((value for _, value in reversed(points) if value is not None), None) for name, points in series.items()}

    def tiles(self, series, *_):
        return "<div class=tiles>" + "".join(
            f"<div style='background:{self.colour(value)}'><b>{html.escape(self.words[value]['text'] if value in self.words else shown(value, self.unit))}</b>"
            f"<br>{html.escape(name)}</div>" for name, value in self.newest(series).items()) + "</div>"

    def bars(self, series, *_):
        values = self.newest(series)
        top = self.high or max([value for value in values.values() if value is not None], default=1) or 1
        return "".join(
            f"<div class=bar><span>{html.escape(name)}</span><i style='width:{max(1, 50 * (value or 0) / top):.0f}%;background:{self.colour(value or 0)}'></i>"
            f" {shown(value, self.unit)}</div>" for name, value in values.items())

    def table(self):
        units = {one["matcher"]["options"]: one["properties"][0]["value"] for one in self.model["fieldConfig"]["overrides"]}
        [answer] = self.answers
        if not answer.rows:
            return "<p class=none>NO ROWS</p>"
        head = "".join(f"<th>{html.escape(name)}</th>" for name in answer.names)
        body = "".join("<tr>" + "".join(f"<td>{html.escape(shown(value, units.get(name, 'short')))}</td>" for name, value in zip(answer.names, row)) + "</tr>"
                       for row in answer.rows[:8])
        return f"<table><tr>{head}</tr>{body}</table>{len(answer.rows)} rows"

    def across(self, second, width):
        return 60 + (second - self.start) / (self.end - self.start) * (width - 70)

    def spans(self, series, width, height):
        tall = max(10, (height - 30) / max(1, len(series)))
        drawn = []
        for line, (name, points) in enumerate(series.items()):
            for index, (second, value) in enumerate(points):
                if value is not None:
                    until = points[index + 1][0] if index + 1 < len(points) else self.end
                    left = self.across(second, width)
                    drawn.append(f"<rect x={left:.1f} y={line * tall:.0f} width={self.across(until, width) - left + .3:.1f} height={tall - 2:.0f} fill='{self.colour(float(value))}'/>")
            drawn.append(f"<text x=2 y={line * tall + tall / 2:.0f}>{html.escape(name)}</text>")
        return f"<svg width={width} height={height}>{''.join(drawn)}</svg>"

    def curves(self, series, width, height):
        values = [value for points in series.values() for _, value in points if value is not None]
        limits = [step["value"] for step in self.steps if step["value"] is not None]
        low = min(values) if self.low is None else self.low
        high = max(values) if self.high is None else self.high
        high = high if high > low else low + 1
        tall = height - 26
        up = lambda value: tall - (value - low) / (high - low) * (tall - 8)  # noqa: E731
        drawn = [f"<text x=2 y=10>{shown(high, self.unit)}</text><text x=2 y={tall}>{shown(low, self.unit)}</text>"]
        drawn += [f"<line x1=60 x2={width} y1={up(limit):.0f} y2={up(limit):.0f} stroke=red stroke-dasharray=4 />" for limit in limits if low <= limit <= high]
        for index, (name, points) in enumerate(series.items()):
            colour, pen, path = COLOURS[index % len(COLOURS)], "M", []
            for second, value in points:
                if value is None:
                    pen = "M"
                    continue
                path.append(f"{pen}{self.across(second, width):.1f},{up(value):.1f}")
                pen = "L"
            drawn.append(f"<path d='{' '.join(path)}' fill=none stroke='{colour}'/>")
            if index < 8:
                drawn.append(f"<text x={60 + index * (width - 60) / min(8, len(series)):.0f} y={height - 8} fill='{colour}'>{html.escape(name)}</text>")
        return f"<svg width={width} height={height}>{''.join(drawn)}</svg>"


STYLE = """body{background:#111217;color:#ccccdc;font:11px sans-serif;margin:0;position:relative}section{position:absolute;background:#181b1f;border:1px solid #333;
box-sizing:border-box;overflow:hidden;padding:2px 4px}h4{margin:0 0 2px}text{fill:#ccccdc;font:10px sans-serif}.none{color:#f2495c;font-weight:bold}
.tiles{display:flex;gap:3px;flex-wrap:wrap}.tiles div{padding:6px;flex:1}.tiles b{font-size:15px}.bar span{display:inline-block;width:30%}.bar i{display:inline-block;height:12px}
table{border-collapse:collapse;font-size:10px}td,th{border:1px solid #333;padding:1px 4px;text-align:left}"""


def page(board, connection, end, span):
    drawn, bottom = [], 0
    for model in board["panels"]:
        box = model["gridPos"]
        width, height = box["w"] * CELL - 12, box["h"] * ROW - 26
        panel = Panel(board, model, connection, end - span, end)
        drawn.append(f"<section style='left:{box['x'] * CELL}px;top:{box['y'] * ROW}px;width:{box['w'] * CELL - 3}px;height:{box['h'] * ROW - 3}px'>"
                     f"<h4>{html.escape(model['title'])}</h4>{panel.draw(width, height)}</section>")
        bottom = max(bottom, (box["y"] + box["h"]) * ROW)
    return f"<!doctype html><meta charset=utf-8><title>{board['uid']}</title><style>{STYLE}</style><body>{''.join(drawn)}</body>", bottom


def main(folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    until = int(time.time()) // 3600 * 3600
    chromium = shutil.which("chromium")
    with tempfile.TemporaryDirectory() as root, server.QuestDB(root + "/root") as questdb:
        seed.fill(questdb.url, until, days=30, step=300, fine=seed.DAY)
        questdb.wait_applied(300)
        connection = questdb.connect()
        for board in read.dashboards():
            for label, span in RANGES.items():
                text, bottom = page(board, connection, until, span)
                path = folder / f"{board['uid']}-{label}.html"
                path.write_text(text, encoding="utf-8")
                if chromium:
                    subprocess.run([chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--window-size={24 * CELL},{bottom}",
                                    f"--screenshot={path.with_suffix('.png')}", f"file://{path.resolve()}"], check=True, capture_output=True, timeout=PICTURE_SECONDS)
                print(f"{path}: {text.count('NO DATA')} panels without data, {text.count('NO ROWS')} without rows", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
