#include "base/text.h"
#include "notifier/core/kept.h"
#include "tests/test.h"

#include <stdio.h>

static void what_is_kept_comes_back(void)
{
    static struct label two[] = {{"alertname", "Disk"}, {"host", "db1"}}, other[] = {{"alertname", "Disk"}, {"host", "db2"}}, odd[] = {{"", "nameless"}, {"a", "é\n"}};
    static const struct {
        const char *name, *extra;
        struct labels labels;
    } rows[] = {
        {"two labels", "f1", {two, 2}},
        {"none", "digest:{}", {NULL, 0}},
        {"an empty extra", "", {two, 1}},
        {"another value", "f2", {other, 2}},
        {"odd bytes", "x", {odd, 2}},
    };
    struct kept_names names;

    kept_names_init(&names);
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct kept *kept = kept_new(&names, &rows[i].labels, rows[i].extra);
        struct label_room room;
        struct labels labels = kept_open(kept, &room);
        CHECK(test_same(kept_extra(kept), rows[i].extra), "%s", rows[i].name);
        CHECK_INT(kept_count(kept), rows[i].labels.count);
        CHECK_INT(labels.count, rows[i].labels.count);
        for (size_t l = 0; l < labels.count; l++) {
            CHECK(test_same(labels.items[l].name, rows[i].labels.items[l].name), "%s", rows[i].name);
            CHECK(test_same(labels.items[l].value, rows[i].labels.items[l].value), "%s", rows[i].name);
            CHECK(test_same(kept_get(kept, labels.items[l].name), rows[i].labels.items[l].value), "%s", rows[i].name);
        }
        CHECK(!kept_get(kept, "other"), "%s", rows[i].name);
        for (size_t r = 0; r < LENGTH(rows); r++) {
            bool same = r == i;
            CHECK(kept_equal(kept, &rows[r].labels) == same, "%s against %s", rows[i].name, rows[r].name);
        }
        kept_free(&names, kept);
    }
    kept_free(&names, NULL);
    kept_names_free(&names);
}

/* The same names are there once for as long as anybody has them; "ab", "c" are not "a", "bc". */
static void names_are_shared(void)
{
    static struct label first[] = {{"a", "1"}, {"bc", "2"}}, second[] = {{"ab", "1"}, {"c", "2"}};
    struct labels same = {first, 2}, other = {second, 2};
    struct kept_names names;
    struct kept *kept[3];

    kept_names_init(&names);
    kept[0] = kept_new(&names, &same, "x");
    kept[1] = kept_new(&names, &same, "y");
    CHECK_INT(names.sets.count, 1);
    kept[2] = kept_new(&names, &other, "z");
    CHECK_INT(names.sets.count, 2);
    kept_free(&names, kept[0]);
    CHECK_INT(names.sets.count, 2);
    CHECK(test_same(kept_get(kept[1], "bc"), "2"), "what is left has its names");
    kept_free(&names, kept[1]);
    CHECK_INT(names.sets.count, 1);
    CHECK(test_same(kept_get(kept[2], "ab"), "1"), "and so has the other");
    kept_free(&names, kept[2]);
    CHECK_INT(names.sets.count, 0);
    kept_names_free(&names);
}

static void as_many_as_an_alert_may_have(void)
{
    static char texts[ALERT_LABELS_MAX][8];
    static struct label items[ALERT_LABELS_MAX];
    struct labels labels = {items, ALERT_LABELS_MAX};
    struct kept_names names;
    struct label_room room;

    for (int i = 0; i < ALERT_LABELS_MAX; i++) {
        snprintf(texts[i], sizeof texts[i], "l%03d", i);
        items[i] = (struct label){texts[i], texts[i] + 1};
    }
    kept_names_init(&names);
    struct kept *kept = kept_new(&names, &labels, "full");
    struct labels open = kept_open(kept, &room);
    CHECK_INT(open.count, ALERT_LABELS_MAX);
    CHECK(test_same(open.items[ALERT_LABELS_MAX - 1].value, "255"), "the last one too");
    CHECK(test_same(kept_get(kept, "l128"), "128"), "one in the middle");
    kept_free(&names, kept);
    kept_names_free(&names);
}

int main(void)
{
    what_is_kept_comes_back();
    names_are_shared();
    as_many_as_an_alert_may_have();
    return test_end();
}
