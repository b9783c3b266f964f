"""Keep JupyterLab on this machine: it asks no outside host for news, versions or extensions."""

c = get_config()  # noqa: F821 - Jupyter defines it before it reads this file

c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
c.LabApp.extension_manager = "readonly"

# A photo that is chosen in a notebook travels as one message to the kernel; the usual limit of 10 MB would
# drop the connection without a word.
c.ServerApp.tornado_settings = {"websocket_max_message_size": 256 * 1024 * 1024}
