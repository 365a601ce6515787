"""A program that opens a replica, says so, and keeps it open: `python -m tests.helpers.lock_holder FOLDER`."""

import sys
from pathlib import Path

from driveflow_desktop.store.files import ReplicaFiles
from driveflow_desktop.store.open_replica import open_replica
from tests.helpers.desk import KEYS, setting_of

if __name__ == "__main__":
    replica = open_replica(ReplicaFiles(Path(sys.argv[1])), KEYS, setting_of())
    print("open", flush=True)
    if sys.stdin.readline():
        replica.close()
        print("closed", flush=True)
        sys.stdin.readline()
