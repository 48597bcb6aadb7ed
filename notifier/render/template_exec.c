/* Statements are carried out. */
#include "notifier/render/template_run.h"

#include <assert.h>
#include <string.h>

enum flow { FLOW_ON, FLOW_BREAK, FLOW_CONTINUE, FLOW_FAILED };

static enum flow run_list(struct frame *frame, const struct value *dot, const struct statement *statement, struct err *err);

static enum flow failed_at(const struct place *place, struct err *err)
{
    err_within(err, "%s:%d:%d", place->file, place->line, place->column);
    return FLOW_FAILED;
}

static enum flow run_condition(struct frame *frame, const struct value *dot, const struct statement *statement, struct err *err)
{
    struct value value = value_nil();

    if (!eval_pipe(frame, dot, statement->pipe, &value, err))
        return FLOW_FAILED;
    if (!value_is_true(&value))
        return run_list(frame, dot, statement->otherwise, err);
    return run_list(frame, statement->kind == STATEMENT_WITH ? &value : dot, statement->body, err);
}

/* How often a range goes round; false if it cannot. */
static bool rounds_of(const struct value *over, uint64_t *rounds)
{
    *rounds = 0;
    switch (over->kind) {
    case VALUE_NIL: return true;
    case VALUE_INT: *rounds = over->whole > 0 ? (uint64_t)over->whole : 0; return true;
    case VALUE_LIST: *rounds = over->list.count; return true;
    case VALUE_MAP: *rounds = over->map.count; return true;
    case VALUE_BOOL:
    case VALUE_FLOAT:
    case VALUE_TEXT:
    case VALUE_RECORD:
    case VALUE_TIME:
    case VALUE_OBJECT: return false;
    }
    return false;
}

static enum flow run_range(struct frame *frame, const struct value *dot, const struct statement *statement, struct err *err)
{
    const struct pipe *pipe = statement->pipe;
    struct value over = value_nil();
    uint64_t rounds;

    if (!eval_pipe(frame, dot, pipe, &over, err))
        return FLOW_FAILED;
    if (!rounds_of(&over, &rounds) || (over.kind == VALUE_INT && pipe->slot_count > 1)) {
        place_err(&pipe->place, err, ERR_INPUT, "range goes over a list or a map%s, not over %s", pipe->slot_count > 1 ? "" : " or an int",
                  value_type_name(&over));
        return FLOW_FAILED;
    }
    if (!rounds) { /* a break in here ends this range, as in Go, though it stands in another */
        enum flow flow = run_list(frame, dot, statement->otherwise, err);
        return flow == FLOW_BREAK ? FLOW_ON : flow;
    }
    for (uint64_t i = 0; i < rounds; i++) {
        bool is_map = over.kind == VALUE_MAP;
        struct value index = is_map ? value_text(over.map.entries[i].name) : value_int((int64_t)i);
        struct value element = is_map ? over.map.entries[i].value : over.kind == VALUE_LIST ? over.list.items[i] : index;
        if (pipe->slot_count)
            frame->variables[pipe->slots[pipe->slot_count - 1]] = element;
        if (pipe->slot_count > 1)
            frame->variables[pipe->slots[0]] = index;
        if (!run_spend(frame->run, 1, err))
            return failed_at(&statement->place, err);
        enum flow flow = run_list(frame, &element, statement->body, err);
        if (flow == FLOW_FAILED)
            return FLOW_FAILED;
        if (flow == FLOW_BREAK)
            break;
    }
    return FLOW_ON;
}

static enum flow run_template(struct frame *frame, const struct value *dot, const struct statement *statement, struct err *err)
{
    const struct definition *definition = set_find(frame->run->set, statement->name);
    struct value value = value_nothing();

    if (!definition) {
        place_err(&statement->place, err, ERR_INPUT, "no template is called \"%.100s\"", statement->name);
        return FLOW_FAILED;
    }
    if (statement->pipe && !eval_pipe(frame, dot, statement->pipe, &value, err))
        return FLOW_FAILED;
    if (frame->run->depth >= frame->run->options.limits.depth) {
        place_err(&statement->place, err, ERR_LIMIT, "more than %u templates call each other", frame->run->options.limits.depth);
        return FLOW_FAILED;
    }
    return run_definition(frame->run, definition, &value, err) ? FLOW_ON : FLOW_FAILED;
}

static enum flow run_action(struct frame *frame, const struct value *dot, const struct statement *statement, struct err *err)
{
    struct value value = value_nil();

    if (!eval_pipe(frame, dot, statement->pipe, &value, err))
        return FLOW_FAILED;
    if (statement->pipe->slot_count)
        return FLOW_ON;
    if (value.kind == VALUE_NIL)
        value = value_text("<no value>");
    sink_add_value(&frame->run->sink, &value);
    return FLOW_ON;
}

static enum flow run_statement(struct frame *frame, const struct value *dot, const struct statement *statement, struct err *err)
{
    switch (statement->kind) {
    case STATEMENT_TEXT: sink_add_author(&frame->run->sink, statement->text.bytes, statement->text.length); return FLOW_ON;
    case STATEMENT_ACTION: return run_action(frame, dot, statement, err);
    case STATEMENT_IF:
    case STATEMENT_WITH: return run_condition(frame, dot, statement, err);
    case STATEMENT_RANGE: return run_range(frame, dot, statement, err);
    case STATEMENT_TEMPLATE: return run_template(frame, dot, statement, err);
    case STATEMENT_BREAK: return FLOW_BREAK;
    case STATEMENT_CONTINUE: return FLOW_CONTINUE;
    }
    return FLOW_FAILED;
}

static enum flow run_list(struct frame *frame, const struct value *dot, const struct statement *statement, struct err *err)
{
    struct template_run *run = frame->run;
    enum flow flow = FLOW_ON;

    if (!statement)
        return FLOW_ON;
    if (!run_enter(run, err))
        return failed_at(&statement->place, err);
    for (; statement && flow == FLOW_ON; statement = statement->next) {
        if (!run_spend(run, 1, err))
            return failed_at(&statement->place, err);
        flow = run_statement(frame, dot, statement, err);
        if (flow != FLOW_FAILED && run->sink.finished->full) {
            place_err(&statement->place, err, ERR_LIMIT, "the text becomes longer than %zu bytes", run->options.limits.output);
            return FLOW_FAILED;
        }
    }
    run_leave(run);
    return flow;
}

bool run_definition(struct template_run *run, const struct definition *definition, const struct value *data, struct err *err)
{
    struct value dot = data->kind == VALUE_NIL ? value_nothing() : *data;
    struct frame frame = {.run = run, .variables = ARENA_NEW(run->arena, struct value, definition->slot_count)};

    frame.variables[0] = dot;
    run->depth++;
    enum flow flow = run_list(&frame, &dot, definition->body, err);
    assert(flow == FLOW_ON || flow == FLOW_FAILED);
    run->depth--;
    return flow == FLOW_ON;
}
