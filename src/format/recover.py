#!/usr/bin/env python3
"""Gives the bytes of a file that varve backed up, without varve: with gpg, zstd and Python alone.

    recover.py REPOSITORY PATH > FILE      PATH as in the newest snapshot that has it, from its source on

gpg has to hold the private key, and the repository to be for keys that gpg made (packets of version 1).
Checked are what gpg checks, the hashes of key messages and segments, and the file's SHA-1; not the signatures:
README.md beside this file has a command for these, and says what all of it means.
"""
import base64, functools, glob, hashlib, itertools, json, os, subprocess, sys
ROOT, WANTED = sys.argv[1], [os.fsencode(part) for part in sys.argv[2].split("/") if part]
def read(name, offset=0, size=-1):
    with open(os.path.join(ROOT, name), "rb") as file: return file.seek(offset) and b"" or file.read(size)
def names(pattern): return sorted(os.path.relpath(path, ROOT) for path in glob.glob(os.path.join(ROOT, pattern)))
def lines(data): return [json.loads(line) for line in data.splitlines()]
def tool(data, *command, **more): return subprocess.run(command, input=data, stdout=-1, check=True, **more).stdout
def zstd(data): return tool(data, "zstd", "-dcq")
def message(name): return lines(tool(read(name), "gpg", "--batch", "--quiet", "--decrypt"))
def unseal(key, packet):
    """Opens a packet under a session key, which gpg reads from a pipe; and prints, so nobody sees what it says."""
    readable, writable = os.pipe()
    os.write(writable, key.encode()), os.close(writable)
    gpg = ["gpg", "--batch", "--override-session-key-fd", str(readable), "--decrypt"]
    try: return tool(packet, *gpg, pass_fds=[readable], stderr=subprocess.DEVNULL)
    finally: os.close(readable)

settings = lines(read(names("settings/*")[-1]))[0]
SEGMENT = settings["sizes"]["segment"]
keys, *resealed = message(settings["keys"][-1]["object"])
index_key = next(key["key"] for key in keys["index"] if key["packets"] == 1)
ends = [end for end in (lines(read(name))[0] for name in names("runs/*/*/end")) if end["verdict"] == "snapshot"]
hashes = {run["run"]: run["key"] for end in ends for run in [*end["adopts"], end]}
known = {session["run"]: session["key"] for session in resealed}
def session_key(run):
    if run not in known:
        assert hashlib.sha256(read(f"runs/{run}/key.pgp")).hexdigest() == hashes[run], f"runs/{run}/key.pgp"
        known[run] = message(f"runs/{run}/key.pgp")[0]["key"]
    return known[run]

places, segments = {}, {}
for name in names("index/*/*/*"):
    try: header, *rest = lines(zstd(unseal(index_key, read(name))))
    except subprocess.CalledProcessError: continue  # damaged, or of before gpg's keys came
    for line in rest if header["holds"] == "places" else []:
        if "pack" in line: pack, offset = line["pack"], 0
        for first, size, hashed in line.get("segments", []):
            hashed = base64.b64decode(hashed)
            for at in range(len(hashed) // 16):
                segments[line["run"], line["tape"], first + at] = pack, offset, size, hashed[16 * at:][:16]
                offset += size
        for start, length, chunks in line.get("frames", []):
            for at, (id, size) in enumerate(chunks):
                places[id] = line["run"], line["tape"], start, length, sum(size for _, size in chunks[:at]), size
@functools.lru_cache(256)
def segment(run, tape, number):
    pack, offset, size, hashed = segments[run, tape, number]
    assert hashlib.sha256(read(pack, offset, size)).digest()[:16] == hashed, f"{pack}, segment {number}"
    return unseal(session_key(run), read(pack, offset, size))
def chunk(id):
    run, tape, start, length, within, size = places[id]
    first, last = start // SEGMENT, (start + length - 1) // SEGMENT
    joined = b"".join(segment(run, tape, number) for number in range(first, last + 1))
    return zstd(joined[start % SEGMENT:][:length])[within:within + size]
def content(entry):
    """Yields an entry's chunks; `depth` levels of lists lead to them."""
    ids = [id for id, _ in entry["content"]["chunks"]]
    for _ in range(entry["content"].get("depth", 0)): ids = [line["id"] for line in lines(b"".join(map(chunk, ids)))]
    return map(chunk, ids)
def whole(entry):
    """Yields the bytes of a file: its content, and zeros where it has holes."""
    at, holes = 0, entry.get("holes", [])[::-1]
    for piece in itertools.chain(content(entry), [b""]):
        while holes and holes[-1][0] <= at + len(piece):
            start, length = holes.pop()
            yield piece[:start - at]
            yield from (bytes(min(rest, 2**20)) for rest in range(length, 0, -2**20))
            piece, at = piece[start - at:], start + length
        yield piece
        at += len(piece)
def find(entry, path):
    if not path or entry is None or entry["type"] != "directory": return None if path else entry
    for one in lines(b"".join(content(entry))):
        if path[0] in (one.get("name", "").encode(), base64.b64decode(one.get("nameBytes", ""))): return find(one, path[1:])

for end in sorted(ends, key=lambda end: end["run"].split("/")[1], reverse=True):
    file = find(lines(zstd(unseal(session_key(end["run"]), base64.b64decode(end["manifest"]))))[0]["root"], WANTED)
    if file is None or file["type"] != "file": continue
    sha1 = hashlib.sha1()
    for piece in whole(file): sha1.update(piece), sys.stdout.buffer.write(piece)
    sys.exit(0 if file.get("digest") in (None, "sha1:" + sha1.hexdigest()) else "the file is not what it was")
sys.exit("no snapshot has this file")
