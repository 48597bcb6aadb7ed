#include "base/crc.h"

#include <zlib.h>

uint32_t crc_of(const void *data, size_t length, uint32_t before)
{
    return (uint32_t)crc32_z(before, data, length);
}
