"""`docs/reference/v1-behaviours.md` names a test for each behaviour, and the tests are there."""
import os
import re
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def text_of(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


class BehavioursTest(unittest.TestCase):
    def setUp(self):
        self.page = text_of("docs/reference/v1-behaviours.md")

    def test_each_of_the_twenty_has_a_test_or_says_that_it_comes_later(self):
        rows = [row.strip("| ").split(" | ") for row in self.page.split("## Section 20")[1].split("\n## ")[0].splitlines() if re.match(r"\| \d", row)]
        self.assertEqual([row[0] for row in rows], [str(number) for number in range(1, 21)])
        self.assertEqual([row[0] for row in rows if "::" not in row[2] and not row[2].startswith("later")], [])

    def test_every_named_test_is_there(self):
        named = re.findall(r"`([\w/.]+)::([\w.]+)`", self.page)
        self.assertGreater(len(named), 40)
        missing = []
        for path, name in named:
            mark = r"\({}, {}\b".format(*name.split(".")) if path.endswith(".cpp") else r"def {}\(".format(name)
            if not re.search(mark, text_of(path)):
                missing.append("{}::{}".format(path, name))
        self.assertEqual(missing, [])
