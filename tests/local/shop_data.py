"""A data file nobody has seen: odd names, gaps, texts, dates, and something to learn."""

import csv
import math
import random
from pathlib import Path

COLUMNS = (
    *("Customer ID", "Full Name", "Signup Date", "is active", "Price (€)", "Region, Area", "label"),
    *("Notes", "const", "Gender", "a_ b_c", "a: b#c", "spent", "churned?"),
)


def shop_file(folder: Path, *, rows: int = 700, name: str = "shop data.csv") -> Path:
    """`churned?` and `spent` both follow from price, activity and region, with noise."""
    chance = random.Random(5)
    path = folder / name
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        for number in range(rows):
            writer.writerow(_customer(number, chance))
    return path


def _customer(number: int, chance: random.Random) -> list[object]:
    active, region = chance.choice(["True", "False"]), chance.choice(["No, rth", "Süd", '"East"'])
    price: float | str = "NA" if chance.random() < 0.05 else round(chance.uniform(0, 100), 2)
    signal = 2 * (active == "True") + (0.0 if price == "NA" else float(price) / 30) + (region == "Süd") - 2.5
    churned = chance.random() < 1 / (1 + math.exp(-signal))
    return [
        f"C-{number:04d}",
        f"Person {number}",
        f"2024-{number % 12 + 1:02d}-{number % 28 + 1:02d}",
        *(active, price, region, chance.choice(["gold", "silver", ""])),
        *(f"called {number} times, no answer", 1, chance.choice(["f", "m"])),
        *(chance.randint(0, 9), round(chance.random(), 4)),
        round(1_000 + 80 * signal + chance.gauss(0, 20), 1),
        "Yes" if churned else "No",
    ]
