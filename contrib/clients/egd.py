#!/usr/bin/env python3
"""egd.py PATH N: N random bytes from an EGD socket."""
import socket
import sys


def random_bytes(path, n):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(path)
        out = b""
        while len(out) < n:
            want = min(n - len(out), 255)
            s.sendall(bytes([2, want]))  # 2: wait until there are as many
            while want:
                got = s.recv(want)
                if not got:
                    raise EOFError(path + ": closed")
                out, want = out + got, want - len(got)
        return out


if __name__ == "__main__":
    sys.stdout.buffer.write(random_bytes(sys.argv[1], int(sys.argv[2])))
