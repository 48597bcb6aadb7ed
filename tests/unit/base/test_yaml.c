#include "base/yaml.h"
#include "base/buf.h"
#include "base/text.h"
#include "tests/test.h"

#include <stdint.h>
#include <stdlib.h>

/* {a:1,b:["x",~]}: quoted scalars in quotes. */
static void dump(struct buf *out, const struct yaml_node *node)
{
    if (node->kind == YAML_SCALAR) {
        buf_addf(out, node->quoted ? "\"%s\"" : "%s", node->text);
        return;
    }
    buf_add_char(out, node->kind == YAML_MAP ? '{' : '[');
    for (size_t i = 0; i < node->count; i++) {
        buf_add_text(out, i ? "," : "");
        if (node->kind == YAML_MAP) {
            dump(out, node->keys[i]);
            buf_add_char(out, ':');
        }
        dump(out, node->items[i]);
    }
    buf_add_char(out, node->kind == YAML_MAP ? '}' : ']');
}

/* From memory that ends where the text ends, so that a sanitizer sees a read behind it. */
static struct yaml *parse(const char *text, size_t length, struct err *err)
{
    char *exact = malloc(length + !length);
    memcpy(exact, text, length);
    struct yaml *yaml = yaml_parse("n.yaml", exact, length, err);
    free(exact);
    return yaml;
}

static void what_is_read(void)
{
    static const struct {
        const char *name, *in, *want;
    } rows[] = {
        {"nothing", "", "{}"},
        {"a comment", "# nothing\n", "{}"},
        {"an empty document", "---\n...\n", ""},
        {"map", "a: 1\nb: two words\n", "{a:1,b:two words}"},
        {"list", "- a\n- - b\n  - c\n- {d: e}\n", "[a,[b,c],{d:e}]"},
        {"scalar", "just text", "just text"},
        {"quoted is known", "a: \"5m\"\nb: '~'\nc: ~\nd:\ne: |\n  x\n  y\n", "{a:\"5m\",b:\"~\",c:~,d:,e:\"x\ny\n\"}"},
        {"nothing is guessed", "a: 010\nb: yes\nc: 5m\nd: 1e3\n", "{a:010,b:yes,c:5m,d:1e3}"},
        {"alias", "x: &x {a: 1}\ny: *x\nz: [*x, *x]\n", "{x:{a:1},y:{a:1},z:[{a:1},{a:1}]}"},
        {"alias as a key", "a: &k b\n*k : c\n", "{a:b,b:c}"},
        {"core tags", "a: !!str 5\nb: !!int 6\n", "{a:5,b:6}"},
        {"a quoted <<", "\"<<\": 1\n", "{\"<<\":1}"},
        {"the same key in other maps", "a: {x: 1}\nb: {x: 1}\n", "{a:{x:1},b:{x:1}}"},
        {"umlauts and a byte order mark", "\xef\xbb\xbfgr\xc3\xbcn: \xe2\x82\xac\n", "{gr\xc3\xbcn:\xe2\x82\xac}"},
        {"Windows lines", "a: 1\r\nb: 2\r\n", "{a:1,b:2}"},
        {"brackets in text and comments", "a: \"[[[[\" # {{{{\n", "{a:\"[[[[\"}"},
        {"end of document", "a: 1\n...\n", "{a:1}"},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct buf out = BUF_EMPTY(1000);
        struct err err = {0};
        struct yaml *yaml = parse(rows[i].in, strlen(rows[i].in), &err);
        CHECK(yaml != NULL, "%s: %s", rows[i].name, err.text);
        if (yaml)
            dump(&out, yaml_root(yaml));
        CHECK(test_same(buf_text(&out), rows[i].want), "%s: %s", rows[i].name, buf_text(&out));
        yaml_close(yaml);
        buf_free(&out);
    }
    yaml_close(NULL);
}

static void what_is_refused_and_where(void)
{
    static const struct {
        const char *name, *in;
        size_t length; /* 0: up to the NUL */
        const char *says;
    } rows[] = {
        {"twice", "a: 1\nb: 2\na: 3\n", 0, "n.yaml:3:1: \"a\" is given twice; the first is in line 1"},
        {"twice, once quoted", "a: 1\n\"a\": 3\n", 0, "n.yaml:2:1: \"a\" is given twice"},
        {"the first of two pairs is told", "z: 1\nb: 2\nb: 3\nz: 4\n", 0, "n.yaml:3:1: \"b\" is given twice; the first is in line 2"},
        {"three times", "a: 1\na: 2\na: 3\n", 0, "n.yaml:2:1: \"a\" is given twice; the first is in line 1"},
        {"twice, deep down", "x:\n  - {a: 1, a: 2}\n", 0, "n.yaml:2:12: \"a\" is given twice"},
        {"twice, through an alias", "k: &k a\na: 1\n*k : 2\n", 0, "\"a\" is given twice"},
        {"merge key", "x: &x {a: 1}\ny:\n  <<: *x\n", 0, "n.yaml:3:3: merge keys"},
        {"a map as a key", "{a: 1}: 2\n", 0, "n.yaml:1:1: a key must be plain text"},
        {"a variable taken for a map", "[${HOME}]", 0, "n.yaml:1:"},
        {"a tag", "a: !ruby/object x\n", 0, "n.yaml:1:4: tags are not supported"},
        {"a binary tag", "a: !!binary aGk=\n", 0, "n.yaml:1:4: tags are not supported"},
        {"a timestamp tag on a list", "- !!set {a}\n", 0, "n.yaml:1:3: tags are not supported"},
        {"second document", "a: 1\n---\nb: 2\n", 0, "n.yaml:2:1: a second document begins here"},
        {"tab", "a:\n\t- b\n", 0, "n.yaml:2:1: "},
        {"never closed", "a: [1, 2\n", 0, "n.yaml:2:1: "},
        {"never closed text", "a: \"b\n", 0, "n.yaml:2:1: "},
        {"at sign", "a: @b\n", 0, "n.yaml:1:4: "},
        {"indentation", "a: 1\n b: 2\n", 0, "n.yaml:2:3: "},
        {"undefined alias", "a: *b\n", 0, "n.yaml:1:4: found undefined alias"},
        {"the same anchor twice", "- &a 1\n- &a 2\n", 0, "n.yaml:2:3: "},
        {"contains itself", "&a [*a]\n", 0, "n.yaml:1:1: contains itself through an alias"},
        {"contains itself, in a map", "a: &a\n  b: {c: *a}\n", 0, "contains itself through an alias"},
        {"is its own key", "&a {*a : 1}\n", 0, "n.yaml:1:1: contains itself through an alias"},
        {"invalid UTF-8", "a: 1\nbc: \xff\n", 0, "n.yaml:2:5: "},
        {"surrogate", "a: \xed\xa0\x80\n", 0, "n.yaml:1:4: "},
        {"cut UTF-8", "a: \xc3", 0, "n.yaml:1:4: "},
        {"control character", "a: x\x01\n", 0, "n.yaml:1:"},
        {"raw NUL", "a: x\0y\n", 7, "n.yaml:1:"},
        {"escaped NUL", "a: 1\nb: \"x\\0y\"\n", 0, "n.yaml:2:4: a NUL character"},
        {"YAML 3", "%YAML 3.0\n---\na: 1\n", 0, "n.yaml:1:1: "},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct err err = {0};
        size_t length = rows[i].length ? rows[i].length : strlen(rows[i].in);
        struct yaml *yaml = parse(rows[i].in, length, &err);
        CHECK(!yaml && err.kind == ERR_INPUT, "%s is taken", rows[i].name);
        CHECK(strstr(err.text, rows[i].says) && text_starts(err.text, "n.yaml:"), "%s: %s", rows[i].name, err.text);
        CHECK(!parse(rows[i].in, length, NULL), "%s, without err", rows[i].name);
        yaml_close(yaml);
    }
}

/* Text that a naive reader would choke on: each must be answered at once, and with few bytes. */
static void bounds(void)
{
    static const struct {
        const char *name, *first, *again, *last;
        size_t times;
        const char *says; /* NULL: taken */
    } rows[] = {
        {"a million dashes", "", "- ", "", 500000, "n.yaml:1:131: nested too deeply"},
        {"a million brackets", "", "[", "", 1000000, "n.yaml:1:66: nested too deeply"},
        {"a million braces", "", "{", "", 1000000, "nested too deeply"},
        {"a million questions", "", "? ", "", 500000, "nested too deeply"},
        {"many values", "", "- x\n", "", 120000, "too many values"},
        {"many anchors of one name", "", "- &a x\n", "", 1001, "n.yaml:1001:3: too many anchors"},
        {"many aliases", "- &a x\n", "- *a\n", "", 99990, NULL},
        {"too many aliases", "- &a x\n", "- *a\n", "", 100000, "too many values"},
        {"more than a megabyte", "a: ", "x", "", 1048576, "n.yaml:1:1: larger than 1048576 bytes"},
        {"nearly a megabyte", "a: ", "x", "", 1048573, NULL},
        {"many comments with brackets", "", "#[{\n", "", 200000, NULL},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct buf text = BUF_EMPTY(2 << 20);
        struct err err = {0};
        buf_add_text(&text, rows[i].first);
        for (size_t k = 0; k < rows[i].times; k++)
            buf_add_text(&text, rows[i].again);
        buf_add_text(&text, rows[i].last);
        struct yaml *yaml = parse(buf_text(&text), text.length, &err);
        CHECK((yaml != NULL) == !rows[i].says, "%s: %s", rows[i].name, err.text);
        CHECK(!rows[i].says || strstr(err.text, rows[i].says), "%s: %s", rows[i].name, err.text);
        yaml_close(yaml);
        buf_free(&text);
    }
}

static void depth_to_the_level(void)
{
    for (int through_alias = 0; through_alias < 2; through_alias++)
        for (int depth = YAML_DEPTH_MAX - 1; depth <= YAML_DEPTH_MAX + 1; depth++) {
            struct buf text = BUF_EMPTY(1000);
            struct err err = {0};
            buf_add_text(&text, through_alias ? "- &a [[[[[[[[[[x]]]]]]]]]]\n- " : "");
            int own = through_alias ? depth - 11 : depth; /* the list itself is one, the anchored lists ten */
            for (int i = 0; i < own; i++)
                buf_add_char(&text, '[');
            buf_add_text(&text, through_alias ? "*a" : "x");
            for (int i = 0; i < own; i++)
                buf_add_char(&text, ']');
            struct yaml *yaml = parse(buf_text(&text), text.length, &err);
            CHECK((yaml != NULL) == (depth <= YAML_DEPTH_MAX), "%d deep, %d: %s", depth, through_alias, err.text);
            CHECK(yaml || strstr(err.text, "nested too deeply"), "%s", err.text);
            yaml_close(yaml);
            buf_free(&text);
        }
}

static void bombs_do_not_go_off(void)
{
    struct buf text = BUF_EMPTY(1 << 20);
    struct err err = {0};

    buf_add_text(&text, "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    for (int i = 1; i < 30; i++)
        buf_addf(&text, "a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n", i, i, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1,
                 i - 1, i - 1, i - 1);
    CHECK(!parse(buf_text(&text), text.length, &err) && strstr(err.text, "too large once its aliases are followed"), "%s", err.text);

    buf_clear(&text); /* one large text, many times */
    buf_add_text(&text, "a: &a \"");
    for (int i = 0; i < 500000; i++)
        buf_add_char(&text, 'x');
    buf_add_text(&text, "\"\nb: [*a, *a, *a]\n");
    struct yaml *yaml = parse(buf_text(&text), text.length, &err);
    CHECK(yaml != NULL, "%s", err.text);
    if (yaml) {
        const struct yaml_node *a = yaml_get(yaml_root(yaml), "a"), *b = yaml_get(yaml_root(yaml), "b");
        CHECK(b->count == 3 && b->items[0] == a && b->items[2] == a, "aliases share");
    }
    yaml_close(yaml);
    buf_cut(&text, text.length - 2);
    for (int i = 0; i < 50000; i++)
        buf_add_text(&text, ",*a");
    buf_add_text(&text, "]\n");
    CHECK(!parse(buf_text(&text), text.length, &err) && strstr(err.text, "too large once"), "%s", err.text);

    buf_clear(&text); /* as many keys as there may be, and one twice */
    for (int i = 0; i < 49000; i++)
        buf_addf(&text, "k%d: x\n", i);
    yaml = parse(buf_text(&text), text.length, &err);
    CHECK(yaml && yaml_root(yaml)->count == 49000, "%s", err.text);
    yaml_close(yaml);
    buf_add_text(&text, "k7: x\n");
    CHECK(!parse(buf_text(&text), text.length, &err) && strstr(err.text, "n.yaml:49001:1: \"k7\" is given twice; the first is in line 8"),
          "%s", err.text);
    buf_free(&text);
}

static void places_and_reading(void)
{
    static const char text[] = "a: 1\nlist:\n  - x\n  -   \"y\"\nn: null\nt: ~\ne:\nq: \"\"\nN: \"null\"\n";
    struct yaml *yaml = parse(text, sizeof text - 1, NULL);
    REQUIRE(yaml, "parses");
    const struct yaml_node *root = yaml_root(yaml), *list = yaml_get(root, "list");

    CHECK(list && list->kind == YAML_LIST && list->count == 2 && list->line == 3 && list->column == 3, "list");
    CHECK(list->items[1]->line == 4 && list->items[1]->column == 7 && list->items[1]->quoted, "y");
    CHECK(root->keys[1]->line == 2 && root->keys[1]->column == 1, "key");
    CHECK(yaml_is_null(yaml_get(root, "n")) && yaml_is_null(yaml_get(root, "t")) && yaml_is_null(yaml_get(root, "e")), "nulls");
    CHECK(yaml_is_null(yaml_get(root, "absent")) && yaml_is_null(NULL), "absent is null");
    CHECK(!yaml_is_null(yaml_get(root, "q")) && !yaml_is_null(yaml_get(root, "N")) && !yaml_is_null(list) &&
          !yaml_is_null(yaml_get(root, "a")), "others are not");
    CHECK(!yaml_get(list, "a") && !yaml_get(NULL, "a") && !yaml_get(root, "A"), "yaml_get is exact");
    yaml_close(yaml);
}

/* Any cut and any changed byte is read or refused with a place, never a crash. */
static void mutilated(void)
{
    static const char text[] = "%YAML 1.1\n---\na: &x {k: \"\\u00e9\", l: [1, *x2]}\nb: >-\n  folded\n  text\n'c': *x\n? d\n: !!str e # f\n";
    static const char bytes[] = "\0\n\t\"'[]{}:,-?#&*!|>%@`\\\x80\xff \xfe";
    size_t placeless = 0;

    for (size_t i = 0; i < sizeof text - 1; i++)
        for (size_t k = 0; k <= sizeof bytes; k++) {
            char copy[sizeof text];
            struct err err = {0};
            memcpy(copy, text, sizeof text);
            if (k < sizeof bytes)
                copy[i] = bytes[k];
            struct yaml *yaml = parse(copy, k < sizeof bytes ? sizeof text - 1 : i, &err);
            placeless += !yaml && !text_starts(err.text, "n.yaml:");
            yaml_close(yaml);
        }
    CHECK_INT(placeless, 0);
}

int main(void)
{
    what_is_read();
    what_is_refused_and_where();
    bounds();
    depth_to_the_level();
    bombs_do_not_go_off();
    places_and_reading();
    mutilated();
    return test_end();
}
