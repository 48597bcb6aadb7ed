/* CRC-32 (zlib): tells a whole record from a torn one. No protection against intent. */
#ifndef BASE_CRC_H
#define BASE_CRC_H

#include <stddef.h>
#include <stdint.h>

/* Of data behind what gave `before`; 0 to begin with. */
uint32_t crc_of(const void *data, size_t length, uint32_t before);

#endif
