/* What "${NAME}" in a configuration stands for: the process's own variables, and what it lacks from where systemd gives it to
 * the service: a file of NAME=value lines beside the configuration (EnvironmentFile=) and the folder of its credentials
 * (LoadCredential=). So a command in root's shell sees what the service sees. */
#ifndef BASE_VARIABLES_H
#define BASE_VARIABLES_H

#define VARIABLES_FILE_MAX (256 * 1024) /* bytes of that file; beyond: as if it could not be read */
#define VARIABLES_MAX 1000              /* lines of it that set one; beyond: left out */

/* configuration: its path; NULL: there is none, the process's own alone. file: the name of the one beside it. unit: whose
 * credentials. One configuration at a time. */
void variables_open(const char *configuration, const char *file, const char *unit);
void variables_close(void);
/* Borrowed until variables_close, or as getenv's. NULL: nobody sets it. */
const char *variables_get(const char *name);

#endif
