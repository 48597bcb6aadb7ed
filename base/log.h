/* One event a line on stderr, logfmt or JSON, through a writer thread that a blocked terminal
 * cannot hold up: a ring of 1 MiB; what does not fit is dropped and counted in the next line.
 * The console channel uses the same writer for stdout. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/buf.h"

#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_LOGFMT, LOG_JSON };

void log_start(enum log_format format, enum log_level least); /* starts the writer thread */
void log_stop(void);                                          /* writes what is left (2 s at most), ends the thread */

/* A line is built pair by pair: begin, add, end. */
struct log_line {
    struct buf text;
    enum log_level level;
    const char *event;
};
struct log_line log_begin(enum log_level level, const char *event);
void log_text(struct log_line *line, const char *key, const char *value); /* escaped; NULL is "" */
void log_number(struct log_line *line, const char *key, int64_t value);
void log_end(struct log_line *line); /* hands the line over; never blocks */

/* The commonest line: an event and one free text. */
void log_say(enum log_level level, const char *event, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Queues text for stdout through the same thread. False when the ring is full (the caller tries again later). */
bool log_stdout(const char *text, size_t length);

#endif
