"""Makes up the customers of this example: the same ones each time, and nobody real.

Addresses end in example.com and the like, which RFC 2606 keeps free, and telephone numbers lie in 555-0100 to 555-0199,
which nobody is given.
"""

import csv
import random
import sys

FIRST = "Ada Bea Cem Dan Eva Finn Gus Hana Ida Jon Kai Lea Mia Noa Oto Pia Rex Sam Tea Uma Vik Zoe".split()
LAST = "Exemplar Fictive Madeup Nemo Placeholder Sample Specimen Testcase Unreal Wonder".split()
DOMAINS = ["example.com", "example.net", "example.org", "mail.example.com"]
COUNTRIES = ["AT", "CH", "DE", "FR", "IT", "US"]


def main() -> None:
    draw = random.Random(2013)
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(["id", "name", "email", "phone", "country", "signed_up", "orders"])
    for number in range(1, 3001):
        # A customer in ten signed up twice, with the same address.
        person = number if number % 10 else number - 3
        traits = random.Random(person)
        first, last = traits.choice(FIRST), traits.choice(LAST)
        email = f"{first}.{last}{person}@{traits.choice(DOMAINS)}".lower()
        phone = f"+1 {traits.randint(200, 989)} 555 01{traits.randint(0, 99):02}"
        if traits.random() < 0.05:
            phone = ""
        day = f"2013-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}"
        out.writerow([number, f"{first} {last}", email, phone, traits.choice(COUNTRIES), day, draw.randint(0, 40)])


if __name__ == "__main__":
    main()
