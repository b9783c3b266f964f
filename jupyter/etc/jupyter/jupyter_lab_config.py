"""Keep JupyterLab on this machine: it asks no outside host for news, versions or extensions."""

c = get_config()  # noqa: F821 - Jupyter defines it before it reads this file

c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
c.LabApp.extension_manager = "readonly"
