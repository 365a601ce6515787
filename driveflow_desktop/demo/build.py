"""Making a demo school in a folder: an encrypted replica, whose key is public, that any program here can open."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Final
from uuid import UUID

from driveflow_desktop.demo.compose import compose
from driveflow_desktop.demo.founding import Office, found_school
from driveflow_desktop.demo.history import History
from driveflow_desktop.demo.scale import SCALES, DemoSize
from driveflow_desktop.domain.hard_rules import hard_rules
from driveflow_desktop.domain.tables import METADATA
from driveflow_desktop.kernel.clock import FixedClock
from driveflow_desktop.kernel.ids import IdSource
from driveflow_desktop.kernel.time import from_micros
from driveflow_desktop.store.cipher import DemoKeys
from driveflow_desktop.store.files import ReplicaFiles
from driveflow_desktop.store.open_replica import Setting, create_replica
from driveflow_desktop.store.state import device_id
