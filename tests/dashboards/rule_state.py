"""Grafana's evaluation of one rule, step by step: SQL to labelled numbers, reduce, threshold, then the states over time.

What is told apart: no row (noDataState), a query that fails (execErrState), and a label set that is no longer there,
which ends after the evaluations the rule says without it.
"""
import grafana_sql
from dashboards_read import NUMBERS, TEXT

NO_LABELS = ()  # an alert raised by silence or by an error has none


class QueryFails(Exception):
    pass


def seconds(text):
    return grafana_sql.parse_duration(text) if text != "0" else 0


def numbers_of(answer):
    """A table of one number column and text columns, as Grafana's expressions read it: labels -> number."""
    numeric = [index for index, kind in enumerate(answer.types) if kind in NUMBERS]
    texts = [index for index, kind in enumerate(answer.types) if kind in TEXT]
    assert len(numeric) == 1 and len(texts) + 1 == len(answer.types), f"one number and texts are wanted: {list(zip(answer.names, answer.types))}"
    found = {}
    for row in answer.rows:
        labels = tuple((answer.names[index], row[index] or "") for index in texts)
        assert labels not in found, f"two rows have the labels {labels}: Grafana refuses such an answer"
        found[labels] = row[numeric[0]]
    return found


def evaluate(rule, ask, at):
    """labels -> (value, whether the condition holds); empty without data. Raises QueryFails."""
    steps = {step["refId"]: step for step in rule["data"]}
    values = {}
    for ref, step in steps.items():
        model = step["model"]
        if step["datasourceUid"] != "__expr__":
            window = step["relativeTimeRange"]
            assert model["format"] == "table", ref
            values[ref] = numbers_of(ask(grafana_sql.with_macros(model["rawSql"], at - window["from"], at - window["to"], 15)))
        elif model["type"] == "reduce":
            assert model["reducer"] == "last" and model["settings"] == {"mode": "dropNN"}, model
            values[ref] = {labels: value for labels, value in values[model["expression"]].items() if value is not None}
        else:
            assert model["type"] == "threshold", model
            evaluator = model["conditions"][0]["evaluator"]
            limit = evaluator["params"][0]
            holds = {"gt": lambda value: value > limit, "lt": lambda value: value < limit}[evaluator["type"]]
            values[ref] = {labels: (value, holds(value)) for labels, value in values[model["expression"]].items()}
    return values[rule["condition"]]


class State:
    """Normal, Pending or Firing for each label set, from evaluation to evaluation."""

    def __init__(self, rule):
        self.rule, self.wait = rule, seconds(rule["for"])
        self.since, self.state, self.missed = {}, {}, {}

    def step(self, ask, at):
        try:
            found = evaluate(self.rule, ask, at)
        except QueryFails:
            if self.rule["execErrState"] == "KeepLast":
                return self.state
            assert self.rule["execErrState"] == "Alerting"
            found = {NO_LABELS: (None, True)}
        if not found:
            assert self.rule["noDataState"] in ("OK", "Alerting")
            # Every instance goes the way of the whole rule; without instances one without labels stands for it.
            holds = self.rule["noDataState"] == "Alerting"
            found = {labels: (None, holds) for labels in (self.state or {NO_LABELS: None})}
        for labels, (_, holds) in found.items():
            self.missed[labels] = 0
            if not holds:
                self.since.pop(labels, None)
                self.state[labels] = "Normal"
            else:
                began = self.since.setdefault(labels, at)
                self.state[labels] = "Firing" if at - began >= self.wait else "Pending"
        for labels in [labels for labels in self.state if labels not in found]:
            self.missed[labels] += 1
            if self.missed[labels] >= self.rule["missing_series_evals_to_resolve"]:
                del self.state[labels]
                self.since.pop(labels, None)
        return self.state
