"""The wheel: both Python packages, both programs, and the copy of the packages that runs get.

In the wheel: stoker/, azureml/, stoker/bin/{stoker, stoker-supervisor}, stoker/lib/stoker/python/{stoker, azureml}. The programs find the last
one by themselves (../lib/stoker/python), so that a run of another interpreter sees these packages and nothing else of this site-packages.
The programs come from build/bin of the checkout, and are built there when they are missing; STOKER_PROGRAMS names another folder.
"""
import os
import re
import shutil
import subprocess

from setuptools import Distribution, find_packages, setup
from setuptools.command.build_py import build_py

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAMS = ["stoker", "stoker-supervisor"]


def version():
    with open(os.path.join(HERE, "stoker", "__init__.py"), encoding="utf-8") as file:
        return re.search(r'^__version__ = "(.+)"$', file.read(), re.M).group(1)


def programs():
    folder = os.environ.get("STOKER_PROGRAMS")
    if not folder:
        folder = os.path.join(os.path.dirname(HERE), "build", "bin")
        if not all(os.path.isfile(os.path.join(folder, name)) for name in PROGRAMS):
            subprocess.check_call(["make", "-C", os.path.dirname(HERE), "build"])
    missing = [name for name in PROGRAMS if not os.access(os.path.join(folder, name), os.X_OK)]
    if missing:
        raise SystemExit("error: {} is not in {}\n  try: make build".format(" and ".join(missing), folder))
    return [os.path.join(folder, name) for name in PROGRAMS]


class BuildWithPrograms(build_py):
    def run(self):
        build_py.run(self)
        package = os.path.join(self.build_lib, "stoker")
        tree = os.path.join(package, "lib", "stoker", "python")
        shutil.rmtree(tree, ignore_errors=True)
        ignored = shutil.ignore_patterns("__pycache__", "bin", "lib")
        for name in ("stoker", "azureml"):
            shutil.copytree(os.path.join(HERE, name), os.path.join(tree, name), ignore=ignored)
        self.mkpath(os.path.join(package, "bin"))
        for program in programs():
            self.copy_file(program, os.path.join(package, "bin", os.path.basename(program)))


class Platform(Distribution):
    def has_ext_modules(self):
        return True


def commands():
    try:
        from setuptools.command.bdist_wheel import bdist_wheel
    except ImportError:
        try:
            from wheel.bdist_wheel import bdist_wheel
        except ImportError:
            return {"build_py": BuildWithPrograms}

    class AnyPython(bdist_wheel):
        """The programs are of the platform, the Python is of any version."""

        def get_tag(self):
            return ("py3", "none", bdist_wheel.get_tag(self)[2])

    return {"build_py": BuildWithPrograms, "bdist_wheel": AnyPython}


setup(
    name="stoker",
    version=version(),
    description="Runs machine-learning training scripts, unchanged, on whatever compute there is, and keeps the record",
    python_requires=">=3.6",
    packages=find_packages(HERE, include=["stoker", "stoker.*", "azureml", "azureml.*"]),
    cmdclass=commands(),
    distclass=Platform,
    entry_points={"console_scripts": ["stoker = stoker.__main__:main"]},
    zip_safe=False,
)
