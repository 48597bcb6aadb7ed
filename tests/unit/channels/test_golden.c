/* tests/golden/CHANNEL/NAME.json: what goes in, and the bytes that must go out. GOLDEN_WRITE=1 writes them anew, for a
 * person to read the difference. */
#include "tests/unit/channels/golden.h"

#include "base/file.h"

#include <dirent.h>

#define FOLDER "tests/golden"
#define FILE_MAX (8u << 20)

/* A body in lines, where it has more than one: differences are then readable. */
static void put_body(struct json_out *out, const struct request *request)
{
    const char *body = text_or(request->body, ""), *end;

    json_member(out, "body");
    if (!strchr(body, '\n')) {
        json_put_text(out, body);
        return;
    }
    json_open(out, '[');
    for (; (end = strchr(body, '\n')); body = end + 1) {
        size_t length = (size_t)(end - body);
        char *line = strndup(body, length && body[length - 1] == '\r' ? length - 1 : length);
        json_put_text(out, line);
        free(line);
    }
    if (*body)
        json_put_text(out, body);
    json_shut(out, ']');
}

static void put_request(struct json_out *out, const struct rendered_part *part, const struct request *request, struct arena *arena)
{
    static const char *const kinds[] = {[PART_POST] = "post", [PART_EDIT] = "edit", [PART_RECIPIENT] = "recipients"};

    json_open(out, '{');
    json_set_text(out, "part", part->optional ? "optional edit" : kinds[part->kind]);
    if (request->kind == REQUEST_HTTP) {
        json_set_text(out, "request", arena_printf(arena, "%s %s", request->method, request->url));
        json_member(out, "headers");
        json_open(out, '[');
        for (size_t i = 0; i < request->header_count; i++)
            json_put_text(out, arena_printf(arena, "%s: %s", request->headers[i].name, request->headers[i].value));
        json_shut(out, ']');
    }
    if (request->recipient_count) {
        json_member(out, "recipients");
        json_open(out, '[');
        for (size_t i = 0; i < request->recipient_count; i++)
            json_put_text(out, request->recipients[i]);
        json_shut(out, ']');
    }
    put_body(out, request);
    json_shut(out, '}');
}

static void check_pure(const struct golden *golden, const struct rendered_part *parts, size_t count, const struct request *request,
                       struct arena *arena, const char *path)
{
    struct request again;
    struct err err;

    CHECK(request->body_length == strlen(request->body), "%s: its length", path);
    CHECK(golden->config.codec->write(&golden->config, &golden->sending, parts, count, arena, &again, &err) &&
              again.body_length == request->body_length && memcmp(again.body, request->body, again.body_length) == 0,
          "%s: the same again", path);
}

static void produce(const struct golden *golden, struct arena *arena, struct buf *text, const char *path)
{
    struct rendered_part *parts = ARENA_NEW(arena, struct rendered_part, CHANNEL_PARTS_MAX);
    const struct channel *codec = golden->config.codec;
    struct json_out out = json_out(text);
    size_t count = codec->compose(&golden->config, &golden->view, arena, parts);

    CHECK(count >= 1 && count <= CHANNEL_PARTS_MAX, "%s: %zu parts", path, count);
    json_open(&out, '[');
    for (size_t i = 0, step; i < count; i += step) {
        struct request request = {0};
        struct err err = {0};
        step = codec->parts_together ? count : 1;
        if (!codec->write(&golden->config, &golden->sending, parts + i, step, arena, &request, &err)) {
            json_open(&out, '{');
            json_set_text(&out, "error", err.text);
            json_shut(&out, '}');
            continue;
        }
        check_pure(golden, parts + i, step, &request, arena, path);
        put_request(&out, &parts[i], &request, arena);
    }
    json_shut(&out, ']');
}

static void add_pretty(struct buf *out, const struct cJSON *json, int indent)
{
    bool object = json_is_object(json);

    if ((!object && !json_is_array(json)) || !json_first(json)) {
        json_add_value(out, json);
        return;
    }
    buf_add_char(out, object ? '{' : '[');
    for (const struct cJSON *one = json_first(json); one; one = json_next(one)) {
        buf_addf(out, "\n%*s", indent + 2, "");
        if (object) {
            struct json_out key = json_out(out);
            json_put_text(&key, json_key(one));
            buf_add_text(out, ": ");
        }
        add_pretty(out, one, indent + 2);
        buf_add_text(out, json_next(one) ? "," : "");
    }
    buf_addf(out, "\n%*s%c", indent, "", object ? '}' : ']');
}

static void write_golden(const char *path, const struct cJSON *json, const char *requests)
{
    struct buf whole = BUF_EMPTY(FILE_MAX), pretty = BUF_EMPTY(FILE_MAX);
    struct json_out out = json_out(&whole);

    json_open(&out, '{');
    for (const struct cJSON *one = json_first(json); one; one = json_next(one)) {
        struct buf value = BUF_EMPTY(FILE_MAX);
        if (strcmp(json_key(one), "requests") == 0)
            continue;
        json_member(&out, json_key(one));
        json_add_value(&value, one);
        json_put_raw(&out, buf_text(&value));
        buf_free(&value);
    }
    json_member(&out, "requests");
    json_put_raw(&out, requests);
    json_shut(&out, '}');
    struct cJSON *parsed = json_parse(buf_text(&whole), whole.length, NULL);
    add_pretty(&pretty, parsed, 0);
    buf_add_char(&pretty, '\n');
    FILE *file = parsed ? fopen(path, "wb") : NULL;
    CHECK(file && fwrite(pretty.data, 1, pretty.length, file) == pretty.length, "%s: written", path);
    if (file)
        fclose(file);
    json_close(parsed);
    buf_free(&whole);
    buf_free(&pretty);
}

static struct cJSON *read_json(const char *path)
{
    struct buf text = BUF_EMPTY(FILE_MAX);
    struct err err = {0};
    struct cJSON *json = file_read(path, &text, &err) ? json_parse(buf_text(&text), text.length, &err) : NULL;

    CHECK(json, "%s: %s", path, err.text);
    buf_free(&text);
    return json;
}

static void compare(const char *path, const struct cJSON *want, const char *got)
{
    struct buf first = BUF_EMPTY(FILE_MAX), second = BUF_EMPTY(FILE_MAX);
    struct cJSON *json = json_parse(got, strlen(got), NULL);

    json_add_value(&first, want);
    json_add_value(&second, json);
    size_t same = 0;
    while (buf_text(&first)[same] && buf_text(&first)[same] == buf_text(&second)[same])
        same++;
    size_t from = same < 60 ? 0 : same - 60;
    CHECK(first.length == second.length && same == first.length, "%s: from byte %zu\nwant ...%.300s\ngot  ...%.300s", path, same,
          buf_text(&first) + (from < first.length ? from : first.length), buf_text(&second) + (from < second.length ? from : second.length));
    json_close(json);
    buf_free(&first);
    buf_free(&second);
}

static void check_golden(const char *path, const struct zone *zone)
{
    struct cJSON *json = read_json(path), *payload = NULL;
    struct arena *arena = arena_new();
    struct golden *golden = ARENA_NEW(arena, struct golden, 1);
    struct buf got = BUF_EMPTY(FILE_MAX);

    const char *recorded = json_get_text(json, "payload");
    if (recorded)
        payload = read_json(arena_printf(arena, "tests/payloads/%s.json", recorded));
    golden_read(json, json_get(recorded ? payload : json, "alerts"), zone, arena, golden);
    CHECK(golden->config.codec, "%s: its channel", path);
    if (golden->config.codec) {
        produce(golden, arena, &got, path);
        if (getenv("GOLDEN_WRITE"))
            write_golden(path, json, buf_text(&got));
        else
            compare(path, json_get(json, "requests"), buf_text(&got));
    }
    buf_free(&got);
    json_close(payload);
    json_close(json);
    arena_free(arena);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void check_folder(const char *type, const struct zone *zone)
{
    struct dirent **entries = NULL;
    char path[512];
    int found = 0;

    snprintf(path, sizeof path, FOLDER "/%s", type);
    int count = scandir(path, &entries, NULL, by_name);
    for (int i = 0; i < count; i++) {
        if (text_ends(entries[i]->d_name, ".json")) {
            snprintf(path, sizeof path, FOLDER "/%s/%s", type, entries[i]->d_name);
            check_golden(path, zone);
            found++;
        }
        free(entries[i]);
    }
    free(entries);
    CHECK(found > 0, "%s: golden files in " FOLDER "/%s", type, type);
}

int main(void)
{
    struct err err = {0};
    struct zone *zone = zone_open("Europe/Berlin", &err);

    CHECK(zone, "%s", err.text);
    for (size_t i = 0; channels[i]; i++)
        check_folder(channels[i]->type, zone);
    zone_close(zone);
    return test_end();
}
