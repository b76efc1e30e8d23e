"""The data of the table template: sold houses that never were, the same every time."""

import datetime
import random

__all__ = ["DISTRICTS", "houses_csv"]

DISTRICTS = {"centre": 1.35, "harbour": 1.2, "hills": 1.05, "north": 0.9}
_ROWS = 1500
_DAYS = 365
_FIRST = datetime.date(2025, 1, 1)


def houses_csv(*, rows: int = _ROWS, seed: int = 11) -> str:
    """Sold houses in order of their day: price in thousands by area, age, district and distance, with noise."""
    source = random.Random(seed)
    lines = ["sold_at,area_m2,rooms,age_years,distance_km,district,price"]
    for row in range(rows):
        day = _FIRST + datetime.timedelta(days=row * _DAYS // rows)
        area = round(source.gauss(95, 30), 1)
        area = max(25.0, area)
        rooms = max(1, round(area / 27 + source.gauss(0, 0.6)))
        age = source.randrange(0, 90)
        distance = round(abs(source.gauss(6, 4)), 1)
        district = source.choice(list(DISTRICTS))
        price = (
            (40 + 3.1 * area + 9 * rooms) * DISTRICTS[district] * (1 - 0.0035 * age) * (1 - 0.012 * min(distance, 20))
        )
        price *= source.gauss(1, 0.07)
        lines.append(f"{day}T12:00:00Z,{area},{rooms},{age},{distance},{district},{price:.1f}")
    return "\n".join(lines) + "\n"
