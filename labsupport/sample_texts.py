"""Texts to summarise, written for the lab (notebook 09_bedrock_summary)."""

from __future__ import annotations

REVIEW = """\
We stayed four nights at the Harbour Hotel in May, two adults and a child of six. The train \
station is eight minutes away on foot, and the tram to the old town stops at the door. Our room on \
the third floor was clean and quiet, but the air conditioning did not work on the first two \
nights. We told the front desk twice. On the third day a technician came and repaired it within \
ten minutes, and the manager took 60 euros off the bill. Breakfast is the best part of this hotel: \
warm bread, good coffee, fruit, and a cook who makes eggs as you like them. It ends at 9:30 on \
weekdays, which is early for a holiday. The pool on the roof is small and was closed for cleaning \
until noon. Our daughter loved it all the same, and the staff lent her a pair of goggles. The \
wireless network was slow in the evening, so I could not join a video call. Parking costs 24 euros \
a day, and nobody had told us so when we booked. In short, we would come back for the place and \
the breakfast, and we would ask for the price of everything first.
"""

SENTENCES = {
    "English": "The new library opens on Monday, and children may borrow five books for three weeks.",
    "Tiếng Việt": "Thư viện mới mở cửa vào thứ Hai, và trẻ em được mượn năm quyển sách trong ba tuần.",
}
"""The same sentence in two languages."""

NOT_A_TEXT = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01 a picture that somebody renamed"


def long_report(reviews: int = 12) -> str:
    """Return a report of many guests, one paragraph each: too long for one part."""
    return "\n\n".join(f"Report of guest number {number}. {REVIEW}" for number in range(1, reviews + 1))
