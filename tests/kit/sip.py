# SPDX-License-Identifier: MIT
"""sip: messages as Python sees them, byte for byte. A flow builds requests with it and looks at what came back."""
import hashlib
import itertools
import os
import re

COMPACT = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length", "c": "content-type",
           "s": "subject", "k": "supported", "e": "content-encoding", "r": "refer-to", "o": "event", "u": "allow-events"}
_serial = itertools.count(1)
_run = os.urandom(4).hex()


def fresh(prefix=""):
    """A token no other message of this run has: tags, branches, Call-IDs."""
    return f"{prefix}{_run}{next(_serial):x}"


def branch():
    return fresh("z9hG4bK-t")


def values(text):
    """Split one header field at its top-level commas."""
    out, start, quoted, angle = [], 0, False, False
    for i, ch in enumerate(text):
        if ch == '"' and (i == 0 or text[i - 1] != "\\"):
            quoted = not quoted
        elif not quoted and ch in "<>":
            angle = ch == "<"
        elif ch == "," and not quoted and not angle:
            out.append(text[start:i].strip())
            start = i + 1
    return out + [text[start:].strip()]


def uri_of(address):
    """The URI inside a From, Contact, Route... value."""
    found = re.search(r"<([^>]*)>", address)
    return found.group(1) if found else address.split(";")[0].strip()


def param(value, name):
    """A header parameter (after the closing bracket when there is one): its text, "" when bare, None when absent."""
    tail = value[value.rindex(">") + 1:] if ">" in value else value
    found = re.search(rf'(?i);\s*{re.escape(name)}\s*(?:=\s*("[^"]*"|[^;,\s]*))?(?=[;,\s]|$)', tail)
    return None if not found else (found.group(1) or "").strip('"')


class Msg:
    """One message: start line, header fields in order, body. `text` is what came over the wire."""

    def __init__(self, start, fields=(), body=b"", text=b""):
        self.start, self.fields, self.body, self.text = start, [tuple(f) for f in fields], body, text

    @classmethod
    def parse(cls, data):
        head, _, body = data.lstrip(b"\r\n").partition(b"\r\n\r\n")
        lines = re.sub(r"\r\n[ \t]+", " ", head.decode("utf-8", "surrogateescape")).split("\r\n")
        fields = [(n.strip(), v.strip()) for n, _, v in (line.partition(":") for line in lines[1:])]
        return cls(lines[0], fields, body, data)

    def bytes(self):
        fields = [f for f in self.fields if f[0].lower() not in ("content-length", "l")]
        fields.append(("Content-Length", str(len(self.body))))
        head = "\r\n".join([self.start] + [f"{n}: {v}" for n, v in fields])
        return head.encode("utf-8", "surrogateescape") + b"\r\n\r\n" + self.body

    @property
    def status(self):
        return int(self.start.split()[1]) if self.start.startswith("SIP/2.0 ") else 0

    @property
    def method(self):
        return "" if self.status else self.start.split()[0]

    @property
    def uri(self):
        return self.start.split()[1]

    def all(self, name):
        """Every value of a header, comma lists split."""
        name = name.lower()
        found = [v for n, v in self.fields if COMPACT.get(n.lower(), n.lower()) == name]
        return [x for v in found for x in (values(v) if name not in ("date", "subject", "www-authenticate",
                                           "proxy-authenticate", "authorization", "proxy-authorization") else [v])]

    def get(self, name):
        found = self.all(name)
        return found[0] if found else ""

    @property
    def cseq(self):
        number, method = self.get("cseq").split()
        return int(number), method

    def __repr__(self):
        return f"<{self.start}>"


def cut(stream):
    """The whole messages at the beginning of a stream, and what is left of it (RFC 3261 18.3)."""
    out = []
    while b"\r\n\r\n" in stream.lstrip(b"\r\n"):
        stream = stream.lstrip(b"\r\n")
        head, _, rest = stream.partition(b"\r\n\r\n")
        length = int(Msg.parse(head + b"\r\n\r\n").get("content-length") or 0)
        if len(rest) < length:
            break
        out.append(Msg.parse(head + b"\r\n\r\n" + rest[:length]))
        stream = rest[length:]
    return out, stream


def reply(request, status, reason="", tag=None, fields=(), body=b""):
    """The response a user agent makes to a request (RFC 3261 8.2.6)."""
    out = [("Via", v) for v in request.all("via")] + [("Record-Route", v) for v in request.all("record-route")]
    to = request.get("to")
    if tag and param(to, "tag") is None:
        to += f";tag={tag}"
    out += [("From", request.get("from")), ("To", to), ("Call-ID", request.get("call-id")), ("CSeq", request.get("cseq"))]
    return Msg(f"SIP/2.0 {status} {reason or 'Because'}", out + list(fields), body)


def challenge(value):
    """The parameters of a Digest challenge, names in lower case."""
    return {k.lower(): v.strip('"') for k, v in re.findall(r'(\w+)\s*=\s*("[^"]*"|[^\s,]+)', value)}


HASHES = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}


def digest(algorithm, text):
    return hashlib.new(HASHES[algorithm], text.encode()).hexdigest()


def credentials(challenges, method, uri, user, password, algorithm=None, count=1):
    """The Authorization value for one of these challenges: the first this side knows, or the algorithm asked for.
    count: how often its nonce has been used with this (RFC 7616 3.4)."""
    offered = [challenge(c) for c in challenges]
    mine = [c for c in offered if c.get("algorithm", "MD5") in ([algorithm] if algorithm else HASHES)]
    if not mine:
        raise AssertionError(f"no usable challenge among {challenges}")
    c, cnonce = mine[0], fresh("c")
    a = c.get("algorithm", "MD5")
    ha1 = digest(a, f"{user}:{c['realm']}:{password}")
    ha2 = digest(a, f"{method}:{uri}")
    response = digest(a, f"{ha1}:{c['nonce']}:{count:08x}:{cnonce}:auth:{ha2}")
    opaque = f', opaque="{c["opaque"]}"' if "opaque" in c else ""
    return (f'Digest username="{user}", realm="{c["realm"]}", nonce="{c["nonce"]}", uri="{uri}", response="{response}", '
            f'algorithm={a}, cnonce="{cnonce}", qop=auth, nc={count:08x}{opaque}')


def sdp(host="127.0.0.1", port=40000):
    return (f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n").encode()
