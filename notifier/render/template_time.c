#include "notifier/render/template_type.h"
const struct value_type type_time = {.name = "time"};
