"""A client that puts ids into names and tags: it is told the limit's name, everybody else goes on."""
from daemon import until
from test_collector import counted, make, now_ns, table  # noqa: F401
from test_collector_reload import DEAD, alone, reload


def test_a_push_beyond_a_limit_is_refused_whole_and_the_rest_goes_on(questdb, make, table):  # noqa: F811
    config = {"questdb": {"url": questdb.url}, "limits": {"tables": 2, "columns": 3, "values": 20}}
    c = make(config).start()
    stamp = now_ns()
    assert c.write("\n".join(f"{table},client=c{i} number={i}i {stamp + i}" for i in range(20))).status == 204
    refused = c.write(f"{table},client=c1 number=20i {stamp + 20}\n{table},client=request-8f3a number=21i {stamp + 21}")
    assert refused.status == 400 and refused.json["line"] == 2, refused
    assert f'limits.values: the tag client of {table} has 20 values, "request-8f3a" would be one more' in refused.json["message"]
    refused = c.push(table, {"timestamp": stamp // 10**6, "tags": {"client": "c1"}, "fields": {"number": 1, "value": 1.5, "more": 1}})
    assert refused.status == 400 and "limits.columns" in refused.json["message"] and '"more"' in refused.json["message"], refused
    assert c.write(f"process_metrics,process=p threads=1i {stamp}").status == 204
    refused = c.write(f"t{stamp} v=1 {stamp}")
    assert refused.status == 400 and "limits.tables: there are 2 tables" in refused.json["message"]
    assert c.write("\n".join(f"{table},client=c{i % 20} number={i}i {stamp + i}" for i in range(20, 200))).status == 204
    counted(questdb, table, 200)
    assert [c.metric("collector_limit_refusals_total", limit=limit) for limit in ("tables", "columns", "values")] == [1, 1, 1]
    assert c.metric("collector_cardinality", kind="values") == 22 and c.metric("collector_rows_refused_total", reason="limit") == 3
    health = c.get("/health")
    assert health.status == 200 and health.json["status"] == "degraded" and "limits.tables" in health.json["limits"]["reason"], health
    assert sum("event=limit_reached" in line for line in c.err) == 1, "told at most once a minute"
    c.configure({**config, "limits": {"tables": 3, "columns": 3, "values": 20}})
    reload(c)
    assert c.write(f"t{stamp} v=1 {stamp}").status == 204, "raised without a restart"


def test_rows_of_a_source_beyond_a_limit_are_counted_and_told(alone):
    c = alone({"questdb": DEAD, "limits": {"tables": 1}, "sources": [
        {"type": "process", "name": "machine", "every": "100ms"}, {"type": "daemon", "name": "gone", "url": "http://127.0.0.1:1/", "every": "100ms"}]})
    until(lambda: (c.metric("collector_rows_refused_total", reason="limit") or 0) >= 3, "rows that are dropped")
    rows = c.metric("collector_spool_rows")
    until(lambda: c.metric("collector_spool_rows") > rows, "rows of the table that was there first")
    line = c.wait_line(lambda line: "event=limit_reached" in line and line, "err")
    assert "limits.tables: there are 1 tables" in line and c.get("/health").json["status"] == "degraded"
