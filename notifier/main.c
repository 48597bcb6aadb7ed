/* Everything starts here: the daemon, the commands, and the worker that speaks SMTP for one message. */
#include "notifier/commands/commands.h"
#include "notifier/mail-worker/mail_worker.h"

#include <signal.h>
#include <string.h>

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    if (argc == 2 && strcmp(argv[1], "--mail-worker") == 0)
        return mail_worker_main();
    return commands_main(argc, argv);
}
