#include "collector/settings.h"
#include "base/text.h"
#include "tests/test.h"

#include <stdlib.h>
#include <unistd.h>

struct into {
    const char *text, *secret, *name;
    int64_t duration_ms, size, count;
    double number;
    bool flag;
    struct setting_list list;
    const struct yaml_node *node;
};

static const struct setting rows[] = {
    SETTING("text", TEXT, struct into, text, ),
    SETTING("secret", SECRET, struct into, secret, ),
    SETTING("name", NAME, struct into, name, ),
    SETTING("duration", DURATION, struct into, duration_ms, .least = 100, .most = 60000),
    SETTING("size", SIZE, struct into, size, .most = 1 << 20),
    SETTING("count", INT, struct into, count, .least = 1, .most = 10),
    SETTING("number", NUMBER, struct into, number, ),
    SETTING("flag", BOOL, struct into, flag, ),
    SETTING("list", TEXTS, struct into, list, ),
    SETTING("node", NODE, struct into, node, ),
    {0},
};

struct fixture {
    struct yaml *yaml;
    struct arena *arena;
    struct into into;
};

static bool read_text(struct fixture *fixture, const char *text, const struct setting *table, struct err *err)
{
    const struct setting *const tables[] = {table, NULL};

    *fixture = (struct fixture){.arena = arena_new(), .into = {.text = "default", .count = 7}};
    fixture->yaml = yaml_parse("test.yaml", text, strlen(text), err);
    return fixture->yaml && settings_are_known(yaml_root(fixture->yaml), tables, err) &&
           settings_read(yaml_root(fixture->yaml), table, &fixture->into, fixture->arena, err);
}

static void close_fixture(struct fixture *fixture)
{
    yaml_close(fixture->yaml);
    arena_free(fixture->arena);
}

static void all_kinds_are_read(void)
{
    struct fixture fixture;
    struct err err = {0};

    setenv("TEST_NAME", "world", 1);
    unsetenv("TEST_NOTHING");
    bool ok = read_text(&fixture,
                        "{text: 'hello ${TEST_NAME}, ${TEST_NOTHING:-all}, $${TEST_NAME}', secret: s, name: a_1, duration: 1m, size: 2KiB, count: 3, number: -1.5e3, "
                        "flag: true, list: [a, '${TEST_NAME}'], node: {x: 1}}",
                        rows, &err);
    CHECK(ok, "%s", err.text);
    const struct into *into = &fixture.into;
    CHECK_TEXT(into->text, "hello world, all, ${TEST_NAME}");
    CHECK_TEXT(into->secret, "s");
    CHECK_TEXT(into->name, "a_1");
    CHECK(into->duration_ms == 60000 && into->size == 2048 && into->count == 3 && into->number == -1500 && into->flag, "numbers");
    CHECK(into->list.count == 2 && test_same(into->list.items[1], "world"), "a list");
    CHECK(into->node && into->node->kind == YAML_MAP, "a node");
    close_fixture(&fixture);

    CHECK(read_text(&fixture, "{text: , list: alone, count: ~}", rows, &err), "%s", err.text);
    CHECK_TEXT(fixture.into.text, "default");
    CHECK(fixture.into.count == 7 && fixture.into.list.count == 1 && test_same(fixture.into.list.items[0], "alone"), "what is not given stays");
    close_fixture(&fixture);
}

static void what_is_wrong_is_named_with_its_place(void)
{
    static const struct {
        const char *yaml, *words;
    } table[] = {
        {"{texte: a}", "1:2: unknown setting \"texte\""},
        {"{text_file: a}", "1:2: unknown setting \"text_file\""},
        {"{text: [a]}", "1:8: expected one value"},
        {"{text: {NAME}}", "expected one value, not {}; a variable is written \"${NAME}\", with the quotes"},
        {"{text: '${TEST_NOTHING}'}", "1:8: the environment variable TEST_NOTHING is not set"},
        {"{text: '${TEST'}", "a variable is written ${NAME}"},
        {"{text: '${1X}'}", "a variable is written ${NAME}"},
        {"{text: '${A B}'}", "a variable is written ${NAME}"},
        {"{name: 1a}", "\"1a\" is no name"},
        {"{name: ''}", "is no name"},
        {"{duration: 5}", "1:12: "},
        {"{duration: 1ms}", "1ms is out of range: from 100ms to 1m"},
        {"{duration: 2m}", "2m is out of range"},
        {"{size: 2MiB}", "out of range: from 0 to 1MiB"},
        {"{count: 0}", "0 is out of range: from 1 to 10"},
        {"{count: many}", "1:9: "},
        {"{number: nan}", "\"nan\" is no number"},
        {"{number: 1x}", "\"1x\" is no number"},
        {"{flag: yes}", "\"yes\" is neither true nor false"},
        {"{list: {a: b}}", "expected a list"},
        {"{list: [[a]]}", "expected one value"},
        {"{secret_file: /nonexistent/x}", "1:15: /nonexistent/x"},
        {"{secret: a, secret_file: b}", "secret is given twice: here and at 1:10"},
        {"[a]", "1:1: expected settings"},
    };

    for (size_t i = 0; i < LENGTH(table); i++) {
        struct fixture fixture;
        struct err err = {0};
        CHECK(!read_text(&fixture, table[i].yaml, rows, &err) && strstr(err.text, table[i].words), "%s: %s", table[i].yaml, err.text);
        close_fixture(&fixture);
    }
    static const struct setting needed[] = {SETTING("text", TEXT, struct into, text, .required = true), {0}};
    struct fixture fixture;
    struct err err = {0};
    CHECK(!read_text(&fixture, "{}", needed, &err) && strstr(err.text, "text is missing"), "%s", err.text);
    close_fixture(&fixture);
}

static void a_secret_may_stand_in_a_file(void)
{
    char path[] = "/tmp/test_settings.XXXXXX", yaml[100];
    struct fixture fixture;
    struct err err = {0};
    int fd = mkstemp(path);

    REQUIRE(fd >= 0 && write(fd, "sekret\nmore\n", 12) == 12, "%s", path);
    close(fd);
    snprintf(yaml, sizeof yaml, "{secret_file: %s}", path);
    CHECK(read_text(&fixture, yaml, rows, &err), "%s", err.text);
    CHECK_TEXT(fixture.into.secret, "sekret");
    close_fixture(&fixture);
    unlink(path);
}

static void lists_and_texts_have_bounds(void)
{
    struct buf yaml = BUF_EMPTY(YAML_BYTES_MAX);
    struct fixture fixture;
    struct err err = {0};

    buf_add_text(&yaml, "{list: [a");
    for (int i = 0; i < SETTING_LIST_MAX; i++)
        buf_add_text(&yaml, ",a");
    buf_add_text(&yaml, "]}");
    CHECK(!read_text(&fixture, buf_text(&yaml), rows, &err) && strstr(err.text, "more than 1000 values"), "%s", err.text);
    close_fixture(&fixture);
    buf_clear(&yaml);
    buf_add_text(&yaml, "{text: ");
    for (int i = 0; i <= SETTING_TEXT_MAX; i++)
        buf_add_char(&yaml, 'x');
    buf_add_char(&yaml, '}');
    CHECK(!read_text(&fixture, buf_text(&yaml), rows, &err) && strstr(err.text, "longer than 65536 bytes"), "%s", err.text);
    close_fixture(&fixture);
    buf_free(&yaml);
}

static uint64_t print_of(const char *text)
{
    struct err err = {0};
    struct yaml *yaml = yaml_parse("t.yaml", text, strlen(text), &err);
    uint64_t print = yaml ? setting_print(yaml_root(yaml), 0) : 0;

    CHECK(yaml, "%s", err.text);
    yaml_close(yaml);
    return print;
}

static void prints_differ_where_the_values_do(void)
{
    static const struct {
        const char *name, *one, *other;
        bool same;
    } table[] = {
        {"layout and remarks", "{a: 1, b: [x, y]}", "a: 1 # one\nb:\n  - x\n  - y\n", true},
        {"a value", "{a: 1}", "{a: 2}", false},
        {"a key", "{a: 1}", "{b: 1}", false},
        {"the border between two values", "{a: [xy, z]}", "{a: [x, yz]}", false},
        {"a list of one", "{a: [x]}", "{a: x}", false},
        {"a variable and what it stands for", "{a: \"${TEST_SETTING:-7}\"}", "{a: \"7\"}", true},
        {"null and its text", "{a: null}", "{a: 'null'}", false},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        CHECK((print_of(table[i].one) == print_of(table[i].other)) == table[i].same, "%s", table[i].name);

    char path[] = "/tmp/test_settings.XXXXXX", yaml[100];
    int fd = mkstemp(path);
    REQUIRE(fd >= 0 && write(fd, "one", 3) == 3, "%s", path);
    snprintf(yaml, sizeof yaml, "{token_file: %s}", path);
    uint64_t before = print_of(yaml);
    CHECK(print_of(yaml) == before, "as long as the file is the same");
    REQUIRE(write(fd, "two", 3) == 3, "%s", path);
    CHECK(print_of(yaml) != before, "a secret that was changed in its file");
    close(fd);
    unlink(path);
}

int main(void)
{
    all_kinds_are_read();
    what_is_wrong_is_named_with_its_place();
    a_secret_may_stand_in_a_file();
    lists_and_texts_have_bounds();
    prints_differ_where_the_values_do();
    return test_end();
}
