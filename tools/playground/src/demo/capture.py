"""Captures the packets of all links of a network namespace until its standard input ends, then prints as JSON: how many packets, how
many were lost because they came too fast, how many bytes of TCP content went from which address to which, and how many packets contained
each of the texts given as arguments."""
import json
import select
import socket
import struct
import sys

ETH_P_ALL = 3
needles = [text.encode() for text in sys.argv[1:]]
capture = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
room = 16 * 1024 * 1024
try:
    capture.setsockopt(socket.SOL_SOCKET, 33, room)  # SO_RCVBUFFORCE
except PermissionError:
    # Only root may have more than the machine's limit (net.core.rmem_max), which then is what we get.
    capture.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
capture.setblocking(False)
packets = 0
flows = {}
found = {needle.decode(): 0 for needle in needles}


def take(packet):
    global packets
    packets += 1
    for needle in needles:
        if needle in packet:
            found[needle.decode()] += 1
    if len(packet) < 34 or packet[12:14] != b"\x08\x00" or packet[23] != 6:
        return
    ip_header = (packet[14] & 15) * 4
    total = struct.unpack("!H", packet[16:18])[0]
    tcp_at = 14 + ip_header
    if len(packet) < tcp_at + 20:
        return
    content = total - ip_header - (packet[tcp_at + 12] >> 4) * 4
    key = f"{socket.inet_ntoa(packet[26:30])}>{socket.inet_ntoa(packet[30:34])}"
    flows[key] = flows.get(key, 0) + max(0, content)


print("ready", flush=True)
ended = False
while not ended:
    readable, _, _ = select.select([capture, sys.stdin], [], [])
    ended = sys.stdin in readable
    while True:
        try:
            take(capture.recv(65535))
        except BlockingIOError:
            break
# SOL_PACKET, PACKET_STATISTICS
lost = struct.unpack("II", capture.getsockopt(263, 6, 8))[1]
print(json.dumps({"packets": packets, "lost": lost, "flows": flows, "found": found}), flush=True)
