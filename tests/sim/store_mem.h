/* A store in memory, under the rules of store.h: rows by primary key, a commit whole or not at all, load in the order
 * of enum record_kind. The judge reads the same rows. */
#ifndef SIM_STORE_MEM_H
#define SIM_STORE_MEM_H

#include "notifier/store/store.h"

struct store_mem;

struct store_mem *store_mem_new(void);
void store_mem_free(struct store_mem *mem); /* NULL is fine */
struct store store_mem_store(struct store_mem *mem); /* its commit never fails; close does nothing */
void store_mem_apply(struct store_mem *mem, const struct effects *effects);
void store_mem_put(struct store_mem *mem, const struct record *record);
void store_mem_copy(struct store_mem *to, const struct store_mem *from);

/* Rows are kept by up to two numbers and a channel; forgotten alerts and groups stay, gone. */
size_t store_mem_count(const struct store_mem *mem, enum record_kind kind);
const struct record *store_mem_at(const struct store_mem *mem, enum record_kind kind, size_t index);
bool store_mem_gone(const struct store_mem *mem, enum record_kind kind, size_t index);
const struct record *store_mem_find(const struct store_mem *mem, enum record_kind kind, uint64_t a, const char *channel, uint64_t b);
/* Index of the first row whose first number is at least a. */
size_t store_mem_from(const struct store_mem *mem, enum record_kind kind, uint64_t a);
uint64_t store_mem_first_number(const struct store_mem *mem, enum record_kind kind, size_t index);

#endif
