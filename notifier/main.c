/* Everything starts here: the daemon, the commands, and the worker that speaks SMTP for one message. */
#include "notifier/commands/commands.h"
#include "notifier/mail-worker/mail_worker.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int fd;

    signal(SIGPIPE, SIG_IGN);
    while ((fd = open("/dev/null", O_RDONLY)) >= 0 && fd <= STDERR_FILENO) /* a number that is free would be some socket's, and printed to */
        continue;
    close(fd);
    if (argc == 2 && strcmp(argv[1], "--mail-worker") == 0)
        return mail_worker_main();
    return commands_main(argc, argv);
}
