"""Another Lambda function, which is not durable: what a carrier wants for a delivery."""

from __future__ import annotations

CENTS_A_KILO = {"rail": 300, "road": 450, "river": 90}
AT_THE_RIVER = {"Basel", "Cologne", "Rotterdam"}


def quote(event: dict[str, object], _context: object) -> dict[str, object]:
    carrier, city, grams = str(event["carrier"]), str(event["city"]), int(str(event["grams"]))
    if carrier == "river" and city not in AT_THE_RIVER:
        raise LookupError(f"there is no harbour in {city}")
    return {"carrier": carrier, "cents": 200 + grams * CENTS_A_KILO[carrier] // 1000}
