"""What schemathesis needs to know of `yidan serve`: an institution that may call. Without it every call ends at the door.

How it is run is in engine/ARCHITECTURE.md."""

import schemathesis


@schemathesis.hook
def before_call(context, case, kwargs):
    if isinstance(case.body, dict) and "fixmedins_code" in case.body:
        case.body["fixmedins_code"] = "H630103Q0001"
