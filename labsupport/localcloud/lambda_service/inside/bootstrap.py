"""Start AWS's runtime client inside an execution environment.

Plays the part of /var/runtime/bootstrap.py. It runs as `python -S -s bootstrap.py` with nothing of the
host's packages on its path, enters the sandbox, orders `sys.path` as Lambda does, and hands over to
awslambdaric. Only the standard library may be imported before that.
"""

import os
import site
import sys

import launcher  # beside this file, which is out of sight once the sandbox is entered


def enter_sandbox():
    """Move into the namespace when there is one. Returns where the code, the layers and the runtime are."""
    specification = os.environ.pop("_LAB_NAMESPACE", None)
    if specification is None:
        # No user namespaces here: plain directories stand in for /var/task, /opt, /var/runtime, /var/lang.
        os.environ["PATH"] = os.environ["PATH"].replace("/var/lang", os.environ.pop("_LAB_LANG"))
        return os.environ["LAMBDA_TASK_ROOT"], os.environ.pop("_LAB_OPT"), os.environ["LAMBDA_RUNTIME_DIR"]
    import namespace  # beside this file

    namespace.enter(specification)
    return "/var/task", "/opt", "/var/runtime"


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


task_root, opt_root, runtime_root = enter_sandbox()
launcher.launch(opt_root)
order_path(task_root, opt_root, runtime_root)
restore_builtins()
for name in ("launcher", "namespace"):
    sys.modules.pop(name, None)  # a function may have a module of this name
os.environ.pop("PYTHONCOERCECLOCALE")  # it was for this interpreter's start only
os.chdir(task_root)

from awslambdaric.__main__ import main  # noqa: E402

sys.argv = ["bootstrap.py", os.environ["_HANDLER"]]
main(sys.argv)
