#include "base/metrics.h"
#include "base/text.h"
#include "tests/test.h"

#include <math.h>

static const double bounds[] = {0.1, 1, 10, 0};
static const struct metric_family
    requests = {"requests_total", "Requests.", METRIC_COUNTER, {"method", "status"}, NULL},
    depth = {"depth", "Deliveries waiting.", METRIC_GAUGE, {NULL}, NULL},
    queue = {"queue", "Per channel.", METRIC_GAUGE, {"channel"}, NULL},
    seconds = {"seconds", "Time taken.", METRIC_HISTOGRAM, {"channel"}, bounds};

static struct metrics *declared(void)
{
    struct metrics *metrics = metrics_new();
    metrics_declare(metrics, &requests);
    metrics_declare(metrics, &depth);
    metrics_declare(metrics, &queue);
    metrics_declare(metrics, &seconds);
    return metrics;
}

static bool has_line(const struct buf *page, const char *line)
{
    const char *found = strstr(buf_text(page), line);
    return found && (found == buf_text(page) || found[-1] == '\n') && found[strlen(line)] == '\n';
}

static void the_page(void)
{
    struct metrics *metrics = declared();
    struct buf page = BUF_EMPTY(10000);

    metrics_add(metrics, "requests_total", 1, (const char *[]){"GET", "200"});
    metrics_add(metrics, "requests_total", 2, (const char *[]){"GET", "200"});
    metrics_add(metrics, "requests_total", 1, (const char *[]){"POST", "503"});
    metrics_set(metrics, "depth", 7, NULL);
    metrics_set(metrics, "depth", 5, NULL);
    metrics_observe(metrics, "seconds", 0.05, (const char *[]){"slack"});
    metrics_observe(metrics, "seconds", 0.1, (const char *[]){"slack"}); /* a bound belongs to its bucket */
    metrics_observe(metrics, "seconds", 2.5, (const char *[]){"slack"});
    metrics_observe(metrics, "seconds", 99, (const char *[]){"slack"});
    metrics_write(metrics, &page);
    CHECK_TEXT(buf_text(&page), "# HELP requests_total Requests.\n# TYPE requests_total counter\n"
        "requests_total{method=\"GET\",status=\"200\"} 3\nrequests_total{method=\"POST\",status=\"503\"} 1\n"
        "# HELP depth Deliveries waiting.\n# TYPE depth gauge\ndepth 5\n"
        "# HELP queue Per channel.\n# TYPE queue gauge\n"
        "# HELP seconds Time taken.\n# TYPE seconds histogram\n"
        "seconds_bucket{channel=\"slack\",le=\"0.1\"} 2\nseconds_bucket{channel=\"slack\",le=\"1\"} 2\n"
        "seconds_bucket{channel=\"slack\",le=\"10\"} 3\nseconds_bucket{channel=\"slack\",le=\"+Inf\"} 4\n"
        "seconds_sum{channel=\"slack\"} 101.65\nseconds_count{channel=\"slack\"} 4\n"
        "# HELP notifier_metrics_dropped_total Series beyond the bound of their family.\n"
        "# TYPE notifier_metrics_dropped_total counter\nnotifier_metrics_dropped_total 0\n");
    buf_free(&page);
    metrics_free(metrics);
    metrics_free(NULL);
}

static void strange_values(void)
{
    static const struct {
        const char *channel;
        double value;
        const char *want;
    } rows[] = {
        {"", 1, "queue{channel=\"\"} 1"},
        {"a\"b\\c\nd", 1, "queue{channel=\"a\\\"b\\\\c\\nd\"} 1"},
        {"evil\"} 1\nfake{x=\"", 2, "queue{channel=\"evil\\\"} 1\\nfake{x=\\\"\"} 2"},
        {"\xff\xc3\xa9\x1b", 1, "queue{channel=\"\xef\xbf\xbd\xc3\xa9\"} 1"},
        {"n", -0.5, "queue{channel=\"n\"} -0.5"},
        {"time", 1785912345.125, "queue{channel=\"time\"} 1785912345.125"},
        {"whole", 123456789012345, "queue{channel=\"whole\"} 123456789012345"},
        {"nan", NAN, "queue{channel=\"nan\"} NaN"},
        {"inf", INFINITY, "queue{channel=\"inf\"} +Inf"},
        {"-inf", -INFINITY, "queue{channel=\"-inf\"} -Inf"},
    };
    struct metrics *metrics = declared();
    struct buf page = BUF_EMPTY(10000);

    for (size_t i = 0; i < LENGTH(rows); i++)
        metrics_set(metrics, "queue", rows[i].value, &rows[i].channel);
    metrics_write(metrics, &page);
    for (size_t i = 0; i < LENGTH(rows); i++)
        CHECK(has_line(&page, rows[i].want), "%s", rows[i].want);
    CHECK(text_is_utf8(buf_text(&page), page.length), "the page is UTF-8");
    buf_free(&page);
    metrics_free(metrics);
}

static void series_are_bounded_and_found_again(void)
{
    struct metrics *metrics = declared();
    struct buf page = BUF_EMPTY(4 << 20);
    char name[20];
    const char *label = name;

    for (int round = 0; round < 3; round++)
        for (int i = 0; i < METRIC_SERIES_MAX + 5; i++) {
            snprintf(name, sizeof name, "channel-%d", i);
            metrics_add(metrics, "queue", 1, &label);
        }
    metrics_write(metrics, &page);
    size_t lines = 0;
    for (const char *at = buf_text(&page); (at = strstr(at, "\nqueue{")); at++)
        lines++;
    CHECK_INT(lines, METRIC_SERIES_MAX);
    CHECK(has_line(&page, "queue{channel=\"channel-0\"} 3") && has_line(&page, "queue{channel=\"channel-9999\"} 3"), "found again");
    CHECK(!strstr(buf_text(&page), "channel-10000"), "the bound holds");
    CHECK(has_line(&page, "notifier_metrics_dropped_total 15"), "and is counted");

    metrics_drop(metrics, "queue");
    metrics_drop(metrics, "queue");
    label = "again";
    metrics_set(metrics, "queue", 4, &label);
    buf_clear(&page);
    metrics_write(metrics, &page);
    CHECK(has_line(&page, "queue{channel=\"again\"} 4") && !strstr(buf_text(&page), "channel-0"), "dropped, and set anew");
    buf_free(&page);
    metrics_free(metrics);
}

static void labels_do_not_run_together(void)
{
    struct metrics *metrics = declared();
    struct buf page = BUF_EMPTY(10000);

    metrics_add(metrics, "requests_total", 1, (const char *[]){"ab", "c"});
    metrics_add(metrics, "requests_total", 1, (const char *[]){"a", "bc"});
    metrics_add(metrics, "requests_total", 1, (const char *[]){"abc", ""});
    metrics_write(metrics, &page);
    CHECK(has_line(&page, "requests_total{method=\"ab\",status=\"c\"} 1"), "one");
    CHECK(has_line(&page, "requests_total{method=\"a\",status=\"bc\"} 1"), "two");
    CHECK(has_line(&page, "requests_total{method=\"abc\",status=\"\"} 1"), "three");
    buf_free(&page);
    metrics_free(metrics);
}

static void what_is_held(void)
{
    struct metrics *metrics = declared();
    struct metric_histogram held;
    struct buf page = BUF_EMPTY(10000);

    CHECK(metrics_get(metrics, "depth", NULL, -1) < 0, "nothing yet");
    metrics_set(metrics, "depth", 7, NULL);
    CHECK(metrics_get(metrics, "depth", NULL, -1) > 6.5, "held");
    CHECK(metrics_get(metrics, "requests_total", (const char *[]){"GET", "200"}, 0) < 0.5, "asking makes no series");
    CHECK(!metrics_histogram(metrics, "seconds", (const char *[]){"slack"}, &held), "none yet");
    metrics_observe(metrics, "seconds", 0.5, (const char *[]){"slack"});
    metrics_observe(metrics, "seconds", 99, (const char *[]){"slack"});
    REQUIRE(metrics_histogram(metrics, "seconds", (const char *[]){"slack"}, &held), "held");
    CHECK(held.bound_count == 3 && held.counts[0] == 0 && held.counts[1] == 1 && held.counts[3] == 1 && held.count == 2, "%zu bounds", held.bound_count);
    metrics_declare(metrics, &depth);
    metrics_write(metrics, &page);
    const char *first = strstr(buf_text(&page), "# TYPE depth");
    CHECK(first && !strstr(first + 1, "# TYPE depth"), "declared twice is declared once");
    CHECK(!strstr(buf_text(&page), "GET"), "no series of a question");
    buf_free(&page);
    metrics_free(metrics);
}

int main(void)
{
    what_is_held();
    the_page();
    strange_values();
    series_are_bounded_and_found_again();
    labels_do_not_run_together();
    return test_end();
}
