/* What the pages are dressed with: one stylesheet, two small scripts, one icon. */
#include "routes/tables.h"

static const char style_css[] = {
#include "routes/pages/style.css.inc"
    0};
static const char time_js[] = {
#include "routes/pages/time.js.inc"
    0};
static const char live_js[] = {
#include "routes/pages/live.js.inc"
    0};
static const char icon_svg[] = {
#include "routes/pages/icon.svg.inc"
    0};

static void answer(struct call *call, const char *type, const char *text, size_t length)
{
    call_set_header(call, "Cache-Control", "max-age=300");
    call_answer(call, 200, type, text, length);
}

static void style(void *context, struct call *call)
{
    (void)context;
    answer(call, "text/css; charset=utf-8", style_css, sizeof style_css - 1);
}

static void script(void *context, struct call *call)
{
    (void)context;
    answer(call, "text/javascript; charset=utf-8", time_js, sizeof time_js - 1);
}

static void live(void *context, struct call *call)
{
    (void)context;
    answer(call, "text/javascript; charset=utf-8", live_js, sizeof live_js - 1);
}

static void icon(void *context, struct call *call)
{
    (void)context;
    answer(call, "image/svg+xml", icon_svg, sizeof icon_svg - 1);
}

const struct route routes_assets[] = {
    {"GET", "/style.css", ACCESS_OPEN, style},
    {"GET", "/time.js", ACCESS_OPEN, script},
    {"GET", "/live.js", ACCESS_OPEN, live},
    {"GET", "/icon.svg", ACCESS_OPEN, icon},
    {NULL, NULL, ACCESS_OPEN, NULL},
};
