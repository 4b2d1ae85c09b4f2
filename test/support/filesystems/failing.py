"""
A folder shown as the file system of a disk that fails: files whose names begin with `broken` can be read up to their
second MiB, and no further.

    failing.py FOLDER MOUNTPOINT
"""
import errno
import os
import sys

from fusepy import FUSE, FuseOSError, Operations

READABLE = 1 << 20


class Failing(Operations):
    def __init__(self, root):
        self.root = root

    def real(self, path):
        return os.path.join(self.root, path.lstrip("/"))

    def getattr(self, path, fh=None):
        try:
            entry = os.lstat(self.real(path))
        except OSError as error:
            raise FuseOSError(error.errno)
        names = ("st_mode", "st_uid", "st_gid", "st_size", "st_nlink", "st_mtime", "st_atime", "st_ctime")
        return {name: getattr(entry, name) for name in names}

    def readdir(self, path, fh):
        return [".", "..", *os.listdir(self.real(path))]

    def statfs(self, path):
        figures = os.statvfs(self.real(path))
        names = ("f_bsize", "f_frsize", "f_blocks", "f_bfree", "f_bavail", "f_files", "f_ffree", "f_favail", "f_namemax")
        return {name: getattr(figures, name) for name in names}

    def open(self, path, flags):
        return os.open(self.real(path), os.O_RDONLY)

    def read(self, path, length, offset, fh):
        if os.path.basename(path).startswith("broken") and offset + length > READABLE:
            raise FuseOSError(errno.EIO)
        return os.pread(fh, length, offset)

    def release(self, path, fh):
        os.close(fh)


FUSE(Failing(sys.argv[1]), sys.argv[2], foreground=True, nothreads=True)
