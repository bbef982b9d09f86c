"""The exit codes of the commands, and what they mean to a script."""

OK = 0
ERROR = 1
WRONG_COMMAND_LINE = 2
"""argparse's own."""
LEFT_BEHIND = 3
UNWELL = 4
STEPS_LEFT = 5

MEANINGS = {
    OK: "done; all is well",
    ERROR: "an error, one line on stderr",
    WRONG_COMMAND_LINE: "a wrong command line",
    LEFT_BEHIND: "replay or backlog --send: readings were left behind",
    UNWELL: "status: not paired, not running, not online, or meter or relay fail; doctor: something fails",
    STEPS_LEFT: "setup: done as far as it goes here; it has printed what is left to do",
}
