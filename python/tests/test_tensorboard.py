"""azureml.tensorboard: event files byte by byte, the copy of logs that grow, and what is said of wrong input. TensorBoard itself reads them in tests/e2e."""
import io
import os
import struct
import unittest

from fakes import Case
from interactive_server import InteractiveServer

from azureml.core import Experiment, Workspace
from azureml.exceptions import UserErrorException
from azureml.tensorboard import Tensorboard
from azureml.tensorboard._event_file import EventFile, crc32c
from azureml.tensorboard._logs import Mirror
from azureml.tensorboard.export import export_to_tensorboard


def records(data):
    """The messages of a TFRecord file."""
    found, at = [], 0
    while at < len(data):
        length, = struct.unpack_from("<Q", data, at)
        found.append(data[at + 12:at + 12 + length])
        at += 12 + length + 4
    return found


class EventFiles(unittest.TestCase):
    def test_the_checksum_is_castagnolis(self):
        self.assertEqual(crc32c(b"123456789"), 0xE3069283)
        self.assertEqual(crc32c(b"\0" * 32), 0x8A9136AA)

    def test_a_file_is_what_tensorflow_writes(self):
        target = io.BytesIO()
        EventFile(target, 0.0)
        # As tf.summary's writer begins a file: length 24, its checksum, wall time 0.0, "brain.Event:2", and the checksum of that.
        self.assertEqual(target.getvalue()[:8], b"\x18\0\0\0\0\0\0\0")
        self.assertEqual(target.getvalue()[8:12], b"\xa3\x7fK\x22")
        self.assertEqual(records(target.getvalue()), [b"\x09" + b"\0" * 8 + b"\x1a\rbrain.Event:2"])

    def test_a_scalar(self):
        target = io.BytesIO()
        EventFile(target, 0.0).scalar("loss", 0.5, 300, 1.0)
        self.assertEqual(records(target.getvalue())[1], b"\x09" + struct.pack("<d", 1.0) + b"\x10\xac\x02" + b"\x2a\x0d\x0a\x0b\x0a\x04loss\x15" + struct.pack("<f", 0.5))

    def test_numbers_that_32_bits_cannot_hold(self):
        target = io.BytesIO()
        EventFile(target, 0.0).scalar("x", -1e300, -1, 0.0)
        self.assertTrue(records(target.getvalue())[1].endswith(struct.pack("<f", float("-inf"))))


class OverAServer(Case):
    def setUp(self):
        super().setUp()
        self.server = InteractiveServer()
        self.addCleanup(self.server.close)
        self.variables(STOKER_URL=self.server.url, STOKER_TOKEN="t")
        self.experiment = Experiment(Workspace("s", "g", "w1", _disable_service_check=True, _workspace_id="w-1"), "board")
        self.go_to()
        self.run_ = self.experiment.start_logging(snapshot_directory=None)
        self.addCleanup(self.run_.complete)

    def test_metrics_become_series(self):
        run = self.run_
        run.log("loss", 0.5, step=10)
        run.log("loss", 0.25, step=20)
        run.log_list("curve", [1, 2, 3])
        run.log_row("row", x=1, y=2)
        run.log("note", "a text")
        with self.assertLogs("azureml.tensorboard.export", "WARNING") as said:
            export_to_tensorboard(run, self.folder)
        self.assertIn("note", said.output[0])
        [name] = os.listdir(os.path.join(self.folder, run.id))
        self.assertIn("tfevents", name)
        with open(os.path.join(self.folder, run.id, name), "rb") as file:
            messages = records(file.read())
        self.assertEqual(len(messages), 1 + 2 + 3 + 2)
        for tag in (b"loss", b"curve", b"row/x", b"row/y"):
            self.assertTrue(any(tag in each for each in messages), tag)
        export_to_tensorboard([run], self.folder)
        self.assertEqual(os.listdir(os.path.join(self.folder, run.id)), [name], "again replaces")

    def test_logs_grow_in_the_copy_by_what_is_new(self):
        mirror = Mirror(os.path.join(self.folder, "copy"), [self.run_])
        self.assertEqual(mirror.refresh(), 0)
        for text, new in ((b"one", 3), (b"one two", 4), (b"anew", 4)):
            self.server.files.setdefault(self.run_.id, {})["logs/deep/events.out"] = text
            self.assertEqual(mirror.refresh(), new)
            with open(os.path.join(self.folder, "copy", self.run_.id, "deep", "events.out"), "rb") as file:
                self.assertEqual(file.read(), text)
        self.assertEqual(mirror.refresh(), 0)

    def test_wrong_input_is_said(self):
        for wrong in ("run-1", [1], 5):
            with self.assertRaises((UserErrorException, TypeError)):
                Tensorboard(wrong)
        with self.assertRaisesRegex(UserErrorException, "port"):
            Tensorboard([], port="6006")


if __name__ == "__main__":
    unittest.main()
