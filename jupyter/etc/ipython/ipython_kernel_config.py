"""Silence the warning that every kernel start prints about unencrypted TCP on the loopback device."""

c = get_config()  # noqa: F821 - IPython defines it before it reads this file

c.IPKernelApp.log_level = 40  # logging.ERROR
