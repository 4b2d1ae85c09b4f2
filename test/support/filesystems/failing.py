"""
A folder shown as the file system of a disk that fails: files whose names begin with `broken` can be read up to their
second MiB, and no further.

    failing.py FOLDER MOUNTPOINT
"""
import errno
import os
import sys

from folder import Folder
from fusepy import FUSE, FuseOSError

READABLE = 1 << 20


class Failing(Folder):
    def getattr(self, path, fh=None):
        try:
            entry = os.lstat(self.real(path))
        except OSError as error:
            raise FuseOSError(error.errno)
        names = ("st_mode", "st_uid", "st_gid", "st_size", "st_nlink", "st_mtime", "st_atime", "st_ctime")
        return {name: getattr(entry, name) for name in names}

    def read(self, path, length, offset, fh):
        if os.path.basename(path).startswith("broken") and offset + length > READABLE:
            raise FuseOSError(errno.EIO)
        return super().read(path, length, offset, fh)


FUSE(Failing(sys.argv[1]), sys.argv[2], foreground=True, nothreads=True)
