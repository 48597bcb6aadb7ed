/* A disk that loses what was not synced. An SQLite VFS over the default one: what programs see is the real file (the
 * page cache); beside it stands what the disk holds, which only a sync brings up to date. At a cut each sector not
 * synced survives, is lost or is torn, as a seed says. A sync may also fail and, as Linux does, call the pages clean
 * that never reached the disk: a later sync that succeeds does not write them. */
#ifndef TORTURE_VFS_H
#define TORTURE_VFS_H

#include <stdbool.h>
#include <stdint.h>

#define VFS_NAME "torture"

enum vfs_call { VFS_WRITE, VFS_SYNC, VFS_OPEN, VFS_CALLS };

void vfs_install(void); /* registers VFS_NAME, once */
void vfs_forget(void);  /* no files, no failures: a new disk */

/* The n-th call from now (1: the next) fails with an SQLite code, and so do the `more` after it. A failing write writes
 * nothing; a failing sync drops the dirty pages where drops is true, else keeps them dirty. */
void vfs_fail(enum vfs_call call, int nth, int more, int code, bool drops);
void vfs_heal(void);
/* Calls so far: to know what there is to fail. */
int vfs_count(enum vfs_call call);

/* Somebody has written a file over with its own bytes and synced it, past SQLite: one write, one sync. Zero, or the code
 * with which it failed. */
int vfs_rewritten(const char *path);

/* The power goes with the n-th write or sync from now (0: at once): from then on every call fails. The program then
 * closes what it can. */
void vfs_cut_after(int nth);
bool vfs_is_cut(void);
/* The power is back: the files hold what the disk held, with the unsynced sectors as the seed decides. */
void vfs_restart(uint64_t seed);

#endif
