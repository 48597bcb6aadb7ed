#include "tests/sim/setup.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define YAML_MAX (64 * 1024)
#define SIM_START_MINUTE (13 * 60 + 35) /* of the day in which lives begin: see LIFE_START_MS */

const struct sim_channel sim_channels[SIM_CHANNELS_MAX] = {
    {"chat", WIRE_TELEGRAM}, {"hook", WIRE_WEBHOOK},  {"mail", WIRE_MAIL},     {"console", WIRE_CONSOLE},
    {"night", WIRE_TELEGRAM}, {"pager", WIRE_WEBHOOK}, {"office", WIRE_MAIL}, {"board", WIRE_WEBHOOK},
};

int sim_channel_index(const char *name)
{
    for (int i = 0; i < SIM_CHANNELS_MAX; i++)
        if (strcmp(sim_channels[i].name, name) == 0)
            return i;
    return -1;
}

static const char *pick(struct dice *dice, const char *const *from, size_t count)
{
    return from[dice_pick(dice, count)];
}
#define PICK(dice, ...) pick((dice), (const char *const[]){__VA_ARGS__}, LENGTH(((const char *const[]){__VA_ARGS__})))

static void draw_rates(struct setup *setup, struct dice *dice, size_t channel, struct buf *yaml)
{
    static const struct { struct rate rate; const char *text; } some[] = {
        {{1, 1000}, "{count: 1, per: 1s}"}, {{3, 10000}, "{count: 3, per: 10s}"}, {{20, 60000}, "{count: 20, per: 1m}"},
        {{6, 60000}, "{count: 6, per: 1m}"}, {{1, 7000}, "{count: 1, per: 7s}"},
    };
    size_t count = 1 + dice_pick(dice, 2);

    buf_add_text(yaml, ", rate_limit: [");
    for (size_t i = 0; i < count; i++) {
        size_t n = dice_pick(dice, LENGTH(some));
        setup->rates[channel][setup->rate_count[channel]++] = some[n].rate;
        buf_addf(yaml, "%s%s", i ? ", " : "", some[n].text);
    }
    buf_add_char(yaml, ']');
}

static void draw_channel(struct setup *setup, struct dice *dice, const struct setup_style *style, size_t channel, struct buf *yaml)
{
    const char *name = sim_channels[channel].name;

    setup->present[channel] = true;
    setup->send_resolved[channel] = !dice_chance(dice, 15);
    buf_addf(yaml, "  - {name: %s, ", name);
    switch (sim_channels[channel].wire) {
    case WIRE_TELEGRAM:
        buf_addf(yaml, "type: telegram, bot_token: \"1234:token-of-%s\", chat_id: \"77\", on_update: %s", name, PICK(dice, "reply", "edit", "new"));
        break;
    case WIRE_WEBHOOK: buf_addf(yaml, "type: webhook, url: \"https://%s.example.org/in\"", name); break;
    case WIRE_MAIL:
        buf_addf(yaml, "type: smtp, host: mail.example.org, from: n@example.org, to: [a@example.org%s%s]",
                 dice_chance(dice, 60) ? ", b@example.org" : "", dice_chance(dice, 40) ? ", c@example.org" : "");
        break;
    case WIRE_CONSOLE: buf_add_text(yaml, "type: console"); break;
    }
    if (!setup->send_resolved[channel])
        buf_add_text(yaml, ", send_resolved: false");
    if (style->splits && dice_chance(dice, 25))
        buf_addf(yaml, ", max_alerts: %d", (int)dice_between(dice, 1, 6));
    if (style->rates && dice_chance(dice, 60))
        draw_rates(setup, dice, channel, yaml);
    else if (sim_channels[channel].wire == WIRE_TELEGRAM)
        setup->rates[channel][setup->rate_count[channel]++] = (struct rate){1, 1000}; /* the codec's default */
    buf_add_text(yaml, "}\n");
}

static void add_names(struct buf *yaml, const struct sim_node *node)
{
    buf_add_text(yaml, "channels: [");
    for (size_t i = 0; i < node->channel_count; i++)
        buf_addf(yaml, "%s%s", i ? ", " : "", sim_channels[node->channels[i]].name);
    buf_add_char(yaml, ']');
}

static void draw_channels_of(const struct setup *setup, struct dice *dice, struct sim_node *node)
{
    node->channel_count = 0;
    while (!node->channel_count)
        for (uint8_t c = 0; c < SIM_CHANNELS_MAX; c++)
            if (setup->present[c] && dice_chance(dice, 45))
                node->channels[node->channel_count++] = c;
}

static void draw_fallback(const struct setup *setup, struct dice *dice, const struct sim_node *node, struct buf *yaml)
{
    size_t named = 0, first = dice_pick(dice, SIM_CHANNELS_MAX);

    if (node->parent >= 0 && first < 2) /* its parent's, which may name its own channels */
        return;
    buf_add_text(yaml, ", fallback: [");
    for (size_t i = 0; i < SIM_CHANNELS_MAX && named < 2; i++) {
        size_t c = (first + i) % SIM_CHANNELS_MAX;
        if (setup->present[c] && !memchr(node->channels, (int)c, node->channel_count) && dice_chance(dice, 60))
            buf_addf(yaml, "%s%s", named++ ? ", " : "", sim_channels[c].name);
    }
    buf_addf(yaml, "], deliver_within: %s", PICK(dice, "2s", "15s"));
}

/* Muted for up to an hour around the time in which lives are lived; or told only outside of it, which is the same. */
static void draw_muted(struct setup *setup, struct dice *dice, struct sim_node *node, struct buf *yaml)
{
    size_t length = strlen(setup->intervals);
    bool inverse = dice_chance(dice, 40);

    node->mutes = true;
    node->muted_from = SIM_START_MINUTE + (int)dice_pick(dice, 40);
    node->muted_to = node->muted_from + 1 + (int)dice_pick(dice, 30);
    const int f = node->muted_from, t = node->muted_to;
    if (inverse)
        snprintf(setup->intervals + length, sizeof setup->intervals - length,
                 "  - {name: i%zu, time_intervals: [{times: [{start_time: '00:00', end_time: '%02d:%02d'}, {start_time: '%02d:%02d', end_time: '24:00'}]}]}\n",
                 setup->node_count, f / 60, f % 60, t / 60, t % 60);
    else
        snprintf(setup->intervals + length, sizeof setup->intervals - length,
                 "  - {name: i%zu, time_intervals: [{years: ['1999']}, {times: [{start_time: '%02d:%02d', end_time: '%02d:%02d'}]}]}\n",
                 setup->node_count, f / 60, f % 60, t / 60, t % 60);
    buf_addf(yaml, ", %s: [i%zu]", inverse ? "active_time_intervals" : "mute_time_intervals", setup->node_count);
}

/* The flow mapping's inner part: everything of a node but its children. */
static void draw_node(struct setup *setup, struct dice *dice, const struct setup_style *style, struct sim_node *node, struct buf *yaml)
{
    if (node->parent >= 0) {
        static const char *const values[][2] = {{"team", "infra"}, {"team", "data"}, {"severity", "critical"}, {"severity", "info"}, {"alertname", "A"}};
        size_t n = dice_pick(dice, LENGTH(values));
        node->label = values[n][0];
        node->value = values[n][1];
        node->negated = dice_chance(dice, 20);
        node->continues = dice_chance(dice, 40);
        buf_addf(yaml, "matchers: ['%s%s\"%s\"'], ", node->label, node->negated ? PICK(dice, "!=", "!~") : PICK(dice, "=", "=~"), node->value);
        if (node->continues)
            buf_add_text(yaml, "continue: true, ");
    }
    if (node->parent < 0 || dice_chance(dice, 70))
        draw_channels_of(setup, dice, node);
    else {
        memcpy(node->channels, setup->nodes[node->parent].channels, sizeof node->channels);
        node->channel_count = setup->nodes[node->parent].channel_count;
    }
    add_names(yaml, node);
    if (style->fails_over)
        draw_fallback(setup, dice, node, yaml);
    if (node->parent < 0 || dice_chance(dice, 40))
        buf_addf(yaml, ", group_by: [%s]", PICK(dice, "alertname", "alertname, instance", "", "'...'", "team", "alertname, team"));
    if (style->waits && dice_chance(dice, 70))
        buf_addf(yaml, ", group_wait: %s, group_interval: %s", PICK(dice, "0s", "5s", "30s"), PICK(dice, "0s", "10s", "30s", "3m"));
    if (style->waits && dice_chance(dice, 50))
        buf_addf(yaml, ", repeat_interval: %s", PICK(dice, "0s", "10m", "1h", "4h"));
    if (style->gives_up && dice_chance(dice, 70))
        buf_addf(yaml, ", give_up_after: %s", PICK(dice, "1m", "5m"));
    if (dice_chance(dice, 20))
        buf_addf(yaml, ", stale_after: %s", PICK(dice, "30s", "2m"));
    node->drops_ends = node->parent >= 0 && setup->nodes[node->parent].drops_ends;
    if ((style->inhibits || style->mutes || style->silences) && dice_chance(dice, 25)) {
        node->drops_ends = !node->drops_ends;
        buf_addf(yaml, ", resolve_when_silenced: %s", node->drops_ends ? "false" : "true");
    }
    if (style->mutes && node->parent >= 0 && dice_chance(dice, 50))
        draw_muted(setup, dice, node, yaml);
}

static void draw_tree(struct setup *setup, struct dice *dice, const struct setup_style *style, int parent, unsigned depth, struct buf *yaml)
{
    struct sim_node *node = &setup->nodes[setup->node_count];
    int self = (int)setup->node_count++;
    size_t children = depth < 2 ? dice_pick(dice, depth ? 3 : 4) : 0;

    *node = (struct sim_node){.parent = parent};
    buf_add_char(yaml, '{');
    draw_node(setup, dice, style, node, yaml);
    for (size_t i = 0; i < children && setup->node_count < SIM_NODES_MAX; i++) {
        buf_add_text(yaml, i ? ", " : ", routes: [");
        draw_tree(setup, dice, style, self, depth + 1, yaml);
        if (i + 1 == children || setup->node_count == SIM_NODES_MAX)
            buf_add_char(yaml, ']');
    }
    buf_add_char(yaml, '}');
}

static void draw_rest(struct setup *setup, struct dice *dice, const struct setup_style *style, struct buf *yaml)
{
    bool some = dice_chance(dice, 30);

    buf_add_text(yaml, "\nself: {channels: [");
    for (size_t c = 0, named = 0; c < SIM_CHANNELS_MAX; c++) {
        setup->heard_by[c] = setup->present[c] && (!some || dice_chance(dice, 50));
        if (some && setup->heard_by[c])
            buf_addf(yaml, "%s%s", named++ ? ", " : "", sim_channels[c].name);
    }
    buf_add_text(yaml, "]}\nsources:\n  - {name: grafana, auth: {none: true}}\n  - {name: other, auth: {none: true}");
    if (style->forgets) {
        setup->forget_after_ms = 4 * 60 * 1000;
        buf_add_text(yaml, ", forget_after: 4m");
    }
    buf_add_text(yaml, "}\n");
    if (setup->intervals[0])
        buf_addf(yaml, "time_intervals:\n%s", setup->intervals);
    if (style->inhibits) {
        setup->inhibit = (struct sim_inhibit){"critical", PICK(dice, "warning", "info"), PICK(dice, "alertname", "instance", "team")};
        buf_addf(yaml, "inhibit_wait: %s\ninhibit_rules: [{source_matchers: ['severity=\"critical\"'], target_matchers: ['severity=~\"%s\"'], equal: [%s]}]\n",
                 PICK(dice, "0s", "10s"), setup->inhibit.target, setup->inhibit.equal);
    }
    setup->flap_changes = style->flaps && !dice_chance(dice, 10) ? style->flaps : 0;
    buf_addf(yaml, "flap: {changes: %u, within: 5m, calm: 90s}\n", (unsigned)setup->flap_changes);
    if (style->few_alerts)
        setup->alerts_max = 8; /* fewer than a file may say */
    bool any = false;
    for (size_t c = 0; c < SIM_CHANNELS_MAX; c++)
        any = any || setup->heard_by[c];
    for (size_t c = 0; c < SIM_CHANNELS_MAX && !any; c++)
        setup->heard_by[c] = setup->present[c]; /* an empty list means all */
}

static const char *no_environment(const char *name)
{
    (void)name;
    return NULL;
}

struct setup *setup_draw(struct dice *dice, const struct setup_style *style, const struct channel *(*wrap)(const struct channel *))
{
    struct setup *setup = calloc(1, sizeof *setup);
    struct buf yaml = BUF_EMPTY(YAML_MAX), words = BUF_EMPTY(YAML_MAX);
    static struct config_complaints complaints;

    if (!setup)
        abort();
    buf_add_text(&yaml, "channels:\n");
    for (size_t c = 0, left = SIM_CHANNELS_MAX, wanted = 2 + dice_pick(dice, 4); c < SIM_CHANNELS_MAX; c++, left--)
        if (dice_pick(dice, left) < wanted) {
            draw_channel(setup, dice, style, c, &yaml);
            wanted--;
        }
    buf_add_text(&yaml, "route: ");
    draw_tree(setup, dice, style, -1, 0, &yaml);
    draw_rest(setup, dice, style, &yaml);
    setup->yaml = buf_take(&yaml, NULL);
    setup->config = config_parse("sim.yaml", setup->yaml, strlen(setup->yaml), no_environment, &complaints);
    if (!setup->config) {
        config_complaints_write(&complaints, "sim.yaml", &words);
        fprintf(stderr, "%s\n%s", setup->yaml, buf_text(&words));
        abort();
    }
    buf_free(&words);
    if (setup->alerts_max)
        setup->config->policy->alerts_max = (uint32_t)setup->alerts_max;
    for (size_t i = 0; i < setup->config->channel_count; i++)
        setup->config->channels[i].codec = wrap(setup->config->channels[i].codec);
    return setup;
}

void setup_free(struct setup *setup)
{
    if (!setup)
        return;
    config_free(setup->config);
    free(setup->yaml);
    free(setup);
}

static bool node_takes(const struct sim_node *node, const struct labels *labels)
{
    if (!node->label)
        return true;
    const char *value = labels_get(labels, node->label);
    return (strcmp(value ? value : "", node->value) == 0) != node->negated;
}

/* Depth first; a child's match ends the search among its siblings unless it continues; none matching: the node itself. */
static bool walk(const struct setup *setup, int at, const struct labels *labels, uint8_t *out, size_t *count)
{
    const struct sim_node *node = &setup->nodes[at];
    bool taken = false;

    if (!node_takes(node, labels))
        return false;
    for (int i = at + 1; i < (int)setup->node_count; i++) {
        if (setup->nodes[i].parent != at || !walk(setup, i, labels, out, count))
            continue;
        taken = true;
        if (!setup->nodes[i].continues)
            break;
    }
    for (size_t c = 0; !taken && c < node->channel_count && *count < SIM_PLACES_MAX; c++)
        out[(*count)++] = node->channels[c];
    return true;
}

size_t setup_route(const struct setup *setup, const struct labels *labels, uint8_t out[SIM_PLACES_MAX])
{
    size_t count = 0;
    walk(setup, 0, labels, out, &count);
    return count;
}
