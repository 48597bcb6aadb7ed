#include "base/arena.h"
#include "tests/test.h"

#include <stdalign.h>
#include <stdint.h>

static bool is_zero(const char *memory, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (memory[i])
            return false;
    return true;
}

/* Every piece is zeroed, aligned and its own, over several lives of one arena. */
static void pieces_are_apart(void)
{
    static const size_t sizes[] = {0, 1, 15, 16, 17, 100, 4080, 4096, 5000, 300000, 3, 2000000, 7, 1};
    enum { PIECES = 500 };
    struct arena *arena = arena_new();
    char *pieces[PIECES];

    for (int life = 0; life < 4; life++) {
        size_t least = 0;
        for (size_t i = 0; i < PIECES; i++) {
            size_t size = sizes[(i + (size_t)life) % (i < 40 ? 14 : 6)];
            least += size;
            pieces[i] = arena_alloc(arena, size);
            CHECK((uintptr_t)pieces[i] % alignof(max_align_t) == 0, "piece %zu is not aligned", i);
            CHECK(is_zero(pieces[i], size), "piece %zu of life %d is not zeroed", i, life);
            memset(pieces[i], (int)(i % 255) + 1, size);
        }
        for (size_t i = 0; i < PIECES; i++) {
            size_t size = sizes[(i + (size_t)life) % (i < 40 ? 14 : 6)];
            bool own = true;
            for (size_t k = 0; k < size && own; k++)
                own = (unsigned char)pieces[i][k] == i % 255 + 1;
            CHECK(own, "piece %zu of life %d was written over", i, life);
        }
        CHECK(arena_used(arena) >= least, "used %zu, handed out %zu", arena_used(arena), least);
        arena_reset(arena);
        CHECK_INT(arena_used(arena), 0);
    }
    arena_free(arena);
}

static void texts_are_copies(void)
{
    struct arena *arena = arena_new();
    char original[] = "original";

    char *copy = arena_text(arena, original);
    original[0] = 'X';
    CHECK_TEXT(copy, "original");
    CHECK(arena_text(arena, NULL) == NULL, "NULL stays NULL");
    CHECK_TEXT(arena_bytes(arena, "abcdef", 3), "abc");
    CHECK_TEXT(arena_bytes(arena, NULL, 0), "");
    CHECK_TEXT(arena_printf(arena, "%s-%05d", "n", 42), "n-00042");
    CHECK_TEXT(arena_printf(arena, "%s", ""), "");
    CHECK_INT(strlen(arena_printf(arena, "%*d", 100000, 1)), 100000);
    int *numbers = ARENA_NEW(arena, int, 10);
    CHECK(numbers[0] == 0 && numbers[9] == 0, "ARENA_NEW zeroes");
    arena_free(arena);
    arena_free(NULL);
}

/* What is handed over stays where it is, and both go on being used. */
static void test_join(void)
{
    for (size_t used = 0; used < 4; used++) { /* nothing in either, something in one, in both */
        struct arena *arena = arena_new(), *other = arena_new();
        for (int round = 0; round < 3; round++) {
            char *mine = used & 1 ? arena_printf(arena, "%*d", 5000, 1) : NULL;
            char *theirs = used & 2 ? arena_printf(other, "%*d", 300000, 2) : NULL;
            size_t both = arena_used(arena) + arena_used(other);
            arena_join(arena, other);
            CHECK_INT(arena_used(arena), both);
            CHECK_INT(arena_used(other), 0);
            memset(arena_alloc(other, 100000), 'x', 100000);
            memset(arena_alloc(arena, 100000), 'y', 100000);
            CHECK(!mine || (strlen(mine) == 5000 && mine[4999] == '1'), "what was there is whole");
            CHECK(!theirs || (strlen(theirs) == 300000 && theirs[299999] == '2'), "what came is whole");
            if (round == 1)
                arena_reset(arena);
            arena_reset(other);
        }
        arena_free(other);
        arena_free(arena);
    }
}

int main(void)
{
    pieces_are_apart();
    texts_are_copies();
    test_join();
    return test_end();
}
