"""The client of examples/clients/python against a real node: python_client_test.py OUTSIZED PLUGINS CLIENTS WORK.

Starts a cluster of one node in WORK (emptied first) on a port the kernel picks, and ends it.
"""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading
import time
import unittest

PROGRAM, PLUGINS, CLIENTS, WORK = (pathlib.Path(argument).resolve() for argument in sys.argv[1:5])
sys.path.insert(0, str(CLIENTS))
sys.dont_write_bytecode = True  # the sources are not ours to write beside

import messagepack as mp
import outsize
import xxh3

CONFIG = f"""
[cluster]
name = "python"
replication = 1
[node]
name = "n1"
roles = ["sequencer", "log-server"]
data-dir = "data"
message-limit = "1MiB"
[log-server]
memory-budget = "16MiB"
[plugins]
search-path = ["{PLUGINS}"]
[[transport]]
plugin = "tcp"
listen = "tcp://127.0.0.1:0"
[[transport]]
plugin = "inmemory"
[[peer]]
name = "n1"
address = "inmemory://n1"
[metadata]
kind = "embedded"
node = "n1"
[[log]]
name = "orders"
sequencer = "n1"
nodeset = ["n1"]
"""


class Node:
    def __init__(self):
        shutil.rmtree(WORK, ignore_errors=True)
        WORK.mkdir(parents=True)
        (WORK / "n1.toml").write_text(CONFIG)
        self._log = open(WORK / "n1.log", "wb")
        self._process = subprocess.Popen(
            [PROGRAM, "--config", WORK / "n1.toml"], stdout=subprocess.PIPE, stderr=self._log, text=True
        )
        # A node that neither gets ready nor ends would hang the test: it is ended, and the line below is empty.
        watch = threading.Timer(60, self._process.kill)
        watch.start()
        ready = self._process.stdout.readline()
        watch.cancel()
        if not ready.startswith("ready "):
            self.stop()
            raise RuntimeError(f"the node did not start:\n{(WORK / 'n1.log').read_text()}")
        address = next(word for word in ready.replace(",", " ").replace("=", " ").split() if word.startswith("tcp://"))
        self.host, port = address.removeprefix("tcp://").rsplit(":", 1)
        self.port = int(port)
        self.await_log()

    def await_log(self):
        """The node makes the log after it is ready; until its sequencer is open, appends are refused in words."""
        give_up_at = time.monotonic() + 60
        with outsize.Client(self.host, self.port) as client:
            while True:
                try:
                    client.append("orders", b"first")
                    return
                except outsize.Refused as refused:
                    if refused.retry == "never" or time.monotonic() > give_up_at:
                        self.stop()
                        raise
                    time.sleep(0.02)

    def stop(self):
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._log.close()


class PythonClient(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = Node()
        cls.addClassCleanup(cls.node.stop)

    def connect(self):
        client = outsize.Client(self.node.host, self.node.port)
        self.addCleanup(client.close)
        return client

    def test_welcome_says_who_answers(self):
        client = self.connect()
        self.assertEqual((client.node, client.cluster_name, client.limit_bytes), ("n1", "python", 1 << 20))

    def test_a_record_is_read_back_with_key_and_headers(self):
        client = self.connect()
        offset = client.append("orders", b"hello", key=b"k", headers=[("a", b"\x00\xff"), ("b", b"")])
        records, following = client.read("orders", offset, offset)
        self.assertEqual([(one.offset, one.payload, one.key) for one in records], [(offset, b"hello", b"k")])
        self.assertEqual(records[0].headers, [("a", b"\x00\xff"), ("b", b"")])
        self.assertEqual(following, offset + 1)

    def test_records_of_all_sizes_are_read_back_whole(self):
        # Lengths at which heads and digests change their form.
        client = self.connect()
        sizes = [0, 1, 3, 4, 8, 9, 16, 17, 128, 129, 240, 241, 255, 256, 1023, 1024, 1025, 65535, 65536, 300_000]
        payloads = [os.urandom(size) for size in sizes]
        offsets = [client.append("orders", payload) for payload in payloads]
        self.assertEqual(offsets, sorted(set(offsets)))
        found, at = [], offsets[0]
        while at <= offsets[-1]:
            records, at = client.read("orders", at, offsets[-1])
            found += [record.payload for record in records]
        self.assertEqual(found, payloads)

    def test_a_sequence_sent_again_keeps_its_offset(self):
        client = self.connect()
        first = client.append("orders", b"one", producer=("billing", 1, 1, 0))
        self.assertEqual(client.append("orders", b"one", producer=("billing", 1, 1, 0)), first)
        self.assertGreater(client.append("orders", b"two", producer=("billing", 1, 2, 1)), first)
        with self.assertRaises(outsize.Refused) as refused:
            client.append("orders", b"nine", producer=("billing", 1, 9, 8))
        self.assertEqual(refused.exception.code, 28)  # sequence_out_of_order

    def test_the_largest_record_fits_and_one_byte_more_is_refused(self):
        client = self.connect()
        most = (1 << 20) - 347 - 1  # section 8.1, and the record header's one byte
        payload = bytes(most + 1)
        offset = client.append("orders", payload[:most])
        self.assertEqual(len(client.read("orders", offset, offset)[0][0].payload), most)
        with self.assertRaises(outsize.Refused) as refused:
            client.append("orders", payload)
        self.assertEqual(refused.exception.code, 4)  # too_large
        self.assertEqual(refused.exception.actual_bytes, refused.exception.limit_bytes + 1)
        self.assertEqual(refused.exception.retry, "never")
        self.assertGreater(client.append("orders", b"small"), offset)

    def test_a_payload_in_pieces_is_that_of_a_large_record_only(self):
        client = self.connect()
        offset = client.append("orders", b"small")
        for wrong, code in ((offset, 2), (offset + 1_000_000, 12)):  # invalid_argument, not_found
            with self.assertRaises(outsize.Refused) as refused:
                client.read_payload("orders", wrong, 0)
            self.assertEqual(refused.exception.code, code)

    def test_an_unknown_log_is_refused_and_the_link_stays_up(self):
        client = self.connect()
        for ask in (lambda: client.append("nothing", b"x"), lambda: client.read("nothing", 1)):
            with self.assertRaises(outsize.Refused) as refused:
                ask()
            self.assertEqual((refused.exception.code, refused.exception.retry), (13, "after-change"))
        client.append("orders", b"x")

    def test_an_unknown_kind_and_an_unknown_field_are_not_held_against_the_client(self):
        client = self.connect()
        with self.assertRaises(outsize.Refused) as refused:
            client._ask(999, mp.fields({}))
        self.assertEqual(refused.exception.code, 3)  # unsupported
        find_tail, later = 20, mp.array([mp.text("from the future")])
        answer, _ = client._ask(find_tail, mp.fields({1: mp.text("orders"), 2: mp.u8(0), 15: later}))
        self.assertEqual(answer[3], "n1")

    def test_an_idle_client_that_answers_pings_is_kept(self):
        client = self.connect()
        offset = client.append("orders", b"before")
        records, following = client.read("orders", offset + 1, wait_ms=7000)  # longer than a silent link lives
        self.assertEqual((records, following), ([], offset + 1))

    def test_the_program_appends_files_and_reads_them_back(self):
        ran = subprocess.run(
            [sys.executable, "-B", CLIENTS / "append_and_read.py", f"tcp://{self.node.host}:{self.node.port}", "orders"]
            + [CLIENTS / "outsize.py", CLIENTS / "xxh3.py"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        self.assertEqual((ran.returncode, ran.stderr), (0, ""))
        self.assertEqual(ran.stdout.count("read back whole"), 2)


class LargeRecords(unittest.TestCase):
    """Entries of large records, as a node sends them."""

    def entry(self, kind, said, header):
        body = header + mp.fields(said)
        entry = {"offset": 9, "kind": kind, "record_header_bytes": len(header), "content": xxh3.digest(body)}
        return outsize.Client._record(entry, body)

    def test_the_payload_of_a_split_or_spilled_record_is_put_together_and_verified(self):
        payload, header = os.urandom(5000), outsize.record_header(key=b"k")
        content = mp.data(xxh3.digest(header + payload))
        numbers = {1: mp.u64(1), 2: mp.u64(5), 3: mp.u32(5), 4: mp.u64(1000), 5: mp.u64(5000), 6: content}
        names = {1: mp.text("archive"), 2: mp.text("1/0/1"), 3: mp.u64(5000), 4: content, 5: mp.u64(1000), 6: content}
        asked = []

        class Scripted(outsize.Client):
            def __init__(self):
                pass

            def _ask(self, kind, body, *_):
                question = mp.decode(body)
                asked.append((kind, question[1], question[2]))
                return {1: question[3], 2: 5000}, payload[question[3] :][:1300]

        for kind, said in ((outsize.ENTRY_COMMIT, numbers), (outsize.ENTRY_REFERENCE, names)):
            record = self.entry(kind, said, header)
            self.assertEqual((record.offset, record.payload, record.key), (9, None, b"k"))
            self.assertEqual(Scripted().payload_of("orders", record), payload)
            record.large["record_header"] += b"x"
            with self.assertRaises(outsize.ProtocolError):
                Scripted().payload_of("orders", record)
        self.assertEqual(set(asked), {(outsize.READ_PAYLOAD, "orders", 9)})

    def test_fragments_and_what_else_is_no_record_are_passed_over(self):
        for kind in (2, 5, 6):
            self.assertIsNone(self.entry(kind, {}, b""))


class Vectors(unittest.TestCase):
    """What the client writes is what the vectors say."""

    def bytes_of(self, name):
        text = (CLIENTS / "../../../docs/vectors" / f"{name}.hex").read_text()
        return bytes.fromhex("".join(line.split("#")[0] for line in text.splitlines()))

    def test_hello_as_in_the_worked_example(self):
        sent = outsize.frame(outsize.envelope(outsize.HELLO, 0, outsize.hello("tour")))
        limit = mp.u64(outsize.MESSAGE_LIMIT)
        self.assertEqual(sent.replace(limit, mp.u64(32 << 20)), self.bytes_of("example-1-hello"))

    def test_record_header(self):
        made = outsize.record_header(
            ("billing", 2, 41, 40), b"customer-17", [("type", b"invoice"), ("trace", b"\x00\xff")]
        )
        self.assertEqual(made, self.bytes_of("record_header"))

    def test_entry_header_and_its_checksum(self):
        entry = outsize.entry_header(self.bytes_of("entry_header"))
        self.assertEqual((entry["segment"], entry["offset"], entry["kind"]), ([3, 2], 4129, 2))
        self.assertEqual(entry["content"], xxh3.digest(self.bytes_of("record")))
        with self.assertRaises(outsize.ProtocolError):
            outsize.entry_header(self.bytes_of("entry_header")[:-1] + b"\x00")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
