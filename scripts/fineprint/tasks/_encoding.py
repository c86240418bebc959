"""A file's bytes and its text: compressed as its name says, encoded as its first bytes say or as declared."""

from __future__ import annotations

import codecs
import gzip
import zlib
from pathlib import Path

from fineprint.core.settings import SettingsError

# Longest first: UTF-32's mark begins with that of UTF-16.
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What a file is whose name says something else.
FOREIGN_STARTS = (
    (b"version https://git-lfs", "is a Git LFS pointer, not the data: run `git lfs pull`"),
    (b"\x1f\x8b", "is compressed with gzip: let its name end in .gz"),
    (b"PK\x03\x04", "is a ZIP archive, perhaps a spreadsheet: unpack it or export it as CSV"),
    (b"PAR1", "is a Parquet file: let its name end in .parquet"),
)


def is_compressed(path: Path) -> bool:
    """Return whether a file's name says that it is compressed with gzip."""
    return path.suffix.lower() == ".gz"


def read_bytes(path: Path) -> bytes:
    """Return a file's content, unpacked where its name ends in .gz.

    Raises:
        SettingsError: there is no such file, it is empty, or it is cut short.
    """
    if not path.exists():
        raise SettingsError(f"file {path} does not exist; paths are relative to where snakemake is started")
    if not path.is_file():
        raise SettingsError(f"{path} is a folder; expected a file")
    try:
        data = gzip.decompress(path.read_bytes()) if is_compressed(path) else path.read_bytes()
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise SettingsError(f"file {path} cannot be unpacked as gzip: {error}") from error
    except OSError as error:
        raise SettingsError(f"file {path} cannot be read: {error.strerror}") from error
    if not data:
        raise SettingsError(f"file {path} is empty")
    return data


def read_text_file(path: Path, encoding: str | None) -> str:
    """Return a file's text, without a byte order mark.

    Args:
        path: of the file.
        encoding: as declared; None stands for UTF-8, or what the byte order mark says.

    Raises:
        SettingsError: the bytes are not text in this encoding.
    """
    data = read_bytes(path)
    for start, what in FOREIGN_STARTS:
        if data.startswith(start):
            raise SettingsError(f"file {path} {what}")
    marked = next((name for mark, name in BYTE_ORDER_MARKS if data.startswith(mark)), None)
    if encoding and not marked:
        _refuse_declared_wrong(path, data, encoding)
    text = _decode(path, data, marked or encoding or "utf-8", is_declared=bool(encoding))
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise SettingsError(
            f"{path}, line {line}: a NUL character, which no text has; if the file is UTF-16 without a byte order "
            "mark, set encoding: utf-16-le"
        )
    return text


def _decode(path: Path, data: bytes, encoding: str, is_declared: bool) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        cure = (
            "set the encoding that it has" if is_declared else "save it as UTF-8, or set encoding: cp1252, or another"
        )
        raise SettingsError(
            f"{path}, line {line}: byte {error.start} (0x{data[error.start]:02x}) is not {encoding.upper()}; {cure}"
        ) from error


def _refuse_declared_wrong(path: Path, data: bytes, encoding: str) -> None:
    """Refuse another encoding for a file that is UTF-8: every byte is a character in Latin-1, so nothing would fail."""
    if data.isascii() or codecs.lookup(encoding).name.startswith(("utf", "ascii")):
        return
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return
    raise SettingsError(f"file {path} is UTF-8, not {encoding}; leave `encoding` out")
