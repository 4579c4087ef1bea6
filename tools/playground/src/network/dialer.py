"""Opens TCP connections inside other processes' network namespaces, for a program that cannot change its own (Node.js).

Listens on the unix socket dial.sock in the working directory. A client sends one line, "PID HOST PORT", gets "ok" or
"error REASON" as a line, and after "ok" the socket is the connection. A socket belongs to the namespace in which it was made,
and setns() changes only the calling thread: one thread per connection.
"""
import ctypes
import errno
import os
import socket
import threading

CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


def dial(pid, host, port):
    with open(f"/proc/{pid}/ns/net") as namespace:
        if libc.setns(namespace.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
    return socket.create_connection((host, port), timeout=10)


def copy(source, target):
    try:
        while True:
            data = source.recv(65536)
            if not data:
                break
            target.sendall(data)
    except OSError:
        pass
    finally:
        try:
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def serve(client):
    with client:
        # Byte by byte: what follows the line belongs to the connection.
        line = b""
        while not line.endswith(b"\n"):
            byte = client.recv(1)
            if not byte or len(line) > 300:
                return
            line += byte
        try:
            pid, host, port = line.decode().split()
            server = dial(int(pid), host, int(port))
        except (OSError, ValueError) as error:
            reason = errno.errorcode.get(getattr(error, "errno", None) or 0, "ETIMEDOUT")
            client.sendall(f"error {reason}\n".encode())
            return
        with server:
            server.settimeout(None)
            server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.sendall(b"ok\n")
            back = threading.Thread(target=copy, args=(server, client), daemon=True)
            back.start()
            copy(client, server)
            back.join()


def run(client):
    try:
        serve(client)
    except OSError:
        pass


def main():
    threading.stack_size(256 * 1024)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind("dial.sock")
    os.chmod("dial.sock", 0o600)
    listener.listen(128)
    print("ready", flush=True)
    while True:
        client, _ = listener.accept()
        threading.Thread(target=run, args=(client,), daemon=True).start()


main()
