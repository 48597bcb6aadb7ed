/* What main.c's table names and other files do. */
#ifndef COLLECTOR_COMMANDS_H
#define COLLECTOR_COMMANDS_H

int serve_command(int argc, char **argv);
int spool_command(int argc, char **argv); /* spool status | drain | verify */

#endif
