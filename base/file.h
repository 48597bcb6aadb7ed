/* Whole files, within a bound, and never half-written. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/buf.h"
#include "base/err.h"

#include <sys/types.h>

bool file_read(const char *path, struct buf *out, struct err *err); /* ERR_LIMIT past out's limit; "-" is stdin */
/* Through a temporary file in the same folder, fsync, rename, fsync of the folder. */
bool file_write(const char *path, const void *data, size_t length, mode_t mode, struct err *err);
bool file_sync_folder_of(const char *path); /* so that a rename lasts; false: see errno */
bool file_make_folder(const char *path, mode_t mode, struct err *err); /* with its parents; fine if it exists */
/* Root makes a file in somebody's folder: it becomes that somebody's, so that a daemon that runs as them may use it. Does
 * nothing for others. */
void file_give_to_folder_owner(const char *path);
/* A secret's file: first line without its newline; warns through err kind ERR_NONE never, refuses if empty. */
bool file_read_secret(const char *path, struct buf *out, struct err *err);

#endif
