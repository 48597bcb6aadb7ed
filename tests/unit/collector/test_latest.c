#include "base/text.h"
#include "collector/latest.h"
#include "tests/test.h"

#define WALL 1790000000000LL
#define OUT_MAX (64u << 20)

static void put_daemon(struct latest *latest, const char *name, int64_t time_ns, int64_t count, unsigned owner, int64_t wall_ms)
{
    struct points *points = points_new();
    struct point *point = points_add(points, "daemon_metrics", time_ns);

    point_tag(points, point, "daemon", name);
    if (count >= 0)
        point_long(points, point, "fetch_count", count);
    point_bool(points, point, "running", count >= 0);
    point_text(points, point, "last_error", "words are no number");
    latest_put(latest, point, owner, wall_ms);
    points_free(points);
}

static const char *written(const struct latest *latest, int64_t wall_ms, struct buf *out)
{
    buf_clear(out);
    latest_write(latest, wall_ms, out);
    return buf_text(out);
}

static void the_newest_row_is_shown(void)
{
    struct latest *latest = latest_new();
    struct buf out = BUF_EMPTY(OUT_MAX);

    CHECK_TEXT(written(latest, WALL, &out), "");
    put_daemon(latest, "b", 2, 5, 0, WALL);
    put_daemon(latest, "a", 2, 7, 0, WALL);
    CHECK_TEXT(written(latest, WALL, &out),
               "# HELP daemon_fetch_count From daemon_metrics, as last collected.\n# TYPE daemon_fetch_count gauge\n"
               "daemon_fetch_count{daemon=\"a\"} 7\ndaemon_fetch_count{daemon=\"b\"} 5\n"
               "# HELP daemon_running From daemon_metrics, as last collected.\n# TYPE daemon_running gauge\n"
               "daemon_running{daemon=\"a\"} 1\ndaemon_running{daemon=\"b\"} 1\n");
    put_daemon(latest, "a", 1, 6, 0, WALL + 1); /* came late: changes nothing */
    CHECK(strstr(written(latest, WALL, &out), "daemon_fetch_count{daemon=\"a\"} 7\n"), "not the older one");
    put_daemon(latest, "a", 3, -1, 0, WALL + 2);
    CHECK(strstr(written(latest, WALL, &out), "daemon_running{daemon=\"a\"} 0\n"), "the newer one");
    CHECK(!strstr(buf_text(&out), "daemon_fetch_count{daemon=\"a\"}"), "absent is absent");
    CHECK_TEXT(written(latest, WALL + 3 + LATEST_AGE_MS, &out), "");
    buf_free(&out);
    latest_free(latest);
}

/* An hour of the future would else be an hour without figures: what came first would be the newest, and soon too old. */
static void a_clock_set_back_hides_nothing(void)
{
    struct latest *latest = latest_new();
    struct buf out = BUF_EMPTY(OUT_MAX);
    int64_t back = WALL - 3600000;

    put_daemon(latest, "a", WALL * 1000000, 5, 3, WALL);
    put_daemon(latest, "gone", WALL * 1000000, 6, 3, WALL);
    put_daemon(latest, "a", back * 1000000, 7, 3, back);
    latest_forget(latest, 3, back);
    written(latest, back, &out);
    CHECK(strstr(buf_text(&out), "daemon_fetch_count{daemon=\"a\"} 7\n") && !strstr(buf_text(&out), "gone"), "%s", buf_text(&out));
    put_daemon(latest, "a", (back + LATEST_AGE_MS) * 1000000, 8, 3, back + LATEST_AGE_MS);
    CHECK(strstr(written(latest, back + 2 * LATEST_AGE_MS, &out), "daemon_fetch_count{daemon=\"a\"} 8\n"), "and goes on");
    CHECK_TEXT(written(latest, back + 3 * LATEST_AGE_MS, &out), "");
    put_daemon(latest, "b", WALL * 1000000, 1, 0, WALL);
    CHECK_TEXT(written(latest, back - 1, &out), "");
    buf_free(&out);
    latest_free(latest);
}

static void a_source_takes_back_what_it_says_no_more(void)
{
    struct latest *latest = latest_new();
    struct buf out = BUF_EMPTY(OUT_MAX);

    put_daemon(latest, "pushed", 1, 1, 0, WALL);
    put_daemon(latest, "gone", 1, 1, 3, WALL);
    put_daemon(latest, "other", 1, 1, 4, WALL);
    put_daemon(latest, "stays", 2, 1, 3, WALL + 10);
    latest_forget(latest, 3, WALL + 10);
    written(latest, WALL + 10, &out);
    CHECK(!strstr(buf_text(&out), "gone") && strstr(buf_text(&out), "stays") && strstr(buf_text(&out), "other") && strstr(buf_text(&out), "pushed"),
          "%s", buf_text(&out));
    put_daemon(latest, "gone", 3, 1, 3, WALL + 20);
    CHECK(strstr(written(latest, WALL + 20, &out), "gone"), "it may come back");
    buf_free(&out);
    latest_free(latest);
}

/* Twenty thousand rows whose tags are pages long would be all our memory. */
static void labels_have_a_bound(void)
{
    struct latest *latest = latest_new();
    struct buf out = BUF_EMPTY(OUT_MAX);
    char name[LATEST_LABELS_MAX + 1];

    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    put_daemon(latest, name, 1, 1, 0, WALL);
    CHECK_INT(latest_left_out(latest), 1);
    CHECK_TEXT(written(latest, WALL, &out), "");
    name[LATEST_LABELS_MAX - 20] = '\0';
    put_daemon(latest, name, 1, 1, 0, WALL);
    CHECK(latest_left_out(latest) == 1 && strstr(written(latest, WALL, &out), "xxx\"} 1\n"), "a long one");
    buf_free(&out);
    latest_free(latest);
}

static void figures_that_name_themselves(void)
{
    static const struct {
        const char *metric, *le;
        double value;
    } rows[] = {{"spock_x_seconds_sum", NULL, 1.25}, {"spock_x_seconds_bucket", "+Inf", 2}, {"spock_rows_total", NULL, 9},
                {"spock_x_seconds_count", NULL, 2}, {"spock_x_seconds_bucket", "0.5", 1}, {"not a name", NULL, 1}, {"9th", NULL, 1}};
    struct latest *latest = latest_new();
    struct buf out = BUF_EMPTY(OUT_MAX);

    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct points *points = points_new();
        struct point *point = points_add(points, "market_metrics", 1);
        point_tag(points, point, "metric", rows[i].metric);
        point_tag(points, point, "region", "a\"b\\c\nd");
        point_tag(points, point, "le", rows[i].le);
        point_double(points, point, "value", rows[i].value);
        point_double(points, point, "other", 5);
        latest_put(latest, point, 0, WALL);
        points_free(points);
    }
#define REGION "region=\"a\\\"b\\\\c\\nd\""
    CHECK_TEXT(written(latest, WALL, &out),
               "# HELP spock_rows_total About the market database, as last collected.\n# TYPE spock_rows_total counter\n"
               "spock_rows_total{" REGION "} 9\n"
               "# HELP spock_x_seconds About the market database, as last collected.\n# TYPE spock_x_seconds histogram\n"
               "spock_x_seconds_bucket{" REGION ",le=\"+Inf\"} 2\nspock_x_seconds_bucket{" REGION ",le=\"0.5\"} 1\n"
               "spock_x_seconds_count{" REGION "} 2\nspock_x_seconds_sum{" REGION "} 1.25\n");
    buf_free(&out);
    latest_free(latest);
}

static void other_tables_and_bounds(void)
{
    struct latest *latest = latest_new();
    struct points *points = points_new();
    struct buf out = BUF_EMPTY(OUT_MAX);
    char name[32];

    CHECK(latest_shows("daemon_metrics,a=b") && latest_shows("exchange_status v=1") && !latest_shows("daemon_metrics2 v=1") && !latest_shows("t"), "tables");
    struct point *point = points_add(points, "numbers", 1);
    point_long(points, point, "v", 1);
    latest_put(latest, point, 0, WALL);
    CHECK_TEXT(written(latest, WALL, &out), "");
    for (int i = 0; i < LATEST_ROWS_MAX + 5; i++) {
        snprintf(name, sizeof name, "d%d", i);
        put_daemon(latest, name, 1, 1, 0, WALL);
    }
    CHECK_INT(latest_left_out(latest), 5);
    put_daemon(latest, "d7", 2, 77, 0, WALL);
    CHECK(latest_left_out(latest) == 5 && strstr(written(latest, WALL, &out), "daemon_fetch_count{daemon=\"d7\"} 77\n"), "known ones go on");
    put_daemon(latest, "d7", 3, 78, 0, WALL + LATEST_AGE_MS);
    put_daemon(latest, "later", 1, 5, 0, WALL + LATEST_AGE_MS + 1);
    written(latest, WALL + LATEST_AGE_MS + 1, &out);
    CHECK(latest_left_out(latest) == 5 && strstr(buf_text(&out), "daemon_fetch_count{daemon=\"later\"} 5\n") &&
          strstr(buf_text(&out), "daemon_fetch_count{daemon=\"d7\"} 78\n") && !strstr(buf_text(&out), "\"d8\""), "what is old makes room");
    put_daemon(latest, "d7", 4, 79, 0, WALL + LATEST_AGE_MS + 1);
    CHECK(strstr(written(latest, WALL + LATEST_AGE_MS + 1, &out), "daemon_fetch_count{daemon=\"d7\"} 79\n"), "and what stayed is found");
    point = points_add(points, "exchange_status", 1);
    point_time(points, point, "last_message_at", 1500000000000000000LL);
    struct latest *times = latest_new();
    latest_put(times, point, 0, WALL);
    CHECK(strstr(written(times, WALL, &out), "exchange_last_message_at_seconds 1500000000\n"), "%s", buf_text(&out));
    latest_free(times);
    points_free(points);
    buf_free(&out);
    latest_free(latest);
}

int main(void)
{
    the_newest_row_is_shown();
    a_clock_set_back_hides_nothing();
    a_source_takes_back_what_it_says_no_more();
    labels_have_a_bound();
    figures_that_name_themselves();
    other_tables_and_bounds();
    return test_end();
}
