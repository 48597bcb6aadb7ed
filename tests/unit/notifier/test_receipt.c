/* What commands print: a receipt, lines of CSV. Both hold strangers' words. */
#include "base/text.h"
#include "notifier/commands/commands.h"
#include "notifier/commands/receipt.h"
#include "notifier/commands/rows.h"
#include "tests/test.h"

static struct cJSON *read(const char *text)
{
    struct err err;
    struct cJSON *json = json_parse(text, strlen(text), &err);
    CHECK(json, "%s", err.text);
    return json;
}

static const struct {
    const char *name, *json, *want;
} receipts[] = {
    {"delivered",
     "{\"id\":\"4\",\"channel\":\"hook\",\"incident\":\"Q9NG\",\"state\":\"delivered\",\"acceptedAt\":\"A\",\"settledAt\":\"B\",\"dueAt\":null,"
     "\"explanation\":\"Sent.\",\"items\":[{\"alert\":\"1\",\"status\":\"firing\",\"name\":\"Disk\",\"labels\":{\"alertname\":\"Disk\",\"host\":\"a\"}}],"
     "\"attempts\":[{\"startedAt\":\"C\",\"endedAt\":\"D\",\"outcome\":\"taken\",\"status\":200,\"latencyMs\":7,\"words\":null}],"
     "\"messages\":[{\"text\":\"one\\ntwo\",\"parts\":[{\"index\":0,\"kind\":\"post\",\"state\":\"delivered\",\"remoteId\":\"x1\"}]}]}",
     "delivery 4: delivered over hook, incident Q9NG\n  Sent.\n  accepted A, settled B\n  alert    firing Disk host=a  id 1\n"
     "  attempt  C taken, status 200, 7 ms\n  part 0   post delivered, remote id x1\n  | one\n  | two\n"},
    {"under way, with words", "{\"id\":\"4\",\"channel\":\"hook\",\"state\":\"open\",\"acceptedAt\":\"A\",\"dueAt\":\"E\","
     "\"attempts\":[{\"startedAt\":\"C\",\"endedAt\":null,\"outcome\":\"under way\",\"status\":0},"
     "{\"startedAt\":\"B\",\"endedAt\":\"C\",\"outcome\":\"failed\",\"status\":0,\"latencyMs\":3,\"words\":\"no route\"}]}",
     "delivery 4: open over hook\n  accepted A, next try not before E\n  attempt  C under way\n  attempt  B failed, 3 ms: no route\n"},
    {"a message that would write on the terminal", "{\"id\":\"4\",\"state\":\"dead\",\"messages\":[{\"text\":\"a\\u001b[31mb\\u202ec\"}]}",
     "delivery 4: dead\n\n  | a[31mb\\xe2\\x80\\xaec\n"},
    {"nothing known", "{}", "\n\n"},
};

static void receipts_are_readable(void)
{
    for (size_t i = 0; i < LENGTH(receipts); i++) {
        struct cJSON *json = read(receipts[i].json);
        struct buf out = BUF_EMPTY(64 * 1024);
        receipt_write(json, &out);
        CHECK(strcmp(buf_text(&out), receipts[i].want) == 0, "%s: got\n%swant\n%s", receipts[i].name, buf_text(&out), receipts[i].want);
        buf_free(&out);
        json_close(json);
    }
}

static void rows_become_csv(void)
{
    struct cJSON *json = read("{\"id\":\"1\",\"n\":5,\"none\":null,\"yes\":true,\"labels\":{\"a\":\"b\"},\"list\":[\"x\",\"y\"],"
                              "\"channels\":[{\"channel\":\"t\",\"settled\":\"open\"}],\"sly\":\"=1+1\",\"quote\":\"a\\\"b\"}");
    struct buf out = BUF_EMPTY(4096);

    rows_add_csv(&out, json, true);
    rows_add_csv(&out, json, false);
    CHECK_TEXT(buf_text(&out), "id,n,none,yes,labels,list,channels,sly,quote\r\n1,5,,true,\"{\"\"a\"\":\"\"b\"\"}\",x; y,t open,\"'=1+1\",\"a\"\"b\"\r\n");
    buf_free(&out);
    json_close(json);
}

static void commands_are_whole(void)
{
    for (const struct command *command = commands; command->name; command++) {
        CHECK(command->run && command->usage && command->summary, "%s", command->name);
        CHECK(command_find(command->name) == command, "%s stands twice", command->name);
        CHECK(!text_ends(command->summary, "."), "%s: the list puts the full stop", command->name);
    }
    CHECK(!command_find("nosuch") && !command_find(""), "what is not there");
}

int main(void)
{
    receipts_are_readable();
    rows_become_csv();
    commands_are_whole();
    return test_end();
}
