"""Tell which Pillow this function has, and which image formats it can handle."""

import PIL
from PIL import features

FORMATS = ("jpg", "webp", "avif")


def handler(event: dict, context: object) -> dict:
    """Return Pillow's version, the folder that it was imported from, and the formats."""
    return {
        "pillow": PIL.__version__,
        "imported_from": PIL.__path__[0],
        "formats": [name for name in FORMATS if features.check(name)],
    }
