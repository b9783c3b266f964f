"""Draw a badge: a text on a coloured picture."""

import base64
import io

from PIL import Image, ImageDraw

SIZE = (360, 80)


def handler(event: dict, context: object) -> dict:
    """Return the badge as PNG in base64: Lambda's answer is JSON, which can't hold bytes."""
    badge = Image.new("RGB", SIZE, event["colour"])
    middle = (SIZE[0] / 2, SIZE[1] / 2)
    ImageDraw.Draw(badge).text(middle, event["text"], fill="white", anchor="mm", font_size=30)
    file = io.BytesIO()
    badge.save(file, "PNG")
    return {"png": base64.b64encode(file.getvalue()).decode()}
