#include "collector/sources/storage.h"
#include "tests/unit/collector/sources/source_test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROW(exchange, type) "pipeline_metrics,host=h1,env=dev,exchange=" exchange ",data_type=" type ",source=pipeline "
#define AT_NOW " 1790000000000000000\n"

static void counts_become_rows(void)
{
    static const struct test_status table[] = {
        {"flat names", "{\"exchanges\":{\"BINANCE\":{\"connected\":true,\"oi_count\":10,\"funding_count\":4,\"liquidation_count\":7}}}",
         ROW("BINANCE", "oi") "records_total=10i,gap_detected=f" AT_NOW ROW("BINANCE", "funding") "records_total=4i,gap_detected=f" AT_NOW
         ROW("BINANCE", "liquidation") "records_total=7i,gap_detected=f" AT_NOW, NULL},
        {"objects", "{\"pipeline\":{\"OKX\":{\"oi\":{\"count\":10,\"latency_ms\":3.5},\"funding\":5}}}",
         ROW("OKX", "oi") "records_total=10i,latency_ms=3.5,gap_detected=f" AT_NOW ROW("OKX", "funding") "records_total=5i,gap_detected=f" AT_NOW, NULL},
        {"one for all exchanges", "{\"running\":true,\"fetch_count\":9,\"liquidation_count\":41,\"exchanges\":[\"OKX\"]}",
         "pipeline_metrics,host=h1,env=dev,data_type=liquidation,source=pipeline records_total=41i,gap_detected=f" AT_NOW, NULL},
        {"a gap that is open", "{\"exchanges\":{\"OKX\":{\"oi_count\":1}},\"gaps\":[{\"exchange\":\"OKX\",\"data_type\":\"funding\",\"start\":1},"
                               "{\"exchange\":\"OKX\",\"data_type\":\"open_interest\",\"start\":1789999000,\"symbols\":[\"BTC\",\"ETH\"]},"
                               "{\"exchange\":\"OKX\",\"data_type\":\"oi\",\"start\":1,\"end\":2}]}",
         ROW("OKX", "oi") "records_total=1i,gap_detected=t,gap_started_at=1789999000000000t,gap_duration_seconds=1000,symbols=\"BTC,ETH\"" AT_NOW, NULL},
        {"a gap by its length", "{\"exchanges\":{\"OKX\":{\"oi\":{\"count\":1,\"gap\":{\"duration_seconds\":60}}}}}",
         ROW("OKX", "oi") "records_total=1i,gap_detected=t,gap_started_at=1789999940000000t,gap_duration_seconds=60" AT_NOW, NULL},
        {"a gap of its own that is over", "{\"exchanges\":{\"OKX\":{\"oi\":{\"count\":1,\"gap\":{\"start\":1789999000,\"end\":1789999060}}}}}",
         ROW("OKX", "oi") "records_total=1i,gap_detected=f" AT_NOW, NULL},
        {"nothing counted", "{\"exchanges\":{\"OKX\":{\"connected\":true}}}", "", "counts no open interest, funding or liquidations"},
        {"not JSON", "<html>", "", "the status: not JSON"},
    };

    test_statuses("{type: pipeline, url: 'http://x/'}", table, sizeof table / sizeof table[0]);
}

static void counters_become_counts_and_gaps(void)
{
    static const struct {
        int64_t after_s;
        const char *oi, *has, *has_not;
    } steps[] = {
        {0, "100", "records_total=100i,gap_detected=f", "records_count"},
        {15, "103", "records_total=103i,records_count=3i,gap_detected=f", "gap_started_at"},
        {30, "103", "records_count=0i,gap_detected=f", "gap_started_at"},
        {75, "103", "records_count=0i,gap_detected=t,gap_started_at=1790000015000000t,gap_duration_seconds=60", "symbols"},
        {90, "104", "records_count=1i,gap_detected=f,gap_started_at=1790000015000000t,gap_duration_seconds=75", "symbols"},
        {105, "2", "records_total=2i,records_count=2i,gap_detected=f", "gap_started_at"},
        {-3600, "2", "records_count=0i,gap_detected=f", "gap_started_at"}, /* our clock was set back */
        {-3540, "2", "gap_detected=t,gap_started_at=1789996400000000t,gap_duration_seconds=60", "symbols"},
        {-7200, "2", "gap_detected=f,gap_started_at=1789992800000000t,gap_duration_seconds=0", "symbols"},
    };
    struct err err = {0};
    struct source *source = test_open("{type: pipeline, url: 'http://x/', gap_after: 1m}", &err);
    bool ok;

    REQUIRE(source, "%s", err.text);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        char status[200];
        snprintf(status, sizeof status, "{\"exchanges\":{\"OKX\":{\"oi_count\":%s}}}", steps[i].oi);
        char *got = test_text(source, status, NOW_MS + steps[i].after_s * 1000, &ok, &err);
        CHECK(ok && strstr(got, steps[i].has) && !strstr(got, steps[i].has_not), "step %zu: %s", i, got);
        free(got);
    }
    source->kind->close(source);
}

static void make_file(const char *folder, const char *name, size_t length)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    CHECK(fd >= 0 && ftruncate(fd, (off_t)length) == 0, "%s", path);
    close(fd);
}

static void folders_are_measured(void)
{
    char folder[] = "/tmp/test_pipeline.XXXXXX", path[300], yaml[900];
    struct err err = {0};
    bool ok;

    REQUIRE(mkdtemp(folder), "%s", folder);
    snprintf(path, sizeof path, "%s/exchange=OKX", folder);
    mkdir(path, 0700);
    make_file(folder, "a.parquet", 1000);
    make_file(path, "b.parquet", 500);
    make_file(path, "b.tmp", 70);
    snprintf(path, sizeof path, "%s/loop", folder);
    CHECK(symlink(folder, path) == 0, "a link, which is not followed");
    snprintf(yaml, sizeof yaml, "{type: pipeline, every: 5m, storage: ['%s', {path: '%s/exchange=OKX', suffix: .parquet, exchange: OKX, data_type: oi}, %s/none]}",
             folder, folder, folder);
    struct source *source = test_open(yaml, &err);
    REQUIRE(source, "%s", err.text);
    char *got = test_job(source, NOW_MS, &ok, &err);
    CHECK_TEXT(got, "pipeline_metrics,host=h1,env=dev,data_type=all,source=pipeline storage_bytes=1570i,storage_files=3i" AT_NOW
                    ROW("OKX", "oi") "storage_bytes=500i,storage_files=1i" AT_NOW);
    CHECK(!ok && strstr(err.text, "/none: No such file or directory"), "%s", err.text);
    free(got);
    source->kind->close(source);

    snprintf(path, sizeof path, "%s", folder);
    for (int i = 0; i <= STORAGE_DEPTH_MAX; i++) {
        size_t length = strlen(path);
        snprintf(path + length, sizeof path - length, "/d");
        CHECK(mkdir(path, 0700) == 0, "%s", path);
    }
    struct storage_size size;
    CHECK(!storage_measure(folder, NULL, &size, &err) && strstr(err.text, "not measured: the walk met 32 folders deep"), "%s", err.text);
    snprintf(path, sizeof path, "rm -r %s", folder);
    CHECK(system(path) == 0, "%s", path);
}

static void wrong_settings_are_named(void)
{
    static const struct test_wrong table[] = {
        {"{type: pipeline}", "either a status (url or path) or storage"},
        {"{type: pipeline, url: 'http://x', storage: /x}", "either a status (url or path) or storage"},
        {"{type: pipeline, storage: [{suffix: .parquet}]}", "path is missing"},
        {"{type: pipeline, storage: [{path: /x, sufix: .parquet}]}", "unknown setting \"sufix\""},
        {"{type: trading, url: 'http://x'}", "unknown setting \"url\""},
    };

    test_are_refused(table, sizeof table / sizeof table[0]);
}

static void trading_only_takes_pushes(void)
{
    struct err err = {0};
    struct fetch fetch;
    bool ok;
    struct source *source = test_open("{type: trading, name: strategies}", &err);

    REQUIRE(source, "%s", err.text);
    CHECK(!source->kind->plan(source, NOW_MS, &fetch), "nothing to fetch");
    char *got = test_text(source, "{}", NOW_MS, &ok, &err);
    CHECK(!ok && !got[0] && strstr(err.text, "trading takes pushes"), "%s", err.text);
    free(got);
    source->kind->close(source);
}

int main(void)
{
    counts_become_rows();
    counters_become_counts_and_gaps();
    folders_are_measured();
    wrong_settings_are_named();
    trading_only_takes_pushes();
    return test_end();
}
