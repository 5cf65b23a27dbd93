"""The reader and the writer of YAML: what configuration files hold, what is refused, and that what is written reads the same."""
import unittest

from azureml.core import _yaml
from azureml.core._yaml_writer import dump

READ = [
    ("", None),
    ("a: 1\n", {"a": 1}),
    ("---\na: 1\n...\n", {"a": 1}),
    ("\ufeff# above\na: 1 # behind\n\n# below\n", {"a": 1}),
    ("a:\nb: ~\nc: null\nd: None\n", {"a": None, "b": None, "c": None, "d": "None"}),
    ("a: true\nb: False\nc: yes\nd: on\n", {"a": True, "b": False, "c": "yes", "d": "on"}),
    ("a: 0x10\nb: -3\nc: 1.5\nd: 1e3\ne: .inf\nf: 3.6.2\ng: 1.\n", {"a": 16, "b": -3, "c": 1.5, "d": 1000.0, "e": float("inf"), "f": "3.6.2", "g": 1.0}),
    ("a:\n  b:\n    c: 1\n  d: 2\ne: 3\n", {"a": {"b": {"c": 1}, "d": 2}, "e": 3}),
    ("a:\n- 1\n- b: 2\n  c: 3\n-\n  - x\n- - y\n  - z\n", {"a": [1, {"b": 2, "c": 3}, ["x"], ["y", "z"]]}),
    ("dependencies:\n  - python=3.6.2\n  - pip:\n    - azureml-defaults\n    - --index-url https://x/y\n  - numpy\n",
     {"dependencies": ["python=3.6.2", {"pip": ["azureml-defaults", "--index-url https://x/y"]}, "numpy"]}),
    ("a: [1, 'b c', {d: e}, ]\nf: {g: , h: i}\n", {"a": [1, "b c", {"d": "e"}], "f": {"g": None, "h": "i"}}),
    ("a: [1,  # one\n  2,\n  3]\nb: {c: 1,\n    d: 'e'}\nf: []\ng: {}\n", {"a": [1, 2, 3], "b": {"c": 1, "d": "e"}, "f": [], "g": {}}),
    ('{"a": [1, 2.5, null, true], "b": {"c:d": "e: f"}}', {"a": [1, 2.5, None, True], "b": {"c:d": "e: f"}}),
    ("a: 'it''s'\nb: \"x\\n\\u00e9\\\"\"\nc: 'a # b'\n'd e': 1\n", {"a": "it's", "b": 'x\n\xe9"', "c": "a # b", "d e": 1}),
    ("a: |\n  one\n    two\n\n  three\nb: >-\n  folded\n  text\n\n  more\nc: |+\n  kept\n\nd: 1\n", {"a": "one\n  two\n\nthree\n", "b": "folded text\nmore", "c": "kept\n\n", "d": 1}),
    ("a: a long\n  plain text\nb: 'a quoted\n  one'\n", {"a": "a long plain text", "b": "a quoted one"}),
    ("a: https://x/y#z\nspark.app.name: Azure ML Experiment\nb: a#b\n", {"a": "https://x/y#z", "spark.app.name": "Azure ML Experiment", "b": "a#b"}),
    ("a: 1\r\nb:\r\n  - 2\r\n", {"a": 1, "b": [2]}),
    ("just a text\n", "just a text"),
]

REFUSED = [
    ("a: &x 1", 1, "anchors"), ("b: 1\na: *x", 2, "aliases"), ("a: !t 1", 1, "tags"), ("a:\n  <<: {b: 1}", 2, "merge keys"), ("a: [1, &x 2]", 1, "anchors"),
    ("a: 1\nb: 2\na: 3", 3, "first in line 1"), ("a:\n\tb: 1", 2, "a tab"), ("a: b: c", 1, "in quotes"), ("a: 1\n  b: 2", 2, "indented"),
    ("a:\n  - 1\n b: 2", 3, "indented"), ("a: 'x", 1, "does not end"), ("a: [1", 1, "ends inside"), ("a: 'x' y", 1, "follows"), ("a: 1\n---\nb: 2", 2, "second document"),
    ("? a\n: b", 1, "complex keys"), ("%YAML 1.2\n---\na: 1", 1, "directives"), ('a: "\\q"', 1, "no escape"), ("- a\nb", 2, "belongs to nothing"), ("a: {b: 1 c: 2}", 1, "expected"),
]


class YamlTest(unittest.TestCase):
    def test_what_files_hold(self):
        for text, value in READ:
            self.assertEqual(_yaml.load(text), value, text)

    def test_what_is_refused_names_the_line(self):
        for text, line, word in REFUSED:
            with self.assertRaises(_yaml.YamlError, msg=text) as caught:
                _yaml.load(text)
            self.assertEqual(caught.exception.line, line, text)
            self.assertIn(word, str(caught.exception), text)

    def test_lines_of_keys(self):
        value = _yaml.load("# c\na: 1\nb:\n  c: 2\n")
        self.assertEqual((value.lines, value["b"].lines), ({"a": 2, "b": 3}, {"c": 4}))

    def test_what_is_written_reads_the_same(self):
        texts = ["", " a", "a ", "a: b", "a #b", "a#b", "1", "1.5", "true", "null", "~", "-", "- a", "--a", "[x", "{", "'", '"', "&a", "*", "!", "%", "@", "`", "|", ">", "---",
                 "\n", "a\nb", "a\nb\n", "\na", "a\n\n", " a\nb", "a\tb", "a\x00b", "\xe9", "\U0001f600", "\u2028", "a\\b", "?", ":", "? a", "x:", "<<", "0x1f"]
        for value in [texts, {text or "e": text for text in texts}, [[], {}, [[]], [{}], None, 1, 2.5, float("inf"), True], {"a": {"b": [{"c": [1], "d": {}}]}}, [], {}, None, 3, "x"]:
            self.assertEqual(_yaml.load(dump(value)), value, dump(value))

    def test_comments_stand_above_their_fields(self):
        self.assertEqual(dump({"a": {"b": 1}, "c": None}, {"a": "First.", "a.b": "Inner.", "c": "Last."}), "# First.\na:\n  # Inner.\n  b: 1\n# Last.\nc:\n")
