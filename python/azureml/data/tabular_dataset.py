"""Datasets of rows (spec 13.3). Rows are read with pandas, which is imported when they are asked for."""
import datetime
from typing import Any, Dict, List, Optional, Tuple

from azureml.core._errors import translated
from azureml.data.abstract_dataset import AbstractDataset
from azureml.data.file_dataset import _count, _fetch_url
from azureml.exceptions import DatasetTimestampMissingError, UserErrorException
from stoker import _transfer


class TabularDataset(AbstractDataset):
    """Rows of files; made by ``Dataset.Tabular.from_delimited_files`` and its like. Steps such as `keep_columns` make a new dataset and are carried out
    when the rows are read."""

    _kind = "tabular"

    def to_pandas_dataframe(self, on_error: str = "null", out_of_range_datetime: str = "null") -> Any:
        """All rows as a ``pandas.DataFrame``, one line each, in the order of the files.

        :raises UserErrorException: pandas is not there, or a file cannot be read so.
        """
        return self._rows()

    def to_spark_dataframe(self) -> Any:
        """For Spark: not offered.

        :raises UserErrorException: always.
        """
        raise UserErrorException("to_spark_dataframe is not offered by this version of stoker; to_pandas_dataframe() is")

    def to_csv_files(self, separator: str = ",") -> Any:
        """The rows as CSV files: not offered.

        :raises UserErrorException: always.
        """
        raise UserErrorException("to_csv_files is not offered by this version of stoker; to_pandas_dataframe().to_csv(...) is")

    def to_parquet_files(self) -> Any:
        """The rows as Parquet files: not offered.

        :raises UserErrorException: always.
        """
        raise UserErrorException("to_parquet_files is not offered by this version of stoker; to_pandas_dataframe().to_parquet(...) is")

    def filter(self, expression: Any) -> Any:
        """Rows by an expression: not offered.

        :raises UserErrorException: always.
        """
        raise UserErrorException("filter is not offered by this version of stoker; select rows in the frame of to_pandas_dataframe()")

    def partition_by(self, partition_keys: List[str], target: Any, name: Optional[str] = None, show_progress: bool = True,
                     partition_as_file_dataset: bool = False) -> Any:
        """Files by the values of columns: not offered.

        :raises UserErrorException: always.
        """
        raise UserErrorException("partition_by is not offered by this version of stoker; group the frame of to_pandas_dataframe()")

    def take(self, count: int) -> "TabularDataset":
        """The first `count` rows."""
        return self._step("take", _count(count))

    def skip(self, count: int) -> "TabularDataset":
        """Without the first `count` rows."""
        return self._step("skip", _count(count))

    def keep_columns(self, columns: Any, validate: bool = False) -> "TabularDataset":
        """Only these columns.

        :param validate: look now whether they are there.
        :raises UserErrorException: a column is missing (with `validate` here, else when the rows are read).
        """
        made = self._step("keep_columns", _names(columns))
        if validate:
            made.take(1)._rows()
        return made

    def drop_columns(self, columns: Any) -> "TabularDataset":
        """Without these columns."""
        return self._step("drop_columns", _names(columns))

    def random_split(self, percentage: float, seed: Optional[int] = None) -> "Tuple[TabularDataset, TabularDataset]":
        """Two datasets, the first with about that part of the rows (0 to 1); together they are all rows, and the same seed splits alike."""
        import random
        if not 0 < percentage < 1:
            raise UserErrorException("percentage is {!r}; a number between 0 and 1 is expected".format(percentage))
        chosen = random.randrange(1 << 31) if seed is None else int(seed)
        return self._step("sample", [percentage, chosen, True]), self._step("sample", [percentage, chosen, False])

    def with_timestamp_columns(self, timestamp: Optional[str] = None, partition_timestamp: Optional[str] = None, validate: bool = False, **kwargs: Any) -> "TabularDataset":
        """Names the column of times that `time_before` and its like look at."""
        options = dict(self._options, timestamp=timestamp or kwargs.get("fine_grain_timestamp"), partition_timestamp=partition_timestamp or kwargs.get("coarse_grain_timestamp"))
        made = TabularDataset(self._workspace, self._paths, options)
        if validate:
            made.take(1)._rows()
        return made

    @property
    def timestamp_columns(self) -> Tuple[Optional[str], Optional[str]]:
        """The column of times, and that of the partitions."""
        return self._options.get("timestamp"), self._options.get("partition_timestamp")

    @property
    def partition_keys(self) -> List[str]:
        """Columns of the partition format: none in this version."""
        return []

    def time_before(self, end_time: datetime.datetime, include_boundary: bool = True, validate: bool = True) -> "TabularDataset":
        """Rows up to a time."""
        return self._between(None, end_time, include_boundary)

    def time_after(self, start_time: datetime.datetime, include_boundary: bool = True, validate: bool = True) -> "TabularDataset":
        """Rows from a time on."""
        return self._between(start_time, None, include_boundary)

    def time_between(self, start_time: datetime.datetime, end_time: datetime.datetime, include_boundary: bool = True, validate: bool = True) -> "TabularDataset":
        """Rows between two times."""
        return self._between(start_time, end_time, include_boundary)

    def time_recent(self, time_delta: datetime.timedelta, include_boundary: bool = True, validate: bool = True) -> "TabularDataset":
        """Rows of the last while before now."""
        return self._between(datetime.datetime.now() - time_delta, None, include_boundary)

    def _between(self, start: Optional[datetime.datetime], end: Optional[datetime.datetime], inclusive: bool) -> "TabularDataset":
        if not self._options.get("timestamp"):
            raise DatasetTimestampMissingError("the dataset has no column of times; with_timestamp_columns(timestamp=...) names it")
        return self._step("between", [None if each is None else each.isoformat() for each in (start, end)] + [bool(inclusive)])

    def _step(self, name: str, value: Any) -> "TabularDataset":
        return TabularDataset(self._workspace, self._paths, dict(self._options, steps=self._options.get("steps", []) + [[name, value]]))

    def _rows(self) -> Any:
        try:
            import pandas
        except ImportError as error:
            raise UserErrorException("reading rows needs pandas, which this interpreter does not have; add it to the environment's packages", inner_exception=error) from error
        frame = _read(pandas, self)
        for name, value in self._options.get("steps", []):
            frame = _STEPS[name](pandas, frame, value, self._options)
        return frame.reset_index(drop=True)


def _names(columns: Any) -> List[str]:
    return [columns] if isinstance(columns, str) else [str(each) for each in columns]


def _read(pandas: Any, dataset: TabularDataset) -> Any:
    """The rows of all files."""
    import os
    import shutil
    import tempfile
    files = dataset._files()
    workspace = dataset._workspace
    assert workspace is not None
    folder = tempfile.mkdtemp(prefix="stoker-rows-")
    try:
        paths = [os.path.join(folder, str(at) + os.path.splitext(each["name"])[1]) for at, each in enumerate(files)]
        with translated():
            _transfer.download(workspace._client, [(_transfer.file_path(workspace._workspace_id, each["datastore"], each["path"]), path)
                                                   for each, path in zip(files, paths) if not each["url"]])
        frames = []
        for each, path in zip(files, paths):
            if each["url"]:
                _fetch_url(each["url"], path)
            try:
                frame = _READERS[dataset._options.get("format", "delimited")](pandas, path, dataset._options)
            except (ValueError, ImportError, UnicodeError) as error:
                raise UserErrorException("{} cannot be read as {}: {}".format(each["name"], dataset._options.get("format"), error), inner_exception=error) from error
            if dataset._options.get("include_path"):
                frame.insert(0, "Path", "/" + each["name"])
            frames.append(frame)
        return pandas.concat(frames, ignore_index=True) if len(frames) != 1 else frames[0]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


_TYPES = {"string": str, "int": "Int64", "float": float, "bool": "boolean"}


def _read_delimited(pandas: Any, path: str, options: Dict[str, Any]) -> Any:
    types = options.get("column_types") or {}
    more = {}  # type: Dict[str, Any]
    if not options.get("infer", True):
        more["dtype"] = str
    known = {name: _TYPES[kind] for name, kind in types.items() if kind in _TYPES}
    if known and "dtype" not in more:
        more["dtype"] = known
    if options.get("empty_as_string"):
        more["keep_default_na"] = False
    frame = pandas.read_csv(path, sep=options.get("separator", ","), header=0 if options.get("header", True) else None, encoding=options.get("encoding", "utf-8"), **more)
    if not options.get("header", True):
        frame.columns = ["Column{}".format(at + 1) for at in range(len(frame.columns))]
    for name, kind in types.items():
        if kind == "datetime" and name in frame.columns:
            frame[name] = pandas.to_datetime(frame[name])
    return frame


_READERS = {
    "delimited": _read_delimited,
    "parquet": lambda pandas, path, options: pandas.read_parquet(path),
    "json_lines": lambda pandas, path, options: pandas.read_json(path, lines=True, encoding=options.get("encoding", "utf-8")),
}


def _columns(frame: Any, names: List[str]) -> List[str]:
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise UserErrorException("the dataset has no column {}; it has {}".format(", ".join(missing), ", ".join(str(each) for each in frame.columns)))
    return names


def _sample(pandas: Any, frame: Any, value: List[Any], options: Dict[str, Any]) -> Any:
    import random
    part, seed, is_first = value
    chosen = set(random.Random(seed).sample(range(len(frame)), int(round(len(frame) * part))))
    return frame.iloc[[at for at in range(len(frame)) if (at in chosen) == is_first]]


def _time_between(pandas: Any, frame: Any, value: List[Any], options: Dict[str, Any]) -> Any:
    start, end, inclusive = value
    times = pandas.to_datetime(frame[_columns(frame, [options["timestamp"]])[0]])
    kept = times.notna()
    if start is not None:
        kept &= times >= pandas.Timestamp(start) if inclusive else times > pandas.Timestamp(start)
    if end is not None:
        kept &= times <= pandas.Timestamp(end) if inclusive else times < pandas.Timestamp(end)
    return frame[kept]


_STEPS = {
    "take": lambda pandas, frame, value, options: frame.head(value),
    "skip": lambda pandas, frame, value, options: frame.iloc[value:],
    "keep_columns": lambda pandas, frame, value, options: frame[_columns(frame, value)],
    "drop_columns": lambda pandas, frame, value, options: frame.drop(columns=_columns(frame, value)),
    "sample": _sample,
    "between": _time_between,
}
