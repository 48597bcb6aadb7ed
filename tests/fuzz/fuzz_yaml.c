/* yaml_parse: every node knows where it stands. */
#include "base/yaml.h"
#include "tests/fuzz/fuzz.h"

static void look(const struct yaml_node *node, int depth)
{
    FUZZ_CHECK(node && node->line >= 1 && node->column >= 1 && depth <= YAML_DEPTH_MAX + 1);
    if (node->kind == YAML_SCALAR) {
        FUZZ_CHECK(node->text);
        return;
    }
    for (size_t i = 0; i < node->count; i++) {
        if (node->kind == YAML_MAP)
            FUZZ_CHECK(node->keys[i]->text && yaml_get(node, node->keys[i]->text) == node->items[i]);
        look(node->items[i], depth + 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = {0};
    struct yaml *yaml = yaml_parse("fuzz.yaml", (const char *)data, size, &err);
    if (!yaml) {
        FUZZ_CHECK(err.text[0]);
        return 0;
    }
    look(yaml_root(yaml), 0);
    yaml_close(yaml);
    return 0;
}
