"""Start a runtime inside an execution environment.

Plays the part of Lambda's own init process. It runs as `python -S -s bootstrap.py` with nothing of the
host's packages on its path, enters the sandbox and starts the extensions. For a Python function it then
plays the part of /var/runtime/bootstrap.py: it orders `sys.path` as Lambda does, and hands over to
awslambdaric. For any other it becomes the program that its command line names. Only the standard library
may be imported before that.
"""

import os
import resource
import site
import sys

import launcher  # beside this file, which is out of sight once the sandbox is entered

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
# The limit of 1,024 processes is not set: the kernel would count all processes of the learner's user.
FILE_DESCRIPTORS = 1024


def enter_sandbox():
    """Move into the namespace when there is one. Returns where the layers are.

    Some of a function's variables act when a program starts. They were held back until we are inside, and
    need a new start.
    """
    specification = os.environ.pop("_LAB_NAMESPACE", None)
    if specification is None:  # no user namespaces here, and plain directories stand in; or a new start
        if "_LAB_SERVICE" in os.environ:
            launcher.end_if_alone()
        return os.environ.pop("_LAB_OPT")
    import namespace  # beside this file

    held = namespace.enter(specification, when_built=launcher.end_if_alone)
    if held:
        os.environ.update(held, _LAB_OPT="/opt")
        os.execv(
            sys.executable, [sys.executable, "-S", "-s", f"{namespace.INIT}/bootstrap.py", *sys.argv[1:]]
        )
    return "/opt"


def limit_file_descriptors():
    """Set the limit that Lambda sets, unless the host's is lower."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = FILE_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(FILE_DESCRIPTORS, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))


def become(programs, *arguments):
    """Become the first of these programs that exists. They are separated as in PATH."""
    found = [program for program in programs.split(os.pathsep) if os.path.exists(program)]
    reason = f"Couldn't find valid bootstrap(s): [{programs.replace(os.pathsep, ' ')}]"
    if found:
        import signal  # a Python function pays for its own imports, and for no others

        for number in signal.valid_signals():
            if signal.getsignal(number) is signal.SIG_IGN:  # by Python, or by who started the lab
                signal.signal(number, signal.SIG_DFL)  # or the next program would ignore it, too
        try:
            os.execv(found[0], [found[0], *arguments])
        except OSError as error:  # not executable, or made for another machine
            reason = f"fork/exec {found[0]}: {error.strerror.lower()}"
    launcher.fail_init("Runtime.InvalidEntrypoint", f"Error: {reason}")
    sys.exit(1)


def order_path(task, opt, runtime):
    """Set sys.path as Lambda orders it: the function, its layers, PYTHONPATH, Python, the runtime."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    python_path = [part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part]
    standard = [part for part in sys.path[1:] if part not in python_path]  # [0] is this file's folder
    layers = [f"{opt}/python/lib/{version}/site-packages", f"{opt}/python"]
    sys.path[:] = [task, *layers, *python_path, *standard]
    if runtime not in python_path:  # the function set a PYTHONPATH of its own
        sys.path.append(runtime)


def restore_builtins():
    """Give back exit(), quit() and help(), which -S leaves out and which handlers may use."""
    site.setquit()
    site.setcopyright()
    site.sethelper()


os.umask(0o022)  # not this machine's
opt_root = enter_sandbox()
limit_file_descriptors()
launcher.launch(opt_root)
os.environ.pop("PYTHONCOERCECLOCALE")  # it was for this interpreter's start only
os.chdir(os.environ["LAMBDA_TASK_ROOT"])
if sys.argv[1:]:
    become(*sys.argv[1:])
order_path(os.environ["LAMBDA_TASK_ROOT"], opt_root, os.environ["LAMBDA_RUNTIME_DIR"])
restore_builtins()
for name in ("launcher", "machine", "mounts", "namespace", "processes", "scopes"):
    sys.modules.pop(name, None)  # a function may have a module of this name

from awslambdaric.__main__ import main  # noqa: E402

sys.argv = ["bootstrap.py", os.environ["_HANDLER"]]
main(sys.argv)
