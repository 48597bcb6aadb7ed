#include "base/text.h"
#include "notifier/render/template.h"

const struct template_escaper template_escape_none = {.name = "none"};
