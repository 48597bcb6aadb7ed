/* Pipes, commands and operands become values. */
#include "notifier/render/template_functions.h"
#include "notifier/render/template_run.h"

#include <string.h>

struct given { /* what a function or method is given: operands, and what came through the pipe */
    const struct operand *operands;
    size_t count;
    const struct value *piped; /* NULL: nothing */
};

static const struct given none = {0};

static bool eval_operand(struct frame *frame, const struct value *dot, const struct operand *operand, const struct given *given,
                         struct value *value, struct err *err);

/* Puts the place before what went wrong. */
static bool failed_at(const struct place *place, struct err *err)
{
    return err_within(err, "%s:%d:%d", place->file, place->line, place->column);
}

static bool eval_given(struct frame *frame, const struct value *dot, const struct given *given, struct value *values, struct err *err)
{
    for (size_t i = 0; i < given->count; i++)
        if (!eval_operand(frame, dot, &given->operands[i], &none, &values[i], err))
            return false;
    if (given->piped)
        values[given->count] = *given->piped;
    return true;
}

/* and, or: the first that decides, or the last. What stands behind it is not evaluated. */
static bool eval_shortcut(struct frame *frame, const struct value *dot, const struct operand *operand, const struct given *given,
                          struct value *value, struct err *err)
{
    bool stops_at = operand->function == &function_or;

    if (!given->count && !given->piped)
        return place_err(&operand->place, err, ERR_INPUT, "%s: takes at least 1 argument", operand->function->name);
    for (size_t i = 0; i < given->count; i++) {
        if (!eval_operand(frame, dot, &given->operands[i], &none, value, err))
            return false;
        if (value_is_true(value) == stops_at)
            return true;
    }
    if (given->piped)
        *value = *given->piped;
    return true;
}

static bool eval_call(struct frame *frame, const struct value *dot, const struct function *function, const struct value *self,
                      const struct place *place, const struct given *given, struct value *value, struct err *err)
{
    size_t count = given->count + (given->piped != NULL);
    struct value *values = ARENA_NEW(frame->run->arena, struct value, count);

    if (!eval_given(frame, dot, given, values, err))
        return false;
    if (run_spend(frame->run, 1, err) && function_call(frame->run, function, self, values, count, value, err))
        return true;
    return !frame->run->located && failed_at(place, err);
}

static bool no_field(const struct value *of, const char *name, const struct place *place, struct err *err)
{
    if (of->kind == VALUE_NIL)
        return place_err(place, err, ERR_INPUT, "there is nothing that could have a field .%s: what stands before it is nil", name);
    return place_err(place, err, ERR_INPUT, "%s has no field or method .%s", value_type_name(of), name);
}

/* One .name behind a value: a method, a field or a map's entry. A method comes first, as in Go. */
static bool eval_field(struct frame *frame, const struct value *dot, const struct value *of, const char *name, const struct place *place,
                       const struct given *given, struct value *value, struct err *err)
{
    const struct function *method = of->type ? function_in(&of->type->methods, name) : NULL;
    const struct value *found = NULL;
    struct value self = *of;

    if (method)
        return eval_call(frame, dot, method, &self, place, given, value, err);
    if (value_is_nothing(of)) {
        *value = *of;
        return true;
    }
    if (of->kind == VALUE_MAP || of->kind == VALUE_RECORD)
        found = value_get(of, name);
    if (!found && of->kind != VALUE_MAP)
        return no_field(of, name, place, err);
    if (given->count || given->piped)
        return place_err(place, err, ERR_INPUT, ".%s is no method and takes no arguments", name);
    *value = found ? *found : of->type && of->type->missing ? *of->type->missing : value_nil();
    return true;
}

/* What an operand is before the fields behind it; given only where there are none. */
static bool eval_term(struct frame *frame, const struct value *dot, const struct operand *operand, const struct given *given,
                      struct value *value, struct err *err)
{
    bool takes = operand->kind == OPERAND_FUNCTION;

    if (!takes && (given->count || given->piped))
        return place_err(&operand->place, err, ERR_INPUT, "this is no function and takes no arguments");
    switch (operand->kind) {
    case OPERAND_DOT: *value = *dot; return true;
    case OPERAND_NIL: *value = value_nil(); return true;
    case OPERAND_CONSTANT: *value = operand->constant; return true;
    case OPERAND_VARIABLE: *value = frame->variables[operand->slot]; return true;
    case OPERAND_PIPE: return eval_pipe(frame, dot, operand->pipe, value, err);
    case OPERAND_FUNCTION:
        if (operand->function == &function_and || operand->function == &function_or)
            return eval_shortcut(frame, dot, operand, given, value, err);
        return eval_call(frame, dot, operand->function, NULL, &operand->place, given, value, err);
    }
    return false;
}

static bool eval_operand(struct frame *frame, const struct value *dot, const struct operand *operand, const struct given *given,
                         struct value *value, struct err *err)
{
    if (!operand->field_count)
        return eval_term(frame, dot, operand, given, value, err);
    if (!eval_term(frame, dot, operand, &none, value, err))
        return false;
    for (size_t i = 0; i < operand->field_count; i++) {
        bool last = i + 1 == operand->field_count;
        struct value of = *value;
        if (!eval_field(frame, dot, &of, operand->fields[i], &operand->place, last ? given : &none, value, err))
            return false;
    }
    return true;
}

static bool eval_command(struct frame *frame, const struct value *dot, const struct command *command, const struct value *piped,
                         struct value *value, struct err *err)
{
    const struct operand *first = &command->operands[0];
    struct given given = {.operands = command->operands + 1, .count = command->count - 1, .piped = piped};

    if (first->kind == OPERAND_NIL)
        return place_err(&first->place, err, ERR_INPUT, "nil is no command");
    return eval_operand(frame, dot, first, &given, value, err);
}

bool eval_pipe(struct frame *frame, const struct value *dot, const struct pipe *pipe, struct value *value, struct err *err)
{
    struct template_run *run = frame->run;

    if (!run_spend(run, (uint32_t)pipe->count, err) || !run_enter(run, err))
        return failed_at(&pipe->place, err);
    struct value here = *dot; /* value may be where dot is */
    for (size_t i = 0; i < pipe->count; i++) {
        struct value piped = *value;
        if (!eval_command(frame, &here, &pipe->commands[i], i ? &piped : NULL, value, err))
            return false;
        if (value->kind == VALUE_NIL) /* as in Go: what a pipe made nil has no fields, and asking for one is no mistake */
            *value = value_nothing();
    }
    run_leave(run);
    for (size_t i = 0; i < pipe->slot_count; i++)
        frame->variables[pipe->slots[i]] = *value;
    return true;
}
