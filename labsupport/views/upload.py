"""A place to drop a photo on, and the thumbnails that came of it (notebook 05_s3_thumbnails).

The widget knows no cloud: it hands a file's name and bytes to a callable and shows what comes back, or in
words why nothing does. Every file stays in the list, whatever became of it.

ipywidgets' FileUpload is a button without a place to drop files on, and it reads files from its own dialog
only. So a drop presses that button, and puts its files where the dialog would have put the chosen ones. Where
a page forbids scripts of its own, the drop does nothing and the button still works.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from html import escape
from typing import Any

import ipywidgets as widgets

from labsupport.errors import LabError
from labsupport.views.gallery import Pair, gallery
from labsupport.views.preview import preview

MB = 1024 * 1024
MAX_BYTES = 20 * MB
SIDE, SCALE = 128, 2

DROP = """
event.preventDefault(); event.stopPropagation(); this.style.borderStyle = 'dashed';
const files = event.dataTransfer.files, words = this.querySelector('span');
const large = Array.from(files).find(file => file.size > MAX_BYTES);
if (!files.length) { words.textContent = 'That was not a file. Drop a photo from a folder.'; return; }
if (large) { words.textContent = large.name + ' is larger than MAX_MB MB. Nothing was uploaded.'; return; }
words.textContent = 'Drop a photo here';
const click = HTMLInputElement.prototype.click;
HTMLInputElement.prototype.click = function () {
  this.files = files;
  this.dispatchEvent(new Event('change'));
};
try { this.closest('.lab-photo-upload').querySelector('button.widget-upload').click(); }
finally { HTMLInputElement.prototype.click = click; }
"""
DRAG_OVER = "event.preventDefault(); this.style.borderStyle = 'solid';"
DRAG_LEAVE = "this.style.borderStyle = 'dashed';"
ZONE_STYLE = (
    "border: 2px dashed var(--jp-ui-font-color2, #64748b); border-radius: 8px; padding: 28px 16px; "
    "text-align: center; color: var(--jp-ui-font-color1, #334155)"
)
FIGURE_STYLE = "display: inline-block; vertical-align: bottom; margin: 0 24px 12px 0; line-height: 1.4"


class PhotoUpload(widgets.VBox):  # type: ignore[misc]  # ipywidgets publishes no types
    """Take photos by drag and drop or by a button, and show each beside its thumbnail.

    Args:
        make_thumbnail: gets a file's name and bytes, and returns the thumbnail's. What it raises is shown.
        sample: name and bytes of a photo for those who have none at hand.
        use_sample: take the sample at once; for a notebook that runs unattended.
        max_bytes: larger files are refused before they are uploaded. A chosen file reaches Python in one
            message, so Jupyter's `websocket_max_message_size` has to be larger.

    Attributes:
        results: original and thumbnail (or None) of each file, by name.
    """

    def __init__(
        self,
        make_thumbnail: Callable[[str, bytes], bytes],
        *,
        sample: tuple[str, bytes],
        use_sample: bool = False,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._make_thumbnail, self._max_bytes = make_thumbnail, max_bytes
        self.results: dict[str, Pair] = {}
        self._chooser = widgets.FileUpload(
            description="Choose photos", accept="image/*", multiple=True, layout={"width": "auto"}
        )
        self._chooser.observe(self._take_chosen, "value")
        self._chooser.observe(self._explain_unreadable, "error")
        use = widgets.Button(description=f"Use {sample[0]}", layout={"width": "auto"})
        use.on_click(lambda _: self.take(*sample))
        self._status, self._shown = widgets.HTML(), widgets.VBox()
        zone = widgets.HTML(_zone(max_bytes))
        super().__init__([zone, widgets.HBox([self._chooser, use]), self._status, self._shown])
        self.add_class("lab-photo-upload")
        self._say("No photo yet.")
        if use_sample:
            self.take(*sample)

    def take(self, name: str, data: bytes) -> None:
        """Upload one file, wait for its thumbnail, and show both. It never raises."""
        self.results[name] = (data, None)
        if len(data) > self._max_bytes:
            cause = f"it has {len(data) / MB:.1f} MB, more than {self._max_bytes / MB:.0f} MB."
            self._show(name, f"Nothing was uploaded: {cause} Save it smaller and try again.")
            return
        self._say(f"Uploading {name} ({len(data):,} bytes), then waiting for its thumbnail …")
        started = time.monotonic()
        try:
            thumbnail = self._make_thumbnail(name, data)
        except LabError as error:
            self._show(name, f"No thumbnail: {error.cause} {error.next_step}")
        except Exception as error:  # whatever it is, the learner reads it here and not in a server's log
            self._show(name, f"No thumbnail: {type(error).__name__}: {error}")
        else:
            self.results[name] = (data, thumbnail)
            self._show(name, f"Thumbnail after {time.monotonic() - started:.1f} s.")

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """Add what shows without a kernel: the words, and the photos so far as one picture."""
        bundle: dict[str, Any] = super()._repr_mimebundle_(**options)
        bundle["text/plain"] = f"Drop a photo here while the notebook's kernel runs. {self._words}"
        if self.results:
            bundle["image/png"] = base64.b64encode(gallery(self.results).data).decode()
        return bundle

    def _take_chosen(self, change: dict[str, Any]) -> None:
        if not change["new"]:
            return
        for file in change["new"]:
            self.take(file["name"], bytes(file["content"]))
        self._chooser.value = ()  # so that the same file can be chosen again

    def _explain_unreadable(self, change: dict[str, Any]) -> None:
        if change["new"]:
            self._say("The browser could not read that file. Was it moved or deleted?")

    def _say(self, words: str) -> None:
        self._words = words
        self._status.value = f'<div role="status">{escape(words)}</div>'

    def _show(self, name: str, words: str) -> None:
        before, after = self.results[name]
        self._say(f"{name}: {'no thumbnail' if after is None else 'done'}, see below.")
        pictures = _figure("Original", before) + ("" if after is None else _figure("Thumbnail", after))
        title = f'<p style="line-height: 1.4"><b>{escape(name)}</b><br>{escape(words)}</p>'
        self._shown.children = (widgets.HTML(f"{title}<div>{pictures}</div>"), *self._shown.children)


def _zone(max_bytes: int) -> str:
    drop = DROP.replace("MAX_BYTES", str(max_bytes)).replace("MAX_MB", f"{max_bytes / MB:.0f}")
    handlers = {"ondragover": DRAG_OVER, "ondragleave": DRAG_LEAVE, "ondrop": drop}
    attributes = " ".join(f'{name}="{escape(script)}"' for name, script in handlers.items())
    return (
        f'<div class="lab-drop-zone" style="{ZONE_STYLE}" {attributes}><span>Drop a photo here</span></div>'
    )


def _figure(title: str, data: bytes) -> str:
    shown = preview(data)
    caption, picture = escape(f"{title}: {shown}"), ""
    if shown.image is not None:
        source = f"data:image/png;base64,{base64.b64encode(shown.as_png(SIDE, SCALE)).decode()}"
        picture = f'<img src="{source}" width="{shown.fitted(SIDE, 1).width}" alt="{caption}">'
    return f'<figure style="{FIGURE_STYLE}">{picture}<figcaption>{caption}</figcaption></figure>'
