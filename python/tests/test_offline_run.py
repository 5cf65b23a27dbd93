"""The run that there is outside of a run."""
import contextlib
import io
import unittest

from azureml.core.run import Run, _OfflineRun
from azureml.exceptions import RunEnvironmentException
from fakes import Case


class OfflineRunTest(Case):
    def setUp(self):
        super().setUp()
        self.variables(AZUREML_RUN_ID=None, STOKER_SOCKET=None)
        self.out = io.StringIO()

    def run_offline(self, use):
        with contextlib.redirect_stdout(self.out):
            run = Run.get_context()
            use(run)
        return run

    def test_context_outside_of_a_run(self):
        run = self.run_offline(lambda run: None)
        self.assertIsInstance(run, _OfflineRun)
        self.assertTrue(run.id.startswith("OfflineRun"))
        self.assertRaises(RunEnvironmentException, Run.get_context, allow_offline=False)

    def test_scalars_and_files_print_as_in_the_sdk(self):
        self.run_offline(lambda run: (run.log("loss", 0.5), run.upload_file("model", "m.pkl")))
        self.assertEqual(self.out.getvalue(), "Attempted to log scalar metric loss:\n0.5\nAttempted to track file model at m.pkl\n")

    def test_metrics_are_kept_in_memory(self):
        def use(run):
            run.log("a", 1)
            run.log("b", 1)
            run.log("b", 2)
            run.log_list("l", [1, 2])
            run.log_list("l", [3])
            run.log_row("r", x=1, y=2)
            run.log_table("t", {"x": [1, 2]})

        run = self.run_offline(use)
        self.assertEqual(run.get_metrics(), {"a": 1, "b": [1, 2], "l": [1, 2, 3], "r": {"x": 1, "y": 2}, "t": {"x": [1, 2]}})
        self.assertEqual(run.get_metrics("b"), {"b": [1, 2]})
        self.assertEqual(run.get_metrics("unknown"), {})

    def test_nothing_else_raises(self):
        def use(run):
            run.tag("k")
            run.set_tags({"a": 1})
            run.remove_tags("a")
            run.add_properties({"p": 1})
            run.flush()
            run.upload_folder("f", ".")
            run.download_files()
            with run.child_run("c") as child:
                child.log("x", 1)
            run.wait_for_completion()
            run.complete()

        run = self.run_offline(use)
        self.assertEqual((run.get_tags(), run.get_properties(), run.get_status()), ({"k": None}, {"p": "1"}, "Completed"))
        self.assertEqual([child.status for child in run.get_children()], ["Completed"])

    def test_experiment_and_parent_are_missing_as_in_the_sdk(self):
        run = self.run_offline(lambda run: None)
        self.assertFalse(hasattr(run, "experiment"))
        self.assertFalse(hasattr(run, "parent"))

    def test_every_method_of_a_run_is_here(self):
        lookups = {"get", "list", "get_context", "get_submitted_run", "experiment", "parent", "list_by_compute", "add_type_provider"}
        names = {name for name in dir(Run) if not name.startswith("_")} - lookups
        self.assertEqual(sorted(name for name in names if not hasattr(_OfflineRun(), name)), [])


if __name__ == "__main__":
    unittest.main()
