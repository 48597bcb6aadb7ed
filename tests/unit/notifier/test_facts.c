/* A thing as rows: what is asked about, what comes out, and no formula in it. */
#include "base/text.h"
#include "notifier/commands/facts.h"
#include "tests/test.h"

#include <string.h>

#define WHY "kind,id,name,at,status,channel,state,settledAt,delivery,explanation\r\n"
#define TRIES "delivery,channel,incident,title,state,attempt,message,partFirst,partCount,startedAt,endedAt,outcome,status,latencyMs,words\r\n"

static const struct {
    const char *name;
    void (*write)(const struct cJSON *thing, struct buf *out);
    const char *json, *want;
} rows[] = {
    {"one channel was told: one row", facts_write_why,
     "{\"kind\":\"alert\",\"id\":\"1\",\"name\":\"Disk\",\"transitions\":[{\"at\":\"T1\",\"status\":\"firing\",\"explanation\":\"a was told\","
     "\"channels\":[{\"channel\":\"a\",\"settled\":\"delivered\",\"delivery\":\"4\",\"at\":\"T2\",\"explanation\":\"a was told\"}]}]}",
     WHY "alert,1,Disk,T1,firing,a,delivered,T2,4,a was told\r\n"},
    {"two channels: the change, and each", facts_write_why,
     "{\"kind\":\"alert\",\"id\":\"1\",\"name\":\"Disk\",\"transitions\":[{\"at\":\"T1\",\"status\":\"firing\",\"explanation\":\"both\","
     "\"channels\":[{\"channel\":\"a\",\"settled\":\"dead\",\"delivery\":\"4\",\"at\":\"T2\",\"explanation\":\"no, \\\"not\\\" a\"},"
     "{\"channel\":\"b\",\"settled\":null,\"delivery\":null,\"at\":null,\"explanation\":\"b waits\"}]}]}",
     WHY "alert,1,Disk,T1,firing,,,,,both\r\nalert,1,Disk,T1,firing,a,dead,T2,4,\"no, \"\"not\"\" a\"\r\nalert,1,Disk,T1,firing,b,,,,b waits\r\n"},
    {"nobody had to hear", facts_write_why,
     "{\"kind\":\"alert\",\"id\":\"1\",\"name\":\"=cmd()\",\"transitions\":[{\"at\":\"T1\",\"status\":\"resolved\",\"explanation\":\"silenced\",\"channels\":[]}]}",
     WHY "alert,1,\"'=cmd()\",T1,resolved,,,,,silenced\r\n"},
    {"an incident and what it owes", facts_write_why,
     "{\"kind\":\"incident\",\"id\":\"3\",\"reference\":\"K7Q2\",\"title\":\"Disk\",\"state\":\"open\",\"openedAt\":\"T1\",\"explanation\":\"opened\","
     "\"deliveries\":[{\"id\":\"4\",\"channel\":\"a\",\"state\":\"delivered\",\"openedAt\":\"T2\",\"settledAt\":\"T3\",\"explanation\":\"told\"}]}",
     WHY "incident,K7Q2,Disk,T1,open,,,,,opened\r\nincident,K7Q2,Disk,T2,open,a,delivered,T3,4,told\r\n"},
    {"a delivery", facts_write_why,
     "{\"kind\":\"delivery\",\"id\":\"4\",\"title\":\"Disk\",\"channel\":\"a\",\"state\":\"open\",\"openedAt\":\"T1\",\"settledAt\":null,\"explanation\":\"waits\"}",
     WHY "delivery,4,Disk,T1,,a,open,,4,waits\r\n"},
    {"a kind that is not known has names only", facts_write_why, "{\"kind\":\"weather\"}", WHY},
    {"each attempt", facts_write_attempts,
     "{\"id\":\"4\",\"channel\":\"a\",\"incident\":\"K7Q2\",\"title\":\"Disk\",\"state\":\"open\",\"attempts\":["
     "{\"id\":\"6\",\"message\":\"5\",\"partFirst\":0,\"partCount\":1,\"startedAt\":\"T1\",\"endedAt\":\"T2\",\"outcome\":\"busy\",\"status\":429,\"latencyMs\":7,\"words\":\"@later\"},"
     "{\"id\":\"7\",\"message\":\"5\",\"partFirst\":0,\"partCount\":1,\"startedAt\":\"T3\",\"endedAt\":null,\"outcome\":null,\"status\":null,\"latencyMs\":null,\"words\":null}]}",
     TRIES "4,a,K7Q2,Disk,open,6,5,0,1,T1,T2,busy,429,7,\"'@later\"\r\n4,a,K7Q2,Disk,open,7,5,0,1,T3,,,,,\r\n"},
    {"no attempt was made", facts_write_attempts, "{\"id\":\"4\",\"attempts\":[]}", TRIES},
};

static void writes_rows(void)
{
    for (size_t i = 0; i < LENGTH(rows); i++) {
        struct buf out = BUF_EMPTY(64 * 1024);
        struct err err = {0};
        struct cJSON *thing = json_parse(rows[i].json, strlen(rows[i].json), &err);
        REQUIRE(thing, "%s: %s", rows[i].name, err.text);
        rows[i].write(thing, &out);
        CHECK(test_same(buf_text(&out), rows[i].want), "%s: %s", rows[i].name, buf_text(&out));
        json_close(thing);
        buf_free(&out);
    }
}

int main(void)
{
    writes_rows();
    return test_end();
}
