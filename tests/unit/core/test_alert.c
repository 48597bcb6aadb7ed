#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "notifier/core/alert.h"
#include "tests/test.h"

#define PAYLOAD_MAX (4u << 20)

/* What labels_settle makes of labels, written as name=value name=value. */
static const struct {
    const char *name;
    struct label labels[6];
    size_t count;
    const char *want;
} settled[] = {
    {"none", {{0}}, 0, ""},
    {"one", {{"a", "1"}}, 1, "a=1 "},
    {"sorted stays", {{"a", "1"}, {"b", "2"}, {"c", "3"}}, 3, "a=1 b=2 c=3 "},
    {"sorted by name", {{"c", "3"}, {"a", "1"}, {"b", "2"}}, 3, "a=1 b=2 c=3 "},
    {"by bytes, not by letters", {{"b", "2"}, {"B", "1"}, {"a_b", "4"}, {"a", "3"}}, 4, "B=1 a=3 a_b=4 b=2 "},
    {"last of two wins", {{"a", "1"}, {"a", "2"}}, 2, "a=2 "},
    {"last wins across others", {{"a", "1"}, {"b", "2"}, {"a", "3"}, {"b", "4"}, {"a", "5"}}, 5, "a=5 b=4 "},
    {"empty dropped", {{"a", ""}, {"b", "2"}, {"c", ""}}, 3, "b=2 "},
    {"missing value dropped", {{"a", NULL}, {"b", "2"}}, 2, "b=2 "},
    {"empty dropped while unsorted", {{"b", ""}, {"a", "1"}}, 2, "a=1 "},
    {"the last is empty: no label", {{"a", "1"}, {"a", ""}}, 2, ""},
    {"the last is not empty", {{"a", ""}, {"a", "1"}}, 2, "a=1 "},
    {"all empty", {{"a", ""}, {"b", ""}}, 2, ""},
};

static void test_settle(void)
{
    for (size_t i = 0; i < LENGTH(settled); i++) {
        struct label items[LENGTH(settled[i].labels)];
        struct labels labels = {items, settled[i].count};
        struct buf got = BUF_EMPTY(1000);
        memcpy(items, settled[i].labels, sizeof items);
        labels_settle(&labels);
        for (size_t j = 0; j < labels.count; j++)
            buf_addf(&got, "%s=%s ", labels.items[j].name, labels.items[j].value);
        CHECK(test_same(buf_text(&got), settled[i].want), "%s: got \"%s\", want \"%s\"", settled[i].name, buf_text(&got),
              settled[i].want);
        buf_free(&got);
    }
}

/* Strangers' labels that would have shared a group with others: their text looked alike. */
static void test_no_two_look_alike(void)
{
    static const struct {
        struct label labels[2];
        size_t count;
        const char *want;
    } table[] = {
        {{{0}}, 0, ""},
        {{{"a", "1"}, {"b", "2"}}, 2, "a=\"1\", b=\"2\""},
        {{{"a", "1\", b=\"2"}}, 1, "a=\"1\\\", b=\\\"2\""},
        {{{"a", "\\"}, {"b", "\n"}}, 2, "a=\"\\\\\", b=\"\\n\""},
    };

    for (size_t i = 0; i < LENGTH(table); i++) {
        struct label items[2] = {table[i].labels[0], table[i].labels[1]};
        struct labels labels = {items, table[i].count};
        struct buf got = BUF_EMPTY(1000);
        labels_add(&got, &labels);
        CHECK_TEXT(buf_text(&got), table[i].want);
        buf_free(&got);
    }
}

static void test_get(void)
{
    struct label items[] = {{"a", "1"}, {"ab", "2"}};
    struct labels labels = {items, 2}, none = {0};

    CHECK_TEXT(labels_get(&labels, "a"), "1");
    CHECK_TEXT(labels_get(&labels, "ab"), "2");
    CHECK_TEXT(labels_get(&labels, "A"), NULL);
    CHECK_TEXT(labels_get(&labels, "abc"), NULL);
    CHECK_TEXT(labels_get(&labels, ""), NULL);
    CHECK_TEXT(labels_get(&none, "a"), NULL);
}

/* What a recorded alert carries as its fingerprint follows from its labels. */
static void check_recorded(const char *path, const struct cJSON *alert)
{
    struct label items[ALERT_LABELS_MAX];
    struct labels labels = {items, 0};
    char got[17];

    const struct cJSON *member = json_first(json_get(alert, "labels"));
    for (; member && labels.count < ALERT_LABELS_MAX; member = json_next(member))
        items[labels.count++] = (struct label){json_key(member), json_text(member)};
    labels_settle(&labels);
    snprintf(got, sizeof got, "%016llx", (unsigned long long)labels_fingerprint(&labels));
    CHECK(test_same(got, json_get_text(alert, "fingerprint")), "%s: got %s, want %s", path, got,
          json_get_text(alert, "fingerprint"));
}

static const struct {
    const char *path;
    size_t alerts; /* at least */
} recorded[] = {
    {"tests/payloads/alertmanager/single-firing.json", 1}, {"tests/payloads/alertmanager/single-resolved.json", 1},
    {"tests/payloads/alertmanager/mixed-group-3.json", 3}, {"tests/payloads/alertmanager/no-alertname.json", 1},
    {"tests/payloads/alertmanager/watchdog.json", 1},      {"tests/payloads/alertmanager/new-in-group.json", 1},
    {"tests/payloads/alertmanager/thousand-alerts.json", 1000},
};

static void test_recorded(void)
{
    for (size_t i = 0; i < LENGTH(recorded); i++) {
        struct buf body = BUF_EMPTY(PAYLOAD_MAX);
        struct err err = {0};
        REQUIRE(file_read(recorded[i].path, &body, &err), "%s", err.text);
        struct cJSON *json = json_parse(buf_text(&body), body.length, &err);
        REQUIRE(json, "%s: %s", recorded[i].path, err.text);
        size_t seen = 0;
        for (const struct cJSON *a = json_first(json_get(json, "alerts")); a; a = json_next(a), seen++)
            check_recorded(recorded[i].path, a);
        CHECK(seen >= recorded[i].alerts, "%s: %zu alerts", recorded[i].path, seen);
        json_close(json);
        buf_free(&body);
    }
}

static void test_fingerprint(void)
{
    struct label a[] = {{"a", "bc"}}, b[] = {{"ab", "c"}}, c[] = {{"a", "b"}, {"c", "d"}}, d[] = {{"c", "d"}, {"a", "b"}};
    struct labels one = {a, 1}, other = {b, 1}, sorted = {c, 2}, unsorted = {d, 2}, none = {0};

    CHECK(labels_fingerprint(&one) != labels_fingerprint(&other), "a name and its value run together");
    CHECK(labels_fingerprint(&sorted) != labels_fingerprint(&unsorted), "the order counts before it is settled");
    labels_settle(&unsorted);
    CHECK(labels_fingerprint(&sorted) == labels_fingerprint(&unsorted), "the order counts after it is settled");
    CHECK(labels_fingerprint(&none) == 14695981039346656037ULL, "no labels: FNV's offset");
}

static struct label summary[] = {{"summary", "CPU above 90%"}}, other_summary[] = {{"summary", "CPU above 95%"}};
static struct label host[] = {{"host", "a"}};
static const struct alert_input plain = {.fingerprint = "f", .starts_ms = 1000, .annotations = {summary, 1}, .labels = {host, 1},
                                         .values = "{\"A\":1}", .value_string = "[A=1]", .state_reason = "NoData",
                                         .generator_url = "http://g/", .dashboard_url = "http://d/?from=1",
                                         .panel_url = "http://p/?from=1", .silence_url = "http://s/", .image_url = "http://i/"};

#define CHECK_HASH(changes, field, value)                                                                    \
    do {                                                                                                     \
        struct alert_input input = plain;                                                                    \
        input.field = value;                                                                                 \
        CHECK((alert_input_hash(&input) != alert_input_hash(&plain)) == (changes), "hash with another " #field); \
    } while (0)

static void test_hash(void)
{
    CHECK(alert_input_hash(&plain) == alert_input_hash(&plain), "a hash of itself");
    CHECK_HASH(true, annotations.items, other_summary);
    CHECK_HASH(true, annotations.count, 0);
    CHECK_HASH(true, values, "{\"A\":2}");
    CHECK_HASH(true, values, NULL);
    CHECK_HASH(true, value_string, "[A=2]");
    CHECK_HASH(true, state_reason, NULL);
    CHECK_HASH(false, dashboard_url, "http://d/?from=2");
    CHECK_HASH(false, dashboard_url, NULL);
    CHECK_HASH(false, panel_url, "http://p/?from=2");
    CHECK_HASH(false, panel_url, NULL);
    CHECK_HASH(false, silence_url, "http://s/2");
    CHECK_HASH(false, starts_ms, 2000);
    CHECK_HASH(false, ends_ms, 2000);
    struct alert_input nothing = {0};
    CHECK(alert_input_hash(&nothing) != 0, "0 is no hash");
}

int main(void)
{
    test_settle();
    test_no_two_look_alike();
    test_get();
    test_recorded();
    test_fingerprint();
    test_hash();
    return test_end();
}
