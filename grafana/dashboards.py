#!/usr/bin/python3
"""Writes grafana/dashboards/*.json: `make dashboards`.

    dashboards.py [FOLDER]      FOLDER: where to; grafana/dashboards, unless said

What is shown stands in nautilus.py, spock.py, delivery.py and collection.py; the SQL they share in queries.py, Grafana's model in
panels.py. Thresholds are those of alerts.yaml.
"""
import json
import pathlib
import sys

import collection
import delivery
import nautilus
import spock
import yaml

HERE = pathlib.Path(__file__).resolve().parent


def everything(limit):
    return [nautilus.health(limit), nautilus.pipeline(limit), nautilus.exchange(limit), nautilus.trading(limit), spock.overview(limit),
            *(spock.region(limit, *region) for region in spock.REGIONS.items()), delivery.delivery(limit), collection.collector(limit)]


def main(folder=HERE / "dashboards"):
    limit = yaml.safe_load((HERE / "alerts.yaml").read_text(encoding="utf-8"))["thresholds"]
    folder.mkdir(parents=True, exist_ok=True)
    for one in everything(limit):
        (folder / f"{one['uid']}.json").write_text(json.dumps(one, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*(pathlib.Path(argument) for argument in sys.argv[1:2]))
