"""Runs an emulator's console script, and ends it with everything that it started once standard input closes.

The lab holds the other end of that pipe: however the lab ends, interrupted or killed, nothing of it is left behind.
"""

import os
import runpy
import signal
import sys
import threading


def end_with_the_lab() -> None:
    while sys.stdin.buffer.read(1024):
        pass
    os.killpg(0, signal.SIGKILL)


threading.Thread(target=end_with_the_lab, daemon=True).start()
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
