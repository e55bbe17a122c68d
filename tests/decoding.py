"""What decoding a picture takes."""

import subprocess
import sys


def memory(data: bytes) -> int:
    """Bytes that decoding takes at its peak, in a process of its own."""
    # Of this memory alone: `ru_maxrss` of a process that pytest starts is pytest's own.
    code = (
        "import sys; from service.pictures.images import decode; data = sys.stdin.buffer.read()\n"
        "def peak():\n"
        "    status = open('/proc/self/status').read()\n"
        "    return int(status.partition('VmHWM:')[2].split()[0])\n"
        "before = peak(); decode(data, 500); print(peak() - before)"
    )
    done = subprocess.run([sys.executable, "-c", code], input=data, capture_output=True, check=True)
    return 1024 * int(done.stdout)
