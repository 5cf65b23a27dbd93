"""Submits the training in `train/` and follows it to its end: an Azure ML SDK v1 script as it was always written.

    python examples/diabetes/submit.py
"""
import os

from azureml.core import Environment, Experiment, ScriptRunConfig, Workspace

here = os.path.dirname(os.path.abspath(__file__))

ws = Workspace.from_config(path=here)
print(ws.name, ws.resource_group, ws.subscription_id, sep="\t")

env = Environment("this-python")
env.python.user_managed_dependencies = True

config = ScriptRunConfig(source_directory=os.path.join(here, "train"), script="train.py", arguments=["--test-size", 0.2], environment=env)
run = Experiment(ws, "diabetes").submit(config, tags={"example": "ridge"})
details = run.wait_for_completion(show_output=True)

metrics = run.get_metrics()
best = min(zip(metrics["mse"], metrics["alpha"]))
print("{}: best of {} alphas is {:.2f} with a mean squared error of {:.1f}".format(details["status"], len(metrics["alpha"]), best[1], best[0]))
