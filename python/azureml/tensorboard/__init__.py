"""TensorBoard over runs (spec 14.1): `Tensorboard` shows what runs write to ``./logs``, also while they write it."""
from azureml.tensorboard.tensorboard import Tensorboard

__all__ = ["Tensorboard"]
