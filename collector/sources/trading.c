/* Strategies push their figures (POST /api/v1/metrics/trading_metrics, or line protocol): nothing is fetched. What a row
 * may hold says the table in schemas/questdb; table_takes() checks it. The source exists so that a configuration can
 * name it. */
#include "collector/sources/common.h"
#include "collector/sources/registry.h"

static struct source *trading_open(const struct yaml_node *config, const struct source_context *context, struct err *err)
{
    static const struct setting *const tables[] = {NULL};
    struct common *common = common_open(&source_trading, sizeof *common, NULL, tables, config, context, err);
    return common ? &common->source : NULL;
}

static bool trading_plan(struct source *source, int64_t wall_ms, struct fetch *fetch)
{
    (void)source, (void)wall_ms, (void)fetch;
    return false;
}

static bool trading_parse(struct source *source, const struct answer *answer, int64_t wall_ms, struct points *points, struct err *err)
{
    (void)source, (void)answer, (void)wall_ms, (void)points;
    return err_set(err, ERR_INPUT, "trading takes pushes: nothing is fetched");
}

const struct source_kind source_trading = {
    .type = "trading",
    .open = trading_open,
    .close = common_close,
    .plan = trading_plan,
    .parse = trading_parse,
};
