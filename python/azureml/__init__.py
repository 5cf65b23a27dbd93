"""Azure ML SDK v1 on stoker. What is not here comes from really installed ``azureml-*`` packages, where there are any."""
from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)
