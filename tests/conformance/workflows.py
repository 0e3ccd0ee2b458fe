"""Which workflow answers which of the requirements: one table, for both flavours.

The workflow of a requirement is the function of that name in the module `<flavour>_<suite>` of the folder `handlers`.
What the table does not list, nothing covers yet.
"""

WORKFLOWS = {
    "step": {
        "1-1": "greeting",
        "1-2": "named_step",
        "1-3": "dependent_steps",
        "1-4": "nested_result",
        "1-5": "null_result",
        "1-6": "custom_serdes",
        "1-7": "step_logger",
        "1-8": "step_then_wait",
        "1-9": "replayed_result",
        "1-10": "replayed_failure",
        "1-11": "second_attempt",
        "1-12": "attempts_exhausted",
        "1-13": "default_retry",
        "1-14": "growing_delays",
        "1-15": "retried_error",
        "1-16": "refused_error",
        "1-17": "interrupted_once",
        "1-18": "interrupted_and_retried",
        "1-19": "failure",
        "1-20": "caught_failure",
    },
    "wait": {
        "2-1": "short_wait",
        "2-2": "named_wait",
        "2-3": "waits_in_turn",
        "2-4": "minute",
        "2-5": "hour",
    },
}
