"""Start the external extensions of an execution environment, and watch them and the runtime.

Only where /opt/extensions holds something. This process then starts the extensions, lets a child of its own
become the runtime, and reports who has ended. Without extensions it becomes the runtime itself.
"""

import json
import os

EXTENSIONS_FOLDER = "extensions"
LAUNCHER, INIT_ERROR = "/lab/launcher", "/2018-06-01/runtime/init/error"
NOT_FOR_EXTENSIONS = ("_HANDLER", "_LAMBDA_TELEMETRY_LOG_FD", "PYTHONCOERCECLOCALE")


def end_if_alone():
    """End this process if the Lambda service, which has started it, is gone.

    Until the service has told its guard of this process, nobody would end it if the service were killed. By
    the time of the call it has, or it has been killed.
    """
    if os.getppid() != int(os.environ.pop("_LAB_SERVICE")):
        os._exit(1)


def launch(opt):
    """Start the extensions. Returns in the process that is to become the runtime."""
    folder = f"{opt}/{EXTENSIONS_FOLDER}"
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    names = [name for name in names if os.path.isfile(f"{folder}/{name}")]
    if not names:
        return
    say("POST", f"{LAUNCHER}/extensions", names)
    processes = {}
    for name in names:
        try:
            processes[start(f"{folder}/{name}")] = name
        except OSError as error:
            say("POST", f"{LAUNCHER}/ended", {"name": name, "reason": f"can't be started: {error.strerror}"})
    runtime = os.fork()
    if runtime == 0:
        say("GET", f"{LAUNCHER}/registered")  # answered once every extension has registered
        return
    say("POST", f"{LAUNCHER}/runtime/{runtime}")
    watch({**processes, runtime: None})


def start(path):
    """Start one extension. It shares the environment's variables, but for the runtime's own."""
    variables = {name: value for name, value in os.environ.items() if name not in NOT_FOR_EXTENSIONS}
    return os.posix_spawn(path, [path], variables)


def watch(processes):
    """Report each process that ends; end with the last one."""
    while processes:
        pid, status = os.wait()
        if pid not in processes:  # a grandchild that was left behind
            continue
        code = os.waitstatus_to_exitcode(status)
        reason = f"exit code {code}" if code >= 0 else f"signal {-code}"
        say("POST", f"{LAUNCHER}/ended", {"name": processes.pop(pid), "return_code": code, "reason": reason})
    os._exit(0)


def fail_init(error_type, message):
    """Tell the Lambda service that there is no runtime to start."""
    error = {"errorType": error_type, "errorMessage": message}
    say("POST", INIT_ERROR, error, {"Lambda-Runtime-Function-Error-Type": error_type})


def say(method, path, content=None, headers=None):
    """Tell the Lambda service, or ask it. It may have gone away already."""
    import http.client  # a third of a cold start, with what it imports: only for those who have extensions

    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        connection.request(method, path, json.dumps(content), headers or {})
        connection.getresponse().read()
    except OSError:
        os._exit(1)
    finally:
        connection.close()
