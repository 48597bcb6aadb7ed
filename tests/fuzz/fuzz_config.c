/* config_parse: a configuration, or complaints with their place; never both NULL and silent. */
#include "notifier/config.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct config_complaints complaints;
    memset(&complaints, 0, sizeof complaints);
    struct config *config = config_parse("fuzz.yaml", (const char *)data, size, fuzz_environment, &complaints);
    FUZZ_CHECK(complaints.count <= CONFIG_COMPLAINTS_MAX);
    FUZZ_CHECK(config ? complaints.errors == 0 : complaints.errors > 0);
    struct buf words = BUF_EMPTY(1u << 20);
    config_complaints_write(&complaints, "fuzz.yaml", &words);
    FUZZ_CHECK(complaints.count == 0 || words.length > 0);
    buf_free(&words);
    if (config) {
        FUZZ_CHECK(config->policy && config->policy->root && config->listen && config->storage_path);
        FUZZ_CHECK(config->channel_count <= POLICY_CHANNELS_MAX && config->policy->channel_count == config->channel_count);
        for (size_t i = 0; i < config->channel_count; i++)
            FUZZ_CHECK(config->channels[i].codec && strcmp(config->channels[i].name, config->policy->channels[i].name) == 0);
        config_free(config);
    }
    return 0;
}
