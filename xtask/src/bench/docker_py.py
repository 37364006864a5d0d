"""The archive that docker-py sends for a directory, on stdout: the directory, then whether it is compressed."""

import shutil
import sys

from docker.utils.build import tar

with tar(sys.argv[1], gzip=sys.argv[2] == "gzip") as archive:
    shutil.copyfileobj(archive, sys.stdout.buffer, 1 << 20)
