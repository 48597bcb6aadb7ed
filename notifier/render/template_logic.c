/* Comparison and logic; and, or are the evaluator's. */
#include "base/text.h"
#include "notifier/render/template_functions.h"

#include <string.h>

enum order { ORDER_LESS, ORDER_EQUAL, ORDER_GREATER, ORDER_NONE };

static bool differ(const struct value *a, const struct value *b, struct err *err)
{
    return err_set(err, ERR_INPUT, "%s and %s cannot be compared", value_type_name(a), value_type_name(b));
}

static enum order order_bytes(const struct value *a, const struct value *b)
{
    size_t least = a->text.length < b->text.length ? a->text.length : b->text.length;
    int order = memcmp(a->text.bytes, b->text.bytes, least);

    if (order == 0)
        order = (a->text.length > b->text.length) - (a->text.length < b->text.length);
    return order < 0 ? ORDER_LESS : order > 0 ? ORDER_GREATER : ORDER_EQUAL;
}

#define ORDER(a, b) ((a) < (b) ? ORDER_LESS : (a) > (b) ? ORDER_GREATER : (a) == (b) ? ORDER_EQUAL : ORDER_NONE)

/* Only numbers of one kind, and strings, have an order. */
static bool order_of(const struct value *a, const struct value *b, enum order *order, struct err *err)
{
    if (a->kind != b->kind)
        return differ(a, b, err);
    switch (a->kind) {
    case VALUE_INT: *order = ORDER(a->whole, b->whole); return true;
    case VALUE_FLOAT: *order = ORDER(a->real, b->real); return true;
    case VALUE_TEXT: *order = order_bytes(a, b); return true;
    case VALUE_NIL:
    case VALUE_BOOL:
    case VALUE_LIST:
    case VALUE_MAP:
    case VALUE_RECORD:
    case VALUE_TIME:
    case VALUE_OBJECT: break;
    }
    return err_set(err, ERR_INPUT, "%s has no order", value_type_name(a));
}

static bool are_equal(const struct value *a, const struct value *b, bool *equal, struct err *err)
{
    enum order order = ORDER_NONE;

    if (a->kind == VALUE_NIL || b->kind == VALUE_NIL) {
        *equal = a->kind == b->kind;
        return true;
    }
    if (a->kind != b->kind)
        return differ(a, b, err);
    switch (a->kind) {
    case VALUE_BOOL: *equal = a->truth == b->truth; return true;
    case VALUE_TIME: *equal = a->time.wall_ms == b->time.wall_ms; return true;
    case VALUE_INT:
    case VALUE_FLOAT:
    case VALUE_TEXT:
        if (!order_of(a, b, &order, err))
            return false;
        *equal = order == ORDER_EQUAL;
        return true;
    case VALUE_NIL:
    case VALUE_LIST:
    case VALUE_MAP:
    case VALUE_RECORD:
    case VALUE_OBJECT: break;
    }
    return err_set(err, ERR_INPUT, "%s cannot be compared", value_type_name(a));
}

/* True if the first equals any of the others. */
static bool logic_eq(const struct call *call, struct value *result, struct err *err)
{
    bool equal = false;

    for (size_t i = 1; i < call->count && !equal; i++)
        if (!are_equal(&call->arguments[0], &call->arguments[i], &equal, err))
            return false;
    *result = value_bool(equal);
    return true;
}

static bool logic_ne(const struct call *call, struct value *result, struct err *err)
{
    bool equal = false;

    if (!are_equal(&call->arguments[0], &call->arguments[1], &equal, err))
        return false;
    *result = value_bool(!equal);
    return true;
}

static bool compare(const struct call *call, enum order one, enum order other, struct value *result, struct err *err)
{
    enum order order = ORDER_NONE;

    if (!order_of(&call->arguments[0], &call->arguments[1], &order, err))
        return false;
    *result = value_bool(order == one || order == other);
    return true;
}

static bool logic_lt(const struct call *call, struct value *result, struct err *err)
{
    return compare(call, ORDER_LESS, ORDER_LESS, result, err);
}

static bool logic_le(const struct call *call, struct value *result, struct err *err)
{
    return compare(call, ORDER_LESS, ORDER_EQUAL, result, err);
}

static bool logic_gt(const struct call *call, struct value *result, struct err *err)
{
    return compare(call, ORDER_GREATER, ORDER_GREATER, result, err);
}

static bool logic_ge(const struct call *call, struct value *result, struct err *err)
{
    return compare(call, ORDER_GREATER, ORDER_EQUAL, result, err);
}

static bool logic_not(const struct call *call, struct value *result, struct err *err)
{
    (void)err;
    *result = value_bool(!value_is_true(&call->arguments[0]));
    return true;
}

static const struct function rows[] = {
    {"eq", "aaa*", logic_eq}, {"ne", "aa", logic_ne}, {"lt", "aa", logic_lt}, {"le", "aa", logic_le},
    {"gt", "aa", logic_gt},   {"ge", "aa", logic_ge}, {"not", "a", logic_not},
};
const struct function_table functions_logic = {rows, LENGTH(rows)};
