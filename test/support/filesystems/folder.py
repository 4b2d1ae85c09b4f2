"""A folder of this machine, shown as it is: what the file systems of tests have in common."""
import os

from fusepy import Operations


class Folder(Operations):
    def __init__(self, root):
        self.root = root

    def real(self, path):
        """Where an entry really is."""
        return os.path.join(self.root, path.lstrip("/"))

    def readdir(self, path, fh):
        return [".", "..", *os.listdir(self.real(path))]

    def statfs(self, path):
        figures = os.statvfs(self.real(path))
        names = ("f_bsize", "f_frsize", "f_blocks", "f_bfree", "f_bavail", "f_files", "f_ffree", "f_favail", "f_namemax")
        return {name: getattr(figures, name) for name in names}

    def open(self, path, flags):
        return os.open(self.real(path), flags & ~os.O_EXCL & ~os.O_CREAT)

    def read(self, path, length, offset, fh):
        return os.pread(fh, length, offset)

    def release(self, path, fh):
        os.close(fh)
