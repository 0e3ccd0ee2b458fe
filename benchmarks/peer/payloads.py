"""What the payload workload's steps return."""

_made: dict[int, list[dict[str, object]]] = {}


def records(kilobytes: int) -> list[dict[str, object]]:
    """About as many kilobytes of JSON, as five records for each."""
    if kilobytes not in _made:
        _made[kilobytes] = [
            {
                "id": number,
                "sku": f"SKU-{number:06d}",
                "quantity": number % 17,
                "price": number * 1.25,
                "tags": ["alpha", "beta", "gamma"],
                "note": "The quick brown fox jumps over the lazy dog. " * 2,
            }
            for number in range(5 * kilobytes)
        ]
    return _made[kilobytes]
