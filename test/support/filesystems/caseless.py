"""
A folder shown as a share that knows no case and no owners: everything is root's, 777, whatever is asked for. It has no
links and no attributes either.

    caseless.py FOLDER MOUNTPOINT [BYTES]    takes names of so many bytes at most
"""
import errno
import os
import stat
import sys

from folder import Folder
from fusepy import FUSE, FuseOSError


class Caseless(Folder):
    def __init__(self, root, longest):
        super().__init__(root)
        self.longest = longest

    def real(self, path):
        """The entry that is meant, by whatever case it was made with; the path as it is where there is none."""
        found = self.root
        for part in (name for name in path.split("/") if name):
            if len(os.fsencode(part)) > self.longest:
                raise FuseOSError(errno.ENAMETOOLONG)
            try:
                names = os.listdir(found)
            except OSError:
                names = []
            found = os.path.join(found, next((name for name in names if name.lower() == part.lower()), part))
        return found

    def getattr(self, path, fh=None):
        try:
            entry = os.lstat(self.real(path))
        except OSError as error:
            raise FuseOSError(error.errno)
        return {
            "st_mode": stat.S_IFMT(entry.st_mode) | 0o777,
            "st_uid": 0,
            "st_gid": 0,
            "st_size": entry.st_size,
            "st_nlink": entry.st_nlink,
            "st_mtime": entry.st_mtime_ns // 10**9,
            "st_atime": entry.st_atime_ns // 10**9,
            "st_ctime": entry.st_ctime_ns // 10**9,
        }

    def chmod(self, path, mode):
        return 0

    def chown(self, path, uid, gid):
        return 0

    def utimens(self, path, times=None):
        os.utime(self.real(path), times)

    def mkdir(self, path, mode):
        os.mkdir(self.real(path))

    def rmdir(self, path):
        os.rmdir(self.real(path))

    def unlink(self, path):
        os.unlink(self.real(path))

    def rename(self, old, new):
        source, target = self.real(old), self.real(new)
        # A change of case alone is one.
        os.rename(source, os.path.join(os.path.dirname(target), os.path.basename(new)) if source == target else target)

    def symlink(self, name, target):
        raise FuseOSError(errno.EPERM)

    def link(self, name, target):
        raise FuseOSError(errno.EPERM)

    def create(self, path, mode, fi=None):
        return os.open(self.real(path), os.O_RDWR | os.O_CREAT)

    def write(self, path, data, offset, fh):
        return os.pwrite(fh, data, offset)

    def truncate(self, path, length, fh=None):
        os.truncate(self.real(path), length)


FUSE(Caseless(sys.argv[1], int(sys.argv[3]) if len(sys.argv) > 3 else 255), sys.argv[2], foreground=True, nothreads=True)
