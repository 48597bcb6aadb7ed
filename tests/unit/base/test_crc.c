#include "base/crc.h"
#include "tests/test.h"

int main(void)
{
    CHECK(crc_of("123456789", 9, 0) == 0xcbf43926, "the check value of CRC-32");
    CHECK(crc_of("56789", 5, crc_of("1234", 4, 0)) == 0xcbf43926, "in two pieces");
    CHECK(crc_of("", 0, 0) == 0, "of nothing");
    CHECK(crc_of("123456788", 9, 0) != 0xcbf43926, "one bit");
    return test_end();
}
