/* The write-ahead log that a crash or a failing disk has left behind. */
#ifndef STORE_WALFILE_H
#define STORE_WALFILE_H

#include "base/err.h"

/* To be called before the database at path is opened to write. After a failed fsync the kernel calls pages clean that
 * never reached the disk, and no later fsync writes them. A log with such pages reads well, so SQLite believes and
 * extends it, until a power cut takes them and all that was appended behind. Here it is written over with its own
 * bytes and synced, so that what is read is what is held. True where there is no log. The caller has the lock. */
bool walfile_firm(const char *path, struct err *err);

#endif
