"""Making datasets (spec 13.3)."""
import fnmatch
import os
from typing import Any, Dict, List, Optional, Tuple

from azureml.data.data_reference import DataReference
from azureml.data.datapath import DataPath
from azureml.data.file_dataset import FileDataset
from azureml.data.tabular_dataset import TabularDataset
from azureml.exceptions import UserErrorException


class DataType:
    """Types of columns, for `set_column_types`."""

    def __init__(self, kind: str):
        self._kind = kind

    @staticmethod
    def to_string() -> "DataType":
        """Text."""
        return DataType("string")

    @staticmethod
    def to_long() -> "DataType":
        """Whole numbers."""
        return DataType("int")

    @staticmethod
    def to_float(decimal_mark: str = ".") -> "DataType":
        """Numbers."""
        return DataType("float")

    @staticmethod
    def to_bool() -> "DataType":
        """True and False."""
        return DataType("bool")

    @staticmethod
    def to_datetime(formats: Any = None) -> "DataType":
        """Times."""
        return DataType("datetime")


class FileDatasetFactory:
    """``Dataset.File``."""

    @staticmethod
    def from_files(path: Any, validate: bool = True, partition_format: Optional[str] = None, is_file: bool = False) -> FileDataset:
        """A dataset of files.

        >>> Dataset.File.from_files((store, "images/**/*.png"))     # doctest: +SKIP

        :param path: ``(datastore, "pattern")``, a DataPath, a DataReference, an address of the web, or a list of these.
        :param validate: look now whether there are such files.
        :raises UserErrorException: what is none of these, or names nothing.
        """
        _refuse_partitions(partition_format)
        return _made(FileDataset, path, {}, validate)

    @staticmethod
    def upload_directory(src_dir: str, target: Any, pattern: Optional[str] = None, overwrite: bool = False, show_progress: bool = True) -> FileDataset:
        """Uploads a folder and makes a dataset of it.

        :param target: ``(datastore, "path")`` or a DataPath.
        :param pattern: only files whose path below `src_dir` matches.
        """
        store, path = _store_and_path(target)
        folder = os.path.abspath(os.path.expanduser(src_dir))
        if not os.path.isdir(folder):
            raise UserErrorException("the folder {} does not exist".format(folder))
        from azureml.core._run_files import files_below
        chosen = [(name, each) for name, each in files_below(folder) if pattern is None or fnmatch.fnmatch(name, pattern)]
        if not chosen:
            raise UserErrorException("there are no files to upload in {}".format(folder))
        prefix = path.strip("/")
        store._send([(each, "{}/{}".format(prefix, name) if prefix else name) for name, each in chosen], overwrite, show_progress)
        return FileDatasetFactory.from_files((store, prefix + "/**" if prefix else "**"))


class TabularDatasetFactory:
    """``Dataset.Tabular``."""

    @staticmethod
    def from_delimited_files(path: Any, validate: bool = True, include_path: bool = False, infer_column_types: bool = True, set_column_types: Optional[Dict[str, DataType]] = None,
                             separator: str = ",", header: Any = True, partition_format: Optional[str] = None, support_multi_line: bool = False,
                             empty_as_string: bool = False, encoding: str = "utf8") -> TabularDataset:
        """Rows of CSV and the like.

        :param path: as for ``Dataset.File.from_files``.
        :param include_path: a first column ``Path``.
        :param header: False for files without names of columns.
        """
        _refuse_partitions(partition_format)
        has_header = header if isinstance(header, bool) else str(getattr(header, "name", header)).upper() not in ("NO_HEADERS", "NONE", "0")
        types = {name: kind._kind for name, kind in (set_column_types or {}).items()}
        return _made(TabularDataset, path, {"format": "delimited", "separator": separator, "header": has_header, "encoding": encoding, "infer": infer_column_types,
                                            "column_types": types, "include_path": include_path, "empty_as_string": empty_as_string}, validate)

    @staticmethod
    def from_parquet_files(path: Any, validate: bool = True, include_path: bool = False, set_column_types: Any = None, partition_format: Optional[str] = None) -> TabularDataset:
        """Rows of Parquet files; reading them needs pandas with pyarrow."""
        _refuse_partitions(partition_format)
        return _made(TabularDataset, path, {"format": "parquet", "include_path": include_path}, validate)

    @staticmethod
    def from_json_lines_files(path: Any, validate: bool = True, include_path: bool = False, set_column_types: Any = None, partition_format: Optional[str] = None,
                              invalid_lines: str = "error", encoding: str = "utf8") -> TabularDataset:
        """Rows of files with one JSON object a line."""
        _refuse_partitions(partition_format)
        return _made(TabularDataset, path, {"format": "json_lines", "encoding": encoding, "include_path": include_path}, validate)

    @staticmethod
    def from_sql_query(query: Any, validate: bool = True, set_column_types: Any = None, query_timeout: int = 30) -> TabularDataset:
        """Rows of a database: not offered.

        :raises UserErrorException: always.
        """
        raise UserErrorException("from_sql_query is not offered: store the rows as a file in a datastore and use from_delimited_files or from_parquet_files")

    @staticmethod
    def register_pandas_dataframe(dataframe: Any, target: Any, name: str, description: Optional[str] = None, tags: Optional[Dict[str, str]] = None,
                                  show_progress: bool = True, row_group_size: Optional[int] = None, make_target_path_unique: bool = True) -> TabularDataset:
        """Stores a frame in a datastore, as Parquet where pyarrow is there, else as CSV, and registers it.

        :param target: ``(datastore, "path")`` or a DataPath.
        """
        import shutil
        import tempfile
        import uuid
        store, path = _store_and_path(target)
        folder = tempfile.mkdtemp(prefix="stoker-frame-")
        try:
            is_parquet = _has_parquet()
            file = os.path.join(folder, "data.parquet" if is_parquet else "data.csv")
            if is_parquet:
                dataframe.to_parquet(file)
            else:
                dataframe.to_csv(file, index=False)
            parts = [path.strip("/")] + ([str(uuid.uuid4())] if make_target_path_unique else []) + [os.path.basename(file)]
            place = "/".join(part for part in parts if part)
            store._send([(file, place)], True, False)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        factory = TabularDatasetFactory.from_parquet_files if is_parquet else TabularDatasetFactory.from_delimited_files
        return factory((store, place)).register(store.workspace, name, description, tags, create_new_version=True)


def _has_parquet() -> bool:
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        return False
    return True


def _refuse_partitions(partition_format: Optional[str]) -> None:
    if partition_format is not None:
        raise UserErrorException("partition_format is not offered by this version of stoker; include_path=True gives each row its file's path")


def _store_and_path(target: Any) -> Tuple[Any, str]:
    if isinstance(target, (DataPath, DataReference)):
        return target.datastore, target.path_on_datastore or ""
    if isinstance(target, (tuple, list)) and len(target) == 2 and hasattr(target[0], "as_mount"):
        return target[0], str(target[1] or "")
    if hasattr(target, "as_mount") and hasattr(target, "upload_files"):
        return target, ""
    raise UserErrorException("{!r} is not a place in a datastore; (datastore, \"path\") or a DataPath is expected".format(target))


def _paths(path: Any) -> Tuple[Any, List[Dict[str, str]]]:
    """The workspace of the datastores (None for the web alone), and paths as the server has them."""
    is_pair = isinstance(path, tuple) and len(path) == 2 and hasattr(path[0], "upload_files")
    workspace = None
    found = []  # type: List[Dict[str, str]]
    for each in path if isinstance(path, (list, tuple)) and not is_pair else [path]:
        if isinstance(each, str):
            if not each.startswith(("http://", "https://")):
                raise UserErrorException("{!r} is no address of the web; a file of this machine is uploaded first: datastore.upload_files([...]), then "
                                         "(datastore, \"path\")".format(each))
            found.append({"url": each})
            continue
        store, below = _store_and_path(each)
        workspace = workspace or store.workspace
        found.append({"datastore": store.name, "path": below})
    if not found:
        raise UserErrorException("path is empty")
    return workspace, found


def _made(kind: Any, path: Any, options: Dict[str, Any], validate: bool) -> Any:
    workspace, paths = _paths(path)
    made = kind(workspace, paths, options)
    if validate and workspace is not None:
        made._record(validate=True)
    return made
